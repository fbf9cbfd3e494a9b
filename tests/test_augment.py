"""The paper's functions against what the formulas say, on numbers made up by hypothesis."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from estitchup.augment import (
    mixed_target,
    mixup,
    soft_cross_entropy,
    stitchup,
)
from estitchup.draws import random_bytes

BATCH, WIDTH, CLASSES = 64, 48, 7


def drawn(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(BATCH, WIDTH, dtype=torch.float64, generator=generator)
    other = torch.randn(BATCH, WIDTH, dtype=torch.float64, generator=generator)
    share = torch.rand(BATCH, dtype=torch.float64, generator=generator)
    return x, other, share, torch.randint(256, (BATCH, WIDTH), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_one_is_the_identity_and_of_zero_the_other(share: float) -> None:
    x, other, _, noise = drawn(0)
    expected = x if share == 1.0 else other
    assert torch.equal(mixup(x, other, torch.full((BATCH,), share, dtype=x.dtype)), expected)
    assert torch.equal(stitchup(x, other, torch.full((BATCH,), share, dtype=x.dtype), noise), expected)


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_inputs_stay_unchanged(seed: int) -> None:
    x, other, share, noise = drawn(seed)
    before = [tensor.clone() for tensor in (x, other, share, noise)]
    mixup(x, other, share)
    stitchup(x, other, share, noise)
    assert all(torch.equal(a, b) for a, b in zip(before, (x, other, share, noise), strict=True))


def test_mixup_is_the_formula_row_by_row() -> None:
    x, other, share, _ = drawn(1)
    for row, mixed in enumerate(mixup(x, other, share)):
        torch.testing.assert_close(mixed, share[row] * x[row] + (1 - share[row]) * other[row])


def test_stitchup_takes_every_coordinate_from_one_of_the_two() -> None:
    x, other, share, noise = drawn(2)
    stitched = stitchup(x, other, share, noise)
    assert bool(((stitched == x) | (stitched == other)).all())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.83])
def test_stitchup_takes_the_share_of_coordinates_that_lambda_names(share: float) -> None:
    rows, width = 400, 512
    noise = random_bytes(torch.tensor([0]), rows, width)[0]
    ones, zeros = torch.ones(rows, width), torch.zeros(rows, width)
    realised = stitchup(ones, zeros, torch.full((rows,), share), noise).mean().item()
    # Four standard deviations of the mean of 204,800 coins, and half a level of the bytes.
    assert realised == pytest.approx(share, abs=4 * 0.5 / (rows * width) ** 0.5 + 1 / 512)


@given(seed=st.integers(0, 10_000), epsilon=st.floats(0, 0.99))
@settings(max_examples=30)
def test_targets_sum_to_one_and_the_loss_is_cross_entropy_against_them(seed: int, epsilon: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = 10 * torch.randn(BATCH, CLASSES, dtype=torch.float64, generator=generator)
    target, other = (torch.randint(CLASSES, (BATCH,), generator=generator) for _ in range(2))
    share = torch.rand(BATCH, dtype=torch.float64, generator=generator)
    softened = torch.full((BATCH,), epsilon, dtype=torch.float64)
    written = mixed_target(target, other, share, softened, CLASSES)
    torch.testing.assert_close(written.sum(-1), torch.ones(BATCH, dtype=torch.float64))
    expected = torch.nn.functional.cross_entropy(logits, written, reduction="none")  # PyTorch's own, as the oracle
    torch.testing.assert_close(soft_cross_entropy(logits, target, other, share, softened), expected)


def test_a_class_that_is_not_allowed_gets_no_target_and_no_gradient() -> None:
    logits = torch.randn(BATCH, CLASSES, dtype=torch.float64, requires_grad=True)
    allowed = torch.ones(BATCH, CLASSES, dtype=torch.float64)
    allowed[:, 5:] = 0
    target, share = torch.arange(BATCH) % 5, torch.full((BATCH,), 0.3, dtype=torch.float64)
    epsilon = torch.full((BATCH,), 0.1, dtype=torch.float64)
    loss = soft_cross_entropy(logits, target, target.flip(0), share, epsilon, allowed)
    torch.testing.assert_close(loss, soft_cross_entropy(logits[:, :5], target, target.flip(0), share, epsilon))
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    assert bool((gradient[:, 5:] == 0).all())
