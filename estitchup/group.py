"""One group of runs in training: weights, optimiser, and one epoch after another.

The runs of a group take equally many steps; only the weights are each run's own. Its state is kept run by run, so that
training can go on in groups of another size, or on another device.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.draws import steps_per_epoch
from estitchup.grouping import VALIDATION_ROWS_AT_ONCE
from estitchup.heads import HeadStack
from estitchup.progress import Cancel
from estitchup.recipe import HeadSpec, Run, TrainingSpec
from estitchup.step import TrainingStep
from estitchup.streams import ResidentRows
from estitchup.trained import StackedHeads


@dataclass(frozen=True)
class EpochEnd:
    """What an epoch gave R runs: training loss, validation loss and accuracy (3, R), NaN for runs that had left.

    `better` are the runs that have never been as good, with their weights (len(better), P). `state` is what the next
    epoch begins with, where it was asked for.
    """

    figures: NDArray[np.float64]
    better: list[int]
    weights: Tensor
    state: dict[str, Tensor] | None


class GroupTrainer:
    """Train a group of runs, remember each one's weights as of its best epoch, and let finished runs leave.

    An epoch counts once its end is given to `count`. Until then it changes nothing that is kept: a group may be ahead
    of others, and a stop leaves all with equally many epochs.
    """

    def __init__(
        self, runs: Sequence[Run], rows: Sequence[ResidentRows], classes: int, head: HeadSpec, spec: TrainingSpec
    ) -> None:
        self.runs, self.rows, self.spec = runs, rows, spec
        like = rows[0].embeddings
        self.batch_sizes = [spec.batch_size_for(len(own.targets)) for own in rows]
        self.steps = steps_per_epoch(len(rows[0].targets), self.batch_sizes[0])
        self.stack = HeadStack(head, like.shape[1], classes, [run.seed for run in runs], like.device, like.dtype)
        self._allowed_by_run = _allowed_outputs(runs, classes, self.stack.outputs).to(like.device, like.dtype)
        self.active = list(range(len(runs)))  # the runs in the stack, in the order of its weights
        self.best_epochs = np.zeros(len(runs), np.int64)
        self._best = self.stack.flat.clone()
        # Over the epochs trained, counted or not: accuracy, and loss with its sign turned; and their epoch, from 1.
        self._scores, self._reached = np.tile([-1.0, -np.inf], (len(runs), 1)), self.best_epochs.copy()
        self._prepare()

    def _prepare(self) -> None:
        """Set up the step of the active runs."""
        self.allowed = self._allowed_by_run[self.active]
        self.step = TrainingStep(
            self.stack,
            [self.runs[run] for run in self.active],
            [self.rows[run] for run in self.active],
            [self.batch_sizes[run] for run in self.active],
            self.allowed,
            self.spec,
        )

    @torch.inference_mode()
    def epoch(self, epoch: int, cancel: Cancel | None, wants_state: Callable[[], bool] = bool) -> EpochEnd | None:
        """Train one epoch (counted from 0) and let those leave that no longer improve; None if cancelled midway.

        `wants_state` is asked at the end whether the end should hold the state.
        """
        figures, better = np.full((3, len(self.runs)), np.nan), []
        if self.active:
            if not self._train(epoch, cancel):
                return None
            figures[0, self.active] = (self.step.loss / self.steps).cpu().numpy()
            figures[1:, self.active] = self._validate()
            better = self._better(epoch, *figures[1:])
        weights = self.stack.flat[[self.active.index(run) for run in better]]
        if self.spec.patience is not None:
            self._leave_but([run for run in self.active if epoch + 1 - self._reached[run] < self.spec.patience])
        return EpochEnd(figures, better, weights, self._moving() if wants_state() else None)

    def _train(self, epoch: int, cancel: Cancel | None) -> bool:
        """Take the steps of an epoch; return False when cancelled in between."""
        self.step.begin(epoch)
        for step in range(self.steps):
            if cancel and cancel.is_set():
                return False
            progress = (epoch * self.steps + step) / (self.spec.epochs * self.steps)
            self.step.take(step, self.spec.learning_rate * one_cycle(progress))
        return True

    @torch.inference_mode()
    def count(self, epoch: int, ended: EpochEnd) -> None:
        """Let an epoch (counted from 0) count."""
        self._best[ended.better] = ended.weights
        self.best_epochs[ended.better] = epoch + 1

    def _leave_but(self, staying: list[int]) -> None:
        """Go on with these runs; the others have what they learned best in `_best`."""
        if staying == self.active:
            return
        places, before = [self.active.index(run) for run in staying], self.step.adamw
        self.active = staying
        self.stack.keep(places)
        if not staying:
            return
        self._prepare()
        after = self.step.adamw
        after.first, after.second, after.steps = before.first[places], before.second[places], before.steps

    def state(self, ended: EpochEnd | None = None) -> dict[str, Tensor]:
        """Return all that later epochs depend on, by name, a row for each run; a run that has left has no weights.

        `ended` is the last epoch that counted, with its state; without it, nothing has been trained yet.
        """
        moving = self._moving() if ended is None else ended.state
        assert moving is not None
        return {"best": self._best.cpu(), "best_epochs": torch.from_numpy(self.best_epochs), **moving}

    def _moving(self) -> dict[str, Tensor]:
        """Return what each epoch changes, in memory of its own on the host."""
        active = torch.zeros(len(self.runs), dtype=torch.bool)
        active[self.active] = True
        adamw = self.step.adamw
        numbers = {"weights": self.stack.flat, "first_moments": adamw.first, "second_moments": adamw.second}
        kept = {name: torch.zeros(self._best.shape, dtype=self._best.dtype) for name in numbers}
        for name, tensor in numbers.items():
            if self.active:
                kept[name][self.active] = tensor.cpu()
        scores, reached = torch.from_numpy(self._scores.copy()), torch.from_numpy(self._reached.copy())
        return {"active": active, "scores": scores, "reached": reached, **kept}

    @torch.inference_mode()
    def restore(self, state: dict[str, Tensor], epochs: int) -> None:
        """Go on from what `state` returned after so many epochs: on a CPU with the same bits as if uninterrupted."""
        self.best_epochs = state["best_epochs"].numpy().copy()
        self._scores, self._reached = state["scores"].numpy().copy(), state["reached"].numpy().copy()
        self._best.copy_(state["best"])
        self._leave_but(torch.nonzero(state["active"]).flatten().tolist())
        adamw = self.step.adamw
        adamw.steps.fill_(epochs * self.steps)
        if self.active:
            for name, tensor in (("weights", self.stack.flat), ("first_moments", adamw.first)):
                tensor.copy_(state[name][self.active])
            adamw.second.copy_(state["second_moments"][self.active])

    def best_heads(self) -> StackedHeads:
        """Return the heads as of each run's best epoch."""
        weights, biases = self.stack.layers(self._best.to("cpu", torch.float32))
        return StackedHeads(
            weights=tuple(weight.contiguous().numpy() for weight in weights),
            biases=tuple(bias.contiguous().numpy() for bias in biases),
            mean=np.stack([rows.standardisation.mean for rows in self.rows]),
            deviation=np.stack([rows.standardisation.deviation for rows in self.rows]),
        )

    def _validate(self) -> NDArray[np.float64]:
        """Return mean cross-entropy and accuracy (2, R) of the active runs on the validation rows of their classes.

        Both are NaN where there are no such rows.
        """
        rows = [self.rows[run] for run in self.active]
        sums = torch.zeros(3, len(rows), device=self._best.device, dtype=torch.float64)
        at_once = VALIDATION_ROWS_AT_ONCE[self._best.device.type]
        for start in range(0, len(rows[0].validation_targets), at_once):
            part = slice(start, start + at_once)
            logits = self.stack.outputs_of(_side_by_side([own.validation_embeddings[part] for own in rows]))
            sums += validation_sums(logits, rows[0].validation_targets[part], self.allowed)
        means: NDArray[np.float64] = (sums[:2] / sums[2]).cpu().numpy()
        return means

    def _better(self, epoch: int, losses: NDArray[np.float64], accuracies: NDArray[np.float64]) -> list[int]:
        """Return the active runs that have never been as good; losses and accuracies are those of all (R,).

        Better is a higher accuracy, or as high a one at a lower loss; where nothing was measured, the latest.
        """
        better = []
        for run in self.active:
            score = accuracies[run], -losses[run]
            if epoch == 0 or np.isnan(accuracies[run]) or score > tuple(self._scores[run]):
                self._scores[run], self._reached[run] = score, epoch + 1
                better.append(run)
        return better


def validation_sums(logits: Tensor, targets: Tensor, allowed: Tensor) -> Tensor:
    """Return sums (3, R) of what R heads make of rows with targets (B,); logits (R, B, K) are overwritten.

    Only the classes that are allowed (R, K; 1.0 or 0.0) are answers, and only rows whose target is one of them count.
    The sums are of the cross-entropies of these rows, of those whose target has the highest logit (the first of equal
    ones), and of all of them. A row whose cross-entropy is NaN is not right.
    """
    logits += torch.where(allowed > 0, 0, -torch.inf).unsqueeze(1)  # faster than a mask, whose rows are all alike
    target = targets.expand(len(logits), -1)
    seen = allowed.gather(1, target) > 0
    losses = -logits.log_softmax(-1).gather(-1, target.unsqueeze(-1)).squeeze(-1)
    right = (logits.argmax(-1) == target) & ~losses.isnan()  # of a dead head the first class is the highest
    return torch.stack([torch.where(seen, losses, 0).double().sum(1), (right & seen).sum(1), seen.sum(1)])


def one_cycle(progress: float) -> float:
    """Return the share of the peak learning rate at `progress` in [0, 1] of the training.

    Up from 1/25 in the first 30%, then down to almost nothing, both along a cosine. Source: Smith & Topin,
    arXiv:1708.07120, in the form and with the constants of PyTorch's OneCycleLR.
    """
    start, end, rise = 1 / 25, 1 / 250_000, 0.3
    low, part = (start, progress / rise) if progress < rise else (end, (1 - progress) / (1 - rise))
    return low + (1 - low) * (1 - math.cos(math.pi * part)) / 2


def _side_by_side(parts: list[Tensor]) -> Tensor:
    """Return parts (B, D) of R runs as (R, B, D), without a copy where all are of the same rows."""
    if all(part.data_ptr() == parts[0].data_ptr() for part in parts):
        return parts[0].expand(len(parts), -1, -1)
    return torch.stack(parts)


def _allowed_outputs(runs: Sequence[Run], classes: int, outputs: int) -> Tensor:
    """Return (R, outputs) with 1.0 for the classes of each run."""
    allowed = np.zeros((len(runs), outputs))
    for row, run in zip(allowed, runs, strict=True):
        row[:classes] = True if run.classes is None else run.classes
    return torch.from_numpy(allowed)
