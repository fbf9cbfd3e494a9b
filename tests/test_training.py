"""The stack: a run's numbers are its own, and the same seed gives the same bits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from estitchup.checkpoint import Checkpoint
from estitchup.errors import EstitchupError
from estitchup.group import one_cycle
from estitchup.heads import HeadStack
from estitchup.progress import Cancelled
from estitchup.recipe import Augmentation, HeadSpec, Mix, Run, TrainingSpec, full_grid
from estitchup.streams import TrainingData
from estitchup.training import EpochReport, TrainedStack, train

CLASSES, WIDTH = 5, 24
SPEC = TrainingSpec(epochs=3, batch_size=32)


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
    slope = torch.randn(3, 20, CLASSES, dtype=torch.float64, generator=generator)
    leaves = [parameter.clone().requires_grad_() for parameter in stack.parameters]
    layers = len(leaves) // 2
    out = x
    for layer in range(layers):
        out = torch.baddbmm(leaves[layers + layer], out if layer == 0 else torch.relu(out), leaves[layer])
    expected = torch.autograd.grad((out * slope).sum(), leaves)
    stack.gradients(x, lambda logits: logits.copy_(slope))
    for parameter, gradient in zip(stack.parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)
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


class After:
    """A cancel event that is set after so many questions."""

    def __init__(self, questions: int) -> None:
        self.left = questions

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_cancel_keeps_what_the_finished_epochs_gave(data: TrainingData) -> None:
    stack = trained(data, grid_runs(1), cancel=After(6 * 10 + 5), runs_at_once=1)
    assert stack.stopped
    finished = np.isfinite(stack.history.validation_accuracies)
    assert finished.sum(axis=1).tolist() == [1] * 6  # the epoch that was cut off counts for no run
    assert stack.best_epochs.tolist() == [1] * 6
    with pytest.raises(Cancelled):
        trained(data, grid_runs(1), cancel=After(3))


def test_nothing_to_train_is_said_in_a_sentence(data: TrainingData) -> None:
    with pytest.raises(EstitchupError, match="at least one augmentation"):
        trained(data, [])


@pytest.mark.parametrize("patience", [None, 1])
def test_a_training_that_was_cut_off_goes_on_with_the_same_bits(
    data: TrainingData, tmp_path: Path, patience: int | None
) -> None:
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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_metrics_of_a_cpu(data: TrainingData) -> None:
    runs = grid_runs(3)
    on_cpu = trained(data, runs)
    on_gpu = train(data, runs, HeadSpec(hidden=16), SPEC, device="cuda")
    difference = on_cpu.history.validation_accuracies - on_gpu.history.validation_accuracies
    assert np.abs(difference.mean()) < 0.02
