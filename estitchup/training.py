"""Train all runs of an experiment at once and report every epoch.

Runs stand side by side in a `HeadStack`; embeddings and targets live on the device, batches are gathered from them.
An epoch counts when all groups (`grouping.py`) are through it, so that every run's curve grows alike. A run's numbers
do not depend on which other runs train beside it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.checkpoint import Checkpoint, Progressed
from estitchup.cores import Cores
from estitchup.device import GPU_FULL, NO_GPU, device_name, find_device, out_of_memory, tensor_cores
from estitchup.errors import NOT_ENOUGH_MEMORY, EstitchupError
from estitchup.group import EpochEnd, GroupTrainer
from estitchup.grouping import grouped, runs_that_fit
from estitchup.progress import Cancel, Cancelled
from estitchup.recipe import HeadSpec, Run, TrainingSpec
from estitchup.streams import ResidentRows, TrainingData
from estitchup.trained import StackedHeads

SAVING_SHARE = 1 / 6  # a checkpoint is skipped while keeping them takes more than this share of the time


@dataclass(frozen=True)
class EpochReport:
    """Where all R runs stand after an epoch; losses are mean cross-entropies in nats, accuracies fractions.

    `note` says why it does not run where it should.
    """

    epoch: int
    epochs: int
    training_losses: NDArray[np.float64]
    validation_losses: NDArray[np.float64]
    validation_accuracies: NDArray[np.float64]
    seconds: float
    device: str
    note: str = ""

    @property
    def remaining(self) -> float:
        """Return the expected remaining time in seconds."""
        return self.seconds / self.epoch * (self.epochs - self.epoch)


@dataclass(frozen=True)
class History:
    """Curves of R runs over E epochs, each (R, E); NaN where a run had left or training was stopped.

    Validation is also NaN where a run has no validation rows of its classes.
    """

    training_losses: NDArray[np.float64]
    validation_losses: NDArray[np.float64]
    validation_accuracies: NDArray[np.float64]


@dataclass(frozen=True)
class TrainedStack:
    """R trained heads, each as of its best epoch (1-based): highest validation accuracy, then lowest loss.

    A run that has no validation rows of its classes is as of its last epoch.
    """

    heads: StackedHeads
    history: History
    best_epochs: NDArray[np.int64]
    seconds: float
    device: str
    stopped: bool
    notes: tuple[str, ...] = ()


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
    With a `checkpoint`, training goes on where an earlier one with the same arguments was cut off. Without a GPU, or
    when its memory does not suffice, it trains on the CPU and says so in `notes`.
    """
    where = find_device(device)

    def attempt(place: torch.device, note: str) -> TrainedStack:
        training = _Training(data, runs, head, spec, place, dtype, runs_at_once, note)
        return training.run(listener, cancel, checkpoint)

    try:
        return attempt(where, NO_GPU if device == "cuda" and where.type == "cpu" else "")
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        if where.type == "cpu":
            raise EstitchupError(NOT_ENOUGH_MEMORY) from None
    torch.cuda.empty_cache()  # after the except clause, whose traceback holds on to the tensors
    return attempt(torch.device("cpu"), GPU_FULL)


class _Training:
    """One attempt at a training on one device."""

    def __init__(
        self,
        data: TrainingData,
        runs: Sequence[Run],
        head: HeadSpec,
        spec: TrainingSpec,
        device: torch.device,
        dtype: torch.dtype,
        runs_at_once: int | None,
        note: str,
    ) -> None:
        self.spec, self.device, self.note = spec, device, note
        size = runs_at_once or runs_that_fit(data, head, spec.batch_size_for(len(data.targets)), device)
        cores = 1 if device.type == "cuda" else torch.get_num_threads()
        self.groups = grouped(runs, len(data.targets), spec, size, cores)
        self.places = np.argsort(np.concatenate(self.groups))  # of each run in the order of the groups
        resident = _resident(data, runs, device, dtype)
        self.trainers = [
            GroupTrainer([runs[i] for i in group], [resident[i] for i in group], data.classes, head, spec)
            for group in self.groups
        ]
        self.curves = np.full((3, len(runs), spec.epochs), np.nan)

    def run(
        self,
        listener: Callable[[EpochReport], None] | None,
        cancel: Cancel | None,
        checkpoint: Checkpoint | None,
    ) -> TrainedStack:
        """Train epoch by epoch."""
        first, before = self._resume(checkpoint)
        started = time.perf_counter() - before
        saver = _Saver(checkpoint, started)
        stopped, counted = False, first
        with Cores(len(self.groups), self.device) as cores, tensor_cores(self.device):
            asked = cores.or_left(cancel)

            def turn(trainer: GroupTrainer, epoch: int) -> EpochEnd | None:
                return trainer.epoch(epoch, asked, lambda: saver.wants(epoch))

            for epoch, ends in enumerate(cores.rounds(turn, self.trainers, first, self.spec.epochs), first):
                ended = [end for end in ends if end is not None]
                stopped = len(ended) < len(ends)
                if stopped or all(np.isnan(end.figures).all() for end in ended):  # asked to stop, or every run has left
                    break
                self._count(epoch, ended)
                counted = epoch + 1
                seconds = time.perf_counter() - started
                if saver.wants(epoch):
                    saver.save(Progressed(epoch + 1, self.curves, seconds, self._state(ended)))
                if listener:
                    listener(self._report(epoch, seconds))
        if counted == 0:
            raise Cancelled
        return self._trained(time.perf_counter() - started, stopped)

    def _count(self, epoch: int, ended: Sequence[EpochEnd]) -> None:
        """Let an epoch count for every group, and enter its figures into the curves."""
        for group, trainer, end in zip(self.groups, self.trainers, ended, strict=True):
            trainer.count(epoch, end)
            self.curves[:, group, epoch] = end.figures

    def _report(self, epoch: int, seconds: float) -> EpochReport:
        training, validation, accuracy = self.curves[:, :, epoch].copy()
        name = device_name(self.device)
        return EpochReport(epoch + 1, self.spec.epochs, training, validation, accuracy, seconds, name, self.note)

    def _trained(self, seconds: float, stopped: bool) -> TrainedStack:
        return TrainedStack(
            heads=StackedHeads.joined([trainer.best_heads() for trainer in self.trainers], self.places),
            history=History(*self.curves),
            best_epochs=np.concatenate([trainer.best_epochs for trainer in self.trainers])[self.places],
            seconds=seconds,
            device=device_name(self.device),
            stopped=stopped,
            notes=(self.note,) if self.note else (),
        )

    def _state(self, ended: Sequence[EpochEnd] | None = None) -> dict[str, Tensor]:
        """Return the state of all runs in their order, whatever their groups, as of the epoch that has `ended`."""
        ends: Sequence[EpochEnd | None] = ended or [None] * len(self.trainers)
        states = [trainer.state(end) for trainer, end in zip(self.trainers, ends, strict=True)]
        return {name: torch.cat([state[name] for state in states])[self.places] for name in states[0]}

    def _resume(self, checkpoint: Checkpoint | None) -> tuple[int, float]:
        """Go on from what the checkpoint keeps, if it fits; return the epochs and seconds that are done."""
        kept = checkpoint.load() if checkpoint else None
        if kept is None or kept.curves.shape != self.curves.shape or not self._fits(kept.state):
            return 0, 0.0
        for group, trainer in zip(self.groups, self.trainers, strict=True):
            trainer.restore({name: tensor[group] for name, tensor in kept.state.items()}, kept.epochs)
        self.curves = kept.curves
        return kept.epochs, kept.seconds

    def _fits(self, state: dict[str, Tensor]) -> bool:
        own = self._state()
        return {name: tensor.shape for name, tensor in state.items()} == {n: t.shape for n, t in own.items()}


class _Saver:
    """Keep states after epochs, but no oftener than pays: short epochs of a large stack take less time than saving."""

    def __init__(self, checkpoint: Checkpoint | None, started: float) -> None:
        self.checkpoint, self.last, self.cost = checkpoint, started, 0.0
        self._wanted: dict[int, bool] = {}

    def wants(self, epoch: int) -> bool:
        """Return whether the state after this epoch should be kept: decided when the first group ends it, for all."""
        due = self.checkpoint is not None and self.cost <= SAVING_SHARE * (time.perf_counter() - self.last)
        return self._wanted.setdefault(epoch, due)

    def save(self, state: Progressed) -> None:
        """Keep a state."""
        assert self.checkpoint is not None
        before = time.perf_counter()
        self.checkpoint.save(state)
        self.last = time.perf_counter()
        self.cost = self.last - before


def _resident(data: TrainingData, runs: Sequence[Run], device: torch.device, dtype: torch.dtype) -> list[ResidentRows]:
    """Move each distinct set of training rows to the device once."""
    keys = [b"" if run.rows is None else run.rows.tobytes() for run in runs]
    distinct = dict(zip(keys, runs, strict=True))
    made = {key: ResidentRows.of(data, run.rows, device, dtype) for key, run in distinct.items()}
    return [made[key] for key in keys]
