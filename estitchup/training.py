"""Train all runs of an experiment at once and report every epoch.

Runs stand side by side in a `HeadStack`; embeddings and targets live on the device, batches are gathered from them.
The stack is cut into groups that fit: the processor's cache on a CPU (measurements in docs/decisions.md), the memory
on a GPU. All groups go through an epoch before any begins the next, so that every run's curve grows alike. A run's
numbers do not depend on which other runs train beside it.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from estitchup.checkpoint import Checkpoint
from estitchup.draws import steps_per_epoch
from estitchup.errors import EstitchupError
from estitchup.group import GroupTrainer
from estitchup.progress import Cancel, Cancelled
from estitchup.recipe import HeadSpec, Run, TrainingSpec
from estitchup.streams import ResidentRows, TrainingData
from estitchup.trained import StackedHeads

CPU_WEIGHTS_AT_ONCE = 1_200_000  # with gradient and two moments 19 MB: what a server's cache holds


@dataclass(frozen=True)
class EpochReport:
    """Where all R runs stand after an epoch; losses are mean cross-entropies in nats, accuracies fractions."""

    epoch: int
    epochs: int
    training_losses: NDArray[np.float64]
    validation_losses: NDArray[np.float64]
    validation_accuracies: NDArray[np.float64]
    seconds: float
    device: str

    @property
    def remaining(self) -> float:
        """Return the expected remaining time in seconds."""
        return self.seconds / self.epoch * (self.epochs - self.epoch)


@dataclass(frozen=True)
class History:
    """Curves of R runs over E epochs, each (R, E); NaN where a run had left or training was stopped."""

    training_losses: NDArray[np.float64]
    validation_losses: NDArray[np.float64]
    validation_accuracies: NDArray[np.float64]


@dataclass(frozen=True)
class TrainedStack:
    """R trained heads, each as of its best epoch (1-based): highest validation accuracy, then lowest loss."""

    heads: StackedHeads
    history: History
    best_epochs: NDArray[np.int64]
    seconds: float
    device: str
    stopped: bool


def train(
    data: TrainingData,
    runs: Sequence[Run],
    head: HeadSpec,
    spec: TrainingSpec,
    *,
    device: str | None = None,
    dtype: torch.dtype = torch.float32,
    runs_at_once: int | None = None,
    listener: Callable[[EpochReport], None] | None = None,
    cancel: Cancel | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainedStack:
    """Train every run and return their heads in the order of `runs`.

    A cancel ends training early and keeps what the finished epochs gave; before the first, `Cancelled` is raised.
    `runs_at_once` bounds memory and changes no number beyond rounding. Deterministic on a CPU: same seeds, same bits.
    With a `checkpoint`, training goes on where an earlier one with the same arguments was cut off.
    """
    where = find_device(device)
    groups = _grouped(runs, len(data.targets), spec, runs_at_once or _runs_that_fit(data, head, where))
    resident = _resident(data, runs, where, dtype)
    trainers = [
        GroupTrainer([runs[i] for i in group], [resident[i] for i in group], data.classes, head, spec)
        for group in groups
    ]
    order = np.concatenate([np.asarray(group) for group in groups])
    kept = checkpoint.restore(trainers) if checkpoint else None
    first, curves, before = kept or (0, np.full((3, len(runs), spec.epochs), np.nan), 0.0)
    started = time.perf_counter() - before
    stopped = False
    for epoch in range(first, spec.epochs):
        stopped = not _one_epoch(epoch, groups, trainers, curves, cancel)
        if stopped or np.isnan(curves[2, :, epoch]).all():  # asked to stop, or every run has left
            break
        seconds = time.perf_counter() - started
        if checkpoint:
            checkpoint.save(epoch + 1, curves, seconds, trainers)
        if listener:
            listener(_report(curves, epoch, spec.epochs, seconds, device_name(where)))
    if np.isnan(curves[2, :, 0]).any():
        raise Cancelled
    return TrainedStack(
        heads=StackedHeads.joined([trainer.best_heads() for trainer in trainers], np.argsort(order)),
        history=History(*curves),
        best_epochs=np.concatenate([trainer.best_epochs for trainer in trainers])[np.argsort(order)],
        seconds=time.perf_counter() - started,
        device=device_name(where),
        stopped=stopped,
    )


def _one_epoch(
    epoch: int,
    groups: list[list[int]],
    trainers: list[GroupTrainer],
    curves: NDArray[np.float64],
    cancel: Cancel | None,
) -> bool:
    """Take every group through an epoch and enter its figures into the curves; return False when cancelled.

    A cancelled epoch counts for no group, so that all runs have trained equally long.
    """
    figures = []
    for trainer in trainers:
        ended = trainer.epoch(epoch, cancel)
        if ended is None:
            return False
        figures.append(ended)
    for group, trainer, ended in zip(groups, trainers, figures, strict=True):
        trainer.count(epoch, ended)
        curves[:, group, epoch] = ended
    return True


def _resident(data: TrainingData, runs: Sequence[Run], device: torch.device, dtype: torch.dtype) -> list[ResidentRows]:
    """Move each distinct set of training rows to the device once."""
    keys = [b"" if run.rows is None else run.rows.tobytes() for run in runs]
    distinct = dict(zip(keys, runs, strict=True))
    made = {key: ResidentRows.of(data, run.rows, device, dtype) for key, run in distinct.items()}
    return [made[key] for key in keys]


def _report(curves: NDArray[np.float64], epoch: int, epochs: int, seconds: float, device: str) -> EpochReport:
    training, validation, accuracy = curves[:, :, epoch].copy()
    return EpochReport(epoch + 1, epochs, training, validation, accuracy, seconds, device)


def _grouped(runs: Sequence[Run], all_rows: int, spec: TrainingSpec, size: int) -> list[list[int]]:
    """Cut the runs into groups of equal steps per epoch; runs with one seed and one mix stay neighbours.

    Hard and soft twins see the same mixed batch, which a group makes only once.
    """
    if not runs:
        raise EstitchupError("There is nothing to train: choose at least one augmentation and one seed.")

    def steps(i: int) -> int:
        own = runs[i].rows
        rows = all_rows if own is None else len(own)
        return steps_per_epoch(rows, spec.batch_size_for(rows))

    def alike(i: int) -> tuple[int, int, str, float]:
        augmentation = runs[i].augmentation
        return steps(i), runs[i].seed, augmentation.mix, augmentation.alpha

    groups: list[list[int]] = []
    for i in sorted(range(len(runs)), key=alike):
        if groups and len(groups[-1]) < size and steps(groups[-1][0]) == steps(i):
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def find_device(wanted: str | None = None) -> torch.device:
    """Return the wanted device, by default a GPU when one is at hand; raises EstitchupError when it is not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise EstitchupError("No GPU is at hand for the device cuda: choose cpu, or leave the device out.")
    return torch.device(wanted or ("cuda" if torch.cuda.is_available() else "cpu"))


def device_name(device: torch.device) -> str:
    """Return what a person calls this device, such as "CPU, 2 threads"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"


def _runs_that_fit(data: TrainingData, head: HeadSpec, device: torch.device) -> int:
    """Return how many runs to train side by side: as many as the cache of a CPU holds, or half the memory of a GPU."""
    widths = head.widths(data.embeddings.shape[1], data.classes)
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    if device.type != "cuda":
        return max(2, CPU_WEIGHTS_AT_ONCE // weights)
    activations = sum(widths) * len(data.validation_targets)
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, int(free // 2 // (4 * (6 * weights + 2 * activations))))
