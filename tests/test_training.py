"""The stack: a run's numbers are its own, and the same seed gives the same bits."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.metrics import accuracy_score

from estitchup import training
from estitchup.checkpoint import Checkpoint
from estitchup.device import GPU_FULL, NO_GPU, out_of_memory
from estitchup.errors import EstitchupError
from estitchup.group import EpochEnd, GroupTrainer, one_cycle, validation_sums
from estitchup.grouping import grouped
from estitchup.heads import HeadStack
from estitchup.progress import Cancel, Cancelled
from estitchup.recipe import Augmentation, HeadSpec, Mix, Run, TrainingSpec, full_grid
from estitchup.step import AdamW
from estitchup.streams import TrainingData
from estitchup.training import EpochReport, TrainedStack, train

CLASSES, WIDTH = 5, 24
SPEC = TrainingSpec(epochs=3, batch_size=32)


@pytest.fixture(autouse=True, scope="module")
def two_cores() -> Iterator[None]:
    """Let groups train on threads of their own, however many cores the tests have been given."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    """Five overlapping clouds: learnable, and not at once."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(CLASSES, WIDTH))
    targets = generator.integers(CLASSES, size=400)
    vectors = (centres[targets] + 1.5 * generator.normal(size=(400, WIDTH))).astype(np.float32)
    return TrainingData(vectors[:300], targets[:300], vectors[300:], targets[300:], CLASSES)


def trained(data: TrainingData, runs: list[Run], head: str = "mlp", **options: object) -> TrainedStack:
    return train(data, runs, HeadSpec(kind=head, hidden=16), SPEC, device="cpu", **options)  # type: ignore[arg-type]


def grid_runs(seeds: int) -> list[Run]:
    return [Run(augmentation, seed) for augmentation in full_grid(alpha=0.5) for seed in range(seeds)]


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_a_run_alone_equals_the_same_run_in_a_stack_of_thirty(data: TrainingData, head: str) -> None:
    runs = grid_runs(5)
    together = trained(data, runs, head, dtype=torch.float64, runs_at_once=30)
    logits = together.heads.logits(data.validation_embeddings)
    for position in (0, 7, 13, 29):
        alone = trained(data, [runs[position]], head, dtype=torch.float64)
        np.testing.assert_allclose(alone.heads.logits(data.validation_embeddings)[0], logits[position], atol=1e-5)
        np.testing.assert_allclose(
            alone.history.training_losses[0], together.history.training_losses[position], atol=1e-5
        )


def test_the_size_of_the_groups_changes_no_number(data: TrainingData) -> None:
    runs = grid_runs(2)
    by_one, by_five = (trained(data, runs, dtype=torch.float64, runs_at_once=size) for size in (1, 5))
    np.testing.assert_allclose(by_one.history.validation_losses, by_five.history.validation_losses, atol=1e-8)
    assert by_one.best_epochs.tolist() == by_five.best_epochs.tolist()


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_gradients_are_autograds(head: str) -> None:
    generator = torch.Generator().manual_seed(0)
    stack = HeadStack(HeadSpec(kind=head, hidden=11), WIDTH, CLASSES, [0, 1, 0], dtype=torch.float64)  # type: ignore[arg-type]
    x = torch.randn(3, 20, WIDTH, dtype=torch.float64, generator=generator)
    slope = torch.zeros(3, 20, stack.outputs, dtype=torch.float64)
    slope[..., :CLASSES] = torch.randn(3, 20, CLASSES, dtype=torch.float64, generator=generator)
    leaves = [part.detach().clone().requires_grad_() for layers in stack.layers(stack.flat) for part in layers]
    weights, biases = leaves[: len(leaves) // 2], leaves[len(leaves) // 2 :]
    out = x
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        out = torch.baddbmm(bias.unsqueeze(1), out if layer == 0 else torch.relu(out), weight)
    expected = torch.autograd.grad((out * slope[..., :CLASSES]).sum(), leaves)
    stack.gradients(x, lambda logits: logits.copy_(slope))
    assert stack.flat.grad is not None
    found_weights, found_biases = stack.layers(stack.flat.grad)
    for found, gradient in zip(found_weights + found_biases, expected, strict=True):
        torch.testing.assert_close(found, gradient)
    torch.testing.assert_close(stack.logits(x), out.detach())


def test_the_schedule_is_pytorchs_one_cycle() -> None:
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=1001, cycle_momentum=False)
    for step in range(1000):
        assert one_cycle(step / 1000) == pytest.approx(theirs.get_last_lr()[0], abs=0.004)
        optimizer.step()
        theirs.step()


def test_the_same_seed_gives_the_same_bits(data: TrainingData) -> None:
    runs = grid_runs(2)
    first, second = (trained(data, runs).heads for _ in range(2))
    for a, b in zip(first.weights + first.biases, second.weights + second.biases, strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("mix", [Mix.MIXUP, Mix.STITCHUP])
def test_mixing_no_pair_equals_no_augmentation(data: TrainingData, mix: Mix) -> None:
    plain, unmixed = trained(data, [Run(Augmentation(), 0), Run(Augmentation(mix=mix, share=0.0), 0)]).heads.logits(
        data.validation_embeddings
    )
    np.testing.assert_allclose(plain, unmixed, rtol=0, atol=1e-6)


def test_augmentations_do_differ(data: TrainingData) -> None:
    logits = trained(data, grid_runs(1)).heads.logits(data.validation_embeddings)
    for a in range(6):
        for b in range(a):
            assert np.abs(logits[a] - logits[b]).max() > 1e-3


def test_a_run_sees_its_own_rows_and_nothing_else(data: TrainingData) -> None:
    rows = np.flatnonzero(np.arange(300) % 3 > 0)
    spoiled = data.embeddings.copy()
    spoiled[::3] = 1e6  # the rows that the run must not see
    runs = [Run(Augmentation(mix=Mix.STITCHUP), 0, rows=rows)]
    clean, other = (trained(replace(data, embeddings=vectors), runs) for vectors in (data.embeddings, spoiled))
    assert np.array_equal(clean.heads.weights[0], other.heads.weights[0])
    alone = trained(
        replace(data, embeddings=data.embeddings[rows], targets=data.targets[rows]),
        [Run(Augmentation(mix=Mix.STITCHUP), 0)],
    )
    np.testing.assert_allclose(clean.heads.weights[0], alone.heads.weights[0], atol=1e-6)


def test_runs_with_different_numbers_of_rows_train_side_by_side_as_they_would_alone(data: TrainingData) -> None:
    runs = [Run(Augmentation(mix=Mix.MIXUP, alpha=0.5), 0, rows=np.arange(size)) for size in (300, 290, 289, 40)]
    together = trained(data, runs, dtype=torch.float64, runs_at_once=4)
    for position, run in enumerate(runs):
        alone = trained(data, [run], dtype=torch.float64)
        np.testing.assert_allclose(
            alone.history.validation_losses[0], together.history.validation_losses[position], atol=1e-8
        )


def test_a_run_that_knows_fewer_classes_never_learns_the_others(data: TrainingData) -> None:
    known = np.array([True, True, True, False, False])
    rows = np.flatnonzero(known[data.targets])
    runs = [Run(Augmentation(mix=Mix.MIXUP, epsilon=0.1), 0, rows=rows, classes=known), Run(Augmentation(), 0)]
    stack = trained(data, runs, "linear")
    three = replace(
        data,
        embeddings=data.embeddings[rows],
        targets=data.targets[rows],
        validation_embeddings=data.validation_embeddings[known[data.validation_targets]],
        validation_targets=data.validation_targets[known[data.validation_targets]],
    )
    assert stack.history.validation_accuracies[0, -1] > 1.2 / 3
    alone = trained(three, [Run(Augmentation(mix=Mix.MIXUP, epsilon=0.1), 0, classes=known)], "linear")
    np.testing.assert_allclose(
        stack.history.validation_accuracies[0], alone.history.validation_accuracies[0], atol=1e-6
    )


def test_the_best_epoch_is_the_one_whose_weights_are_kept(data: TrainingData) -> None:
    stack = trained(data, grid_runs(2))
    accuracies = stack.history.validation_accuracies
    predicted = stack.heads.logits(data.validation_embeddings).argmax(-1)
    kept = (predicted == data.validation_targets).mean(axis=1)
    np.testing.assert_allclose(kept, accuracies.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(accuracies[np.arange(12), stack.best_epochs - 1], accuracies.max(axis=1))


def test_every_epoch_is_reported(data: TrainingData) -> None:
    reports: list[EpochReport] = []
    stack = trained(data, grid_runs(1), listener=reports.append)
    assert [report.epoch for report in reports] == [1, 2, 3]
    np.testing.assert_array_equal(reports[1].validation_accuracies, stack.history.validation_accuracies[:, 1])
    assert reports[-1].remaining == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_validation_sums_are_those_of_the_allowed_classes(dtype: torch.dtype, scale: float) -> None:
    generator = torch.Generator().manual_seed(8)
    logits = scale * torch.randn(3, 40, 8, generator=generator, dtype=dtype)
    logits[:, :5, 1] = logits[:, :5].amax(-1)  # two equal highest
    allowed = (torch.arange(8) < torch.tensor([6, 4, 0])[:, None]).to(dtype)
    targets = torch.randint(6, (40,), generator=generator)
    sums = validation_sums(logits.clone(), targets, allowed)
    for run, classes in enumerate((6, 4, 0)):  # the last knows no class
        own = targets[targets < classes].numpy()
        rows = logits[run, targets < classes, :classes].double().numpy()
        losses = logsumexp(rows, axis=1) - rows[np.arange(len(own)), own] if classes else np.empty(0)
        right = accuracy_score(own, rows.argmax(1), normalize=False) if classes else 0
        loss, *counts = sums[:, run].tolist()
        assert loss == pytest.approx(losses.sum(), rel=1e-5)
        assert counts == [right, len(own)]


@pytest.mark.parametrize(
    ("logits", "target", "right", "loss"),
    [
        ([0, 0, 0, 9], 0, 1, np.log(3)),  # the first of equal ones; the last class is not allowed
        ([0, 0, 0, 9], 1, 0, np.log(3)),
        ([np.nan] * 4, 0, 0, np.nan),
        ([1, np.nan, 0, 0], 0, 0, np.nan),
        ([np.inf, 0, 0, 0], 0, 0, np.nan),
        ([-np.inf, 0, 0, 0], 0, 0, np.inf),
        ([-np.inf, 0, 0, 0], 1, 1, np.log(2)),
    ],
)
def test_equal_and_broken_logits(logits: list[float], target: int, right: int, loss: float) -> None:
    heads = torch.tensor([[logits], [logits]], dtype=torch.float32)
    allowed = torch.tensor([[1.0, 1, 1, 0], [0, 0, 0, 1]])
    sums = validation_sums(heads, torch.tensor([target]), allowed)
    assert sums[1:].tolist() == [[right, 0], [1, 0]]  # the other head does not know the target: nothing counts
    assert sums[0].tolist() == pytest.approx([loss, 0], nan_ok=True)


def test_a_run_without_validation_rows_of_its_classes_keeps_its_last_epoch(data: TrainingData) -> None:
    held = data.validation_targets < 3
    fewer = replace(
        data,
        validation_embeddings=data.validation_embeddings[held],
        validation_targets=data.validation_targets[held],
    )
    unseen = np.isin(np.arange(CLASSES), [3, 4])
    rows = np.flatnonzero(unseen[data.targets])
    runs = [Run(Augmentation(), 0, rows=rows, classes=unseen), Run(Augmentation(), 0)]
    stack = trained(fewer, runs)
    assert stack.best_epochs[0] == SPEC.epochs
    assert np.isnan(stack.history.validation_accuracies[0]).all()
    assert np.isfinite(stack.history.training_losses).all()
    assert np.isfinite(stack.history.validation_accuracies[1]).all()
    alone = trained(data, runs[:1])  # with rows to validate on, whose last epoch is the best here
    assert alone.best_epochs[0] == SPEC.epochs
    np.testing.assert_allclose(
        stack.heads.logits(data.embeddings)[0], alone.heads.logits(data.embeddings)[0], atol=1e-5
    )


class After:
    """A cancel event that is set after so many questions."""

    def __init__(self, questions: int) -> None:
        self.left = questions

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_cancel_keeps_what_the_finished_epochs_gave(data: TrainingData) -> None:
    stack = trained(data, grid_runs(1), cancel=After(2 * 60 + 5), runs_at_once=1)
    assert stack.stopped
    finished = np.isfinite(stack.history.validation_accuracies).sum(axis=1)
    assert len(set(finished)) == 1  # what counts for one run counts for all
    assert 1 <= finished[0] <= 2
    whole = trained(data, grid_runs(1), runs_at_once=1)
    earlier = whole.history.validation_losses[:, : finished[0]]
    np.testing.assert_array_equal(stack.history.validation_losses[:, : finished[0]], earlier)
    accuracies = (stack.heads.logits(data.validation_embeddings).argmax(-1) == data.validation_targets).mean(1)
    np.testing.assert_allclose(accuracies, stack.history.validation_accuracies[:, : finished[0]].max(axis=1), atol=1e-6)
    with pytest.raises(Cancelled):
        trained(data, grid_runs(1), cancel=After(3))


def test_nothing_to_train_is_said_in_a_sentence(data: TrainingData) -> None:
    with pytest.raises(EstitchupError, match="at least one augmentation"):
        trained(data, [])


@pytest.mark.parametrize("patience", [None, 1])
def test_a_training_that_was_cut_off_goes_on_with_the_same_bits(
    data: TrainingData, tmp_path: Path, patience: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("estitchup.training.SAVING_SHARE", np.inf)  # keep every epoch, however quick
    spec = TrainingSpec(epochs=6, batch_size=32, patience=patience)
    runs, head = grid_runs(1), HeadSpec(hidden=16)
    whole = train(data, runs, head, spec, device="cpu", runs_at_once=4)

    def pull_the_plug(report: EpochReport) -> None:
        if report.epoch == 2:
            raise KeyboardInterrupt

    checkpoint = Checkpoint(tmp_path / "training.safetensors")
    with pytest.raises(KeyboardInterrupt):
        train(data, runs, head, spec, device="cpu", runs_at_once=4, checkpoint=checkpoint, listener=pull_the_plug)
    told: list[int] = []
    resumed = train(
        data,
        runs,
        head,
        spec,
        device="cpu",
        runs_at_once=4,
        checkpoint=checkpoint,
        listener=lambda report: told.append(report.epoch),
    )
    assert told[0] == 3
    np.testing.assert_array_equal(resumed.history.validation_losses, whole.history.validation_losses)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(resumed.heads.weights, whole.heads.weights, strict=True))


def test_a_run_that_no_longer_improves_leaves_the_stack_and_the_others_do_not_notice(data: TrainingData) -> None:
    runs, head = grid_runs(2), HeadSpec(hidden=16)
    patient = TrainingSpec(epochs=12, batch_size=32)
    whole, early = (
        train(data, runs, head, spec, device="cpu", dtype=torch.float64, runs_at_once=12)
        for spec in (patient, patient.model_copy(update={"patience": 2}))
    )
    lasted = np.isfinite(early.history.validation_losses).sum(axis=1)
    assert 2 < lasted.min() < lasted.max() <= 12
    for run, epochs in enumerate(lasted):
        np.testing.assert_allclose(
            early.history.validation_losses[run, :epochs], whole.history.validation_losses[run, :epochs], atol=1e-8
        )
        assert epochs == 12 or epochs == early.best_epochs[run] + 2


def test_a_state_is_kept_run_by_run_so_that_other_groups_can_go_on_with_it(data: TrainingData, tmp_path: Path) -> None:
    runs, head, spec = grid_runs(1), HeadSpec(hidden=16), TrainingSpec(epochs=4, batch_size=32, patience=2)
    whole = train(data, runs, head, spec, device="cpu", dtype=torch.float64, runs_at_once=6)
    checkpoint, cancel = Checkpoint(tmp_path / "training.safetensors"), threading.Event()
    train(
        data,
        runs,
        head,
        spec,
        device="cpu",
        dtype=torch.float64,
        runs_at_once=6,
        checkpoint=checkpoint,
        listener=lambda report: cancel.set() if report.epoch == 2 else None,
        cancel=cancel,
    )
    assert checkpoint.path.exists()
    resumed = train(data, runs, head, spec, device="cpu", dtype=torch.float64, runs_at_once=1, checkpoint=checkpoint)
    np.testing.assert_allclose(resumed.history.validation_losses, whole.history.validation_losses, atol=1e-8)
    assert resumed.best_epochs.tolist() == whole.best_epochs.tolist()


def test_a_run_alone_has_the_metrics_of_the_same_run_in_a_stack_in_single_precision(data: TrainingData) -> None:
    together = trained(data, grid_runs(5), runs_at_once=30)
    alone = [trained(data, [run]) for run in grid_runs(5)[::7]]
    accuracies = np.concatenate([stack.history.validation_accuracies for stack in alone])
    assert np.abs(accuracies - together.history.validation_accuracies[::7]).max() <= 0.03  # three of a hundred texts


def test_the_optimiser_is_pytorchs_adamw() -> None:
    generator = torch.Generator().manual_seed(0)
    mine, theirs = (torch.ones(3, 7, dtype=torch.float64) for _ in range(2))
    mine.grad = torch.zeros_like(mine)
    adamw, oracle = AdamW(mine, 0.1), torch.optim.AdamW([theirs.requires_grad_()], lr=0.25, weight_decay=0.1)
    adamw.rate.fill_(0.25)
    for _ in range(5):
        gradient = torch.randn(3, 7, dtype=torch.float64, generator=generator)
        mine.grad.copy_(gradient)
        theirs.grad = gradient
        adamw.step()
        oracle.step()
    torch.testing.assert_close(mine, theirs.detach())


def test_groups_keep_twins_together_and_give_every_core_equally_much() -> None:
    groups = grouped(grid_runs(5), 300, SPEC, size=2, cores=2)
    assert sorted(len(group) for group in groups) == [1, 1] + [2] * 14
    twins = [group for group in groups if len(group) == 2]
    assert all(b - a == 5 for a, b in twins)  # the hard and the soft cell of one seed and one mix
    assert len(grouped(grid_runs(2), 300, SPEC, size=12, cores=2)) == 2
    assert len(grouped(grid_runs(2)[:1], 300, SPEC, size=12, cores=2)) == 1


def test_cores_change_no_bit(data: TrainingData) -> None:
    threads = torch.get_num_threads()
    found = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(trained(data, grid_runs(2), runs_at_once=3).heads.weights[0].tobytes())
    finally:
        torch.set_num_threads(threads)
    assert found[0] == found[1]


class FullOnce:
    """Stand in for an epoch on a device whose memory is full the first time."""

    def __init__(self, error: RuntimeError, times: int) -> None:
        self.error, self.times = error, times
        self.real = GroupTrainer.epoch

    def __call__(
        self, trainer: GroupTrainer, epoch: int, cancel: Cancel | None, wants_state: Callable[[], bool]
    ) -> EpochEnd | None:
        self.times -= 1
        if self.times >= 0:
            raise self.error
        return self.real(trainer, epoch, cancel, wants_state)


def test_a_gpu_without_memory_hands_over_to_the_cpu_and_says_so(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = trained(data, grid_runs(1), runs_at_once=6)
    resident = training._resident
    full = FullOnce(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), 1)
    monkeypatch.setattr(GroupTrainer, "epoch", lambda *arguments: full(*arguments))
    monkeypatch.setattr("estitchup.training.find_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(
        "estitchup.training._resident", lambda d, r, _, dtype: resident(d, r, torch.device("cpu"), dtype)
    )
    monkeypatch.setattr("estitchup.training.runs_that_fit", lambda *_: 4)
    monkeypatch.setattr("estitchup.training.device_name", lambda device: device.type.upper())
    told: list[EpochReport] = []
    stack = train(data, grid_runs(1), HeadSpec(hidden=16), SPEC, listener=told.append)
    assert stack.notes == (GPU_FULL,)
    assert [report.note for report in told] == [GPU_FULL] * 3
    assert stack.device.startswith("CPU")
    np.testing.assert_allclose(stack.history.validation_losses, expected.history.validation_losses, atol=1e-4)


def test_a_cpu_without_memory_is_said_in_a_sentence(data: TrainingData, monkeypatch: pytest.MonkeyPatch) -> None:
    full = FullOnce(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."), 99)
    monkeypatch.setattr(GroupTrainer, "epoch", lambda *arguments: full(*arguments))
    with pytest.raises(EstitchupError, match="not enough memory: choose fewer seeds"):
        trained(data, grid_runs(1))


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (torch.AcceleratorError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (MemoryError("Unable to allocate 9.00 GiB for an array"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (None, False),
    ],
)
def test_a_lack_of_memory_is_told_from_other_faults_also_behind_one_that_came_of_it(
    error: Exception | None, short: bool
) -> None:
    assert out_of_memory(error) is short
    last = RuntimeError("CUDA error: operation failed due to a previous error during capture")
    last.__context__ = error  # as when the recording of a graph is ended after an error
    assert out_of_memory(last) is short


def test_other_errors_are_not_taken_for_a_lack_of_memory(data: TrainingData, monkeypatch: pytest.MonkeyPatch) -> None:
    full = FullOnce(RuntimeError("mat1 and mat2 shapes cannot be multiplied"), 99)
    monkeypatch.setattr(GroupTrainer, "epoch", lambda *arguments: full(*arguments))
    with pytest.raises(RuntimeError, match="mat1"):
        trained(data, grid_runs(1))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_without_a_gpu_the_cpu_trains_and_the_result_says_so(data: TrainingData) -> None:
    stack = train(data, grid_runs(1)[:1], HeadSpec(hidden=16), SPEC, device="cuda")
    assert stack.notes == (NO_GPU,)
    assert trained(data, grid_runs(1)[:1]).notes == ()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_metrics_of_a_cpu(data: TrainingData) -> None:
    runs = grid_runs(3)
    on_cpu = trained(data, runs)
    on_gpu = train(data, runs, HeadSpec(hidden=16), SPEC, device="cuda")
    difference = on_cpu.history.validation_accuracies - on_gpu.history.validation_accuracies
    assert np.abs(difference.mean()) < 0.02


def test_batches_of_another_size_leave_the_memory_of_a_step_alone() -> None:
    stack = HeadStack(HeadSpec(hidden=16), WIDTH, CLASSES, [0, 1])
    batch = torch.randn(2, 32, WIDTH)
    addresses = []
    for rows in (32, 7, 32):
        stack.gradients(batch[:, :rows], torch.zero_)
        addresses.append(stack.logits(batch[:, :rows]).data_ptr())
    assert addresses[0] == addresses[2] != addresses[1]  # a recorded graph writes where it wrote


@pytest.mark.parametrize("runs", [1, 4])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_epoch_is_kept_where_that_takes_little_of_its_time(
    data: TrainingData, tmp_path: Path, threads: int, runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    real = GroupTrainer._train

    def slow(trainer: GroupTrainer, epoch: int, cancel: Cancel | None) -> bool:
        time.sleep(0.2)
        return real(trainer, epoch, cancel)

    monkeypatch.setattr(GroupTrainer, "_train", slow)
    monkeypatch.setattr(Checkpoint, "save", lambda _, state: (kept.append(state.epochs), time.sleep(0.01)))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        spec = TrainingSpec(epochs=4, batch_size=32)
        train(
            data,
            grid_runs(1)[:runs],
            HeadSpec(hidden=16),
            spec,
            device="cpu",
            checkpoint=Checkpoint(tmp_path / "state"),
        )
    finally:
        torch.set_num_threads(before)
    assert kept == [1, 2, 3, 4]
