"""The passes of a step: compiled loops against PyTorch's operations, and both against autograd and the paper's page."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from estitchup import passes
from estitchup.augment import mixup, soft_cross_entropy, stitchup
from estitchup.draws import random_bytes
from estitchup.recipe import Mix

RUNS, ROWS, WIDTH, CLASSES, OUTPUTS = 3, 9, 21, 6, 8
DTYPES = [torch.float32, torch.float64]


@pytest.fixture(params=[True, False], ids=["loops", "operations"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "in_loops", lambda _: request.param)


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_the_gradient_of_the_loss_is_autograds(dtype: torch.dtype, scale: float) -> None:
    generator = torch.Generator().manual_seed(5)
    logits = (scale * random(RUNS, ROWS, OUTPUTS, dtype=dtype)).requires_grad_()
    allowed = (torch.arange(OUTPUTS) < torch.tensor([CLASSES, CLASSES, 4])[:, None]).to(dtype)
    targets = torch.randint(4, (2, RUNS, ROWS), generator=generator)
    targets[:, :, 0] = 2  # a row whose two classes are the same
    share, epsilon, weight = torch.rand(3, RUNS, ROWS, dtype=torch.float64, generator=generator).to(dtype)
    weight[:, -1] = 0  # a row that fills up a short batch
    loss = weight * soft_cross_entropy(logits, *targets, share, epsilon, allowed.unsqueeze(1))
    (expected,) = torch.autograd.grad(loss.sum(), logits)
    parts = torch.stack([(1 - epsilon) * share, (1 - epsilon) * (1 - share), epsilon]) * weight
    overwritten = logits.detach().clone()
    value = torch.ones(RUNS, dtype=dtype)
    passes.loss_gradient_(overwritten, targets, parts, allowed, value)
    torch.testing.assert_close(value, 1 + loss.detach().sum(-1))
    torch.testing.assert_close(overwritten, expected)
    assert bool((overwritten * (1 - allowed).unsqueeze(1) == 0).all())
    assert bool((overwritten[:, -1] == 0).all())


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mix", list(Mix))
def test_mixed_rows_are_those_of_the_papers_page(mix: Mix, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(1)
    embeddings = random(40, WIDTH, dtype=dtype)
    first, second = torch.randint(40, (2, RUNS, ROWS), generator=generator)
    share = torch.rand(RUNS, ROWS, generator=generator).to(dtype)
    share[:, 0], share[:, 1] = 1, 0
    streams = torch.tensor([7, -(2**40), 2**62 + 1])
    noise = random_bytes(streams, ROWS, WIDTH)
    x, other = embeddings[first], embeddings[second]
    expected = {Mix.NONE: x, Mix.MIXUP: mixup(x, other, share), Mix.STITCHUP: stitchup(x, other, share, noise)}[mix]
    out = torch.empty(RUNS, ROWS, WIDTH, dtype=dtype)
    passes.mixed_rows(embeddings, first, second, mix, share, streams, out)
    if mix is Mix.MIXUP:
        torch.testing.assert_close(out, expected)
    else:
        assert torch.equal(out, expected)
    assert torch.equal(out[:, 0], x[:, 0])
    assert torch.equal(out[:, 1], x[:, 1] if mix is Mix.NONE else other[:, 1])


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("runs", [1, RUNS])
@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_forwards_and_backwards_are_autograds(dtype: torch.dtype, runs: int) -> None:
    numbers = random(runs, 3 * WIDTH, seed=2, dtype=dtype)
    bias = numbers[:, WIDTH : 2 * WIDTH]  # a part of longer rows, as in a stack
    x, slope = (random(runs, ROWS, WIDTH, seed=seed, dtype=dtype) for seed in (3, 4))
    x[0, 0] = -bias[0]  # exactly 0
    leaves = x.clone().requires_grad_(), bias.clone().requires_grad_()
    expected = torch.relu(leaves[0] + leaves[1].unsqueeze(1))
    by_x, by_bias = torch.autograd.grad((expected * slope).sum(), leaves)
    output = passes.add_relu_(x, bias)
    assert torch.equal(output, expected.detach())
    passes.relu_backward_(slope, output, bias)
    assert torch.equal(slope, by_x)
    torch.testing.assert_close(bias, by_bias)


@pytest.mark.usefixtures("_way")
def test_a_number_that_is_none_stays_to_be_seen() -> None:
    x = torch.zeros(1, 2, WIDTH)
    x[0, 1, 3] = torch.nan
    output = passes.add_relu_(x, torch.zeros(1, WIDTH))
    assert output.isnan().sum() == 1
    logits, loss = torch.zeros(1, 2, OUTPUTS), torch.zeros(1)
    logits[0, 1] = torch.nan
    passes.loss_gradient_(logits, torch.zeros(2, 1, 2, dtype=torch.int64), torch.ones(3, 1, 2), torch.ones(1, 8), loss)
    assert bool(logits[0, 1].isnan().all())
    assert bool(loss.isnan())


@pytest.mark.parametrize("way", [passes.add_relu_, passes.relu_backward_])
def test_numbers_beside_the_bias_stay_as_they_are(way: Callable[..., object]) -> None:
    numbers = random(RUNS, 3 * WIDTH)
    before, bias = numbers.clone(), numbers[:, WIDTH : 2 * WIDTH]
    tensors = [random(RUNS, ROWS, WIDTH, seed=seed) for seed in (1, 2)]
    way(*tensors[: 1 + (way is passes.relu_backward_)], bias)
    assert torch.equal(numbers[:, :WIDTH], before[:, :WIDTH])
    assert torch.equal(numbers[:, 2 * WIDTH :], before[:, 2 * WIDTH :])


def test_loops_are_compiled_into_the_home_folder_where_the_installation_is_read_only(tmp_path: Path) -> None:
    program = """
import os
os.access = lambda *_: False  # as in a container whose files are all read-only
import torch
from estitchup import passes
print(passes.add_relu_(-torch.ones(1, 2, 3), torch.zeros(1, 3)).sum().item())
"""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment["ESTITCHUP_HOME"] = str(tmp_path)
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "0.0\n"
    assert list((tmp_path / "compiled").rglob("loops.*"))
