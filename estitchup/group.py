"""One group of runs in training: weights, optimiser, and one epoch after another.

The runs of a group take equally many steps; only the weights are each run's own. Its state is kept run by run, so that
training can go on in groups of another size, or on another device.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.draws import steps_per_epoch
from estitchup.heads import HeadStack
from estitchup.progress import Cancel
from estitchup.recipe import HeadSpec, Run, TrainingSpec
from estitchup.step import TrainingStep
from estitchup.streams import ResidentRows
from estitchup.trained import StackedHeads

VALIDATION_ROWS_AT_ONCE = 1024


class GroupTrainer:
    """Train a group of runs, remember each one's weights as of its best epoch, and let finished runs leave."""

    def __init__(
        self, runs: Sequence[Run], rows: Sequence[ResidentRows], classes: int, head: HeadSpec, spec: TrainingSpec
    ) -> None:
        self.runs, self.rows, self.spec = runs, rows, spec
        like = rows[0].embeddings
        self.batch_sizes = [spec.batch_size_for(len(own.targets)) for own in rows]
        self.steps = steps_per_epoch(len(rows[0].targets), self.batch_sizes[0])
        self.stack = HeadStack(head, like.shape[1], classes, [run.seed for run in runs], like.device, like.dtype)
        self._allowed_by_run = _allowed_classes(runs, classes, like)
        self.active = list(range(len(runs)))  # the runs in the stack, in the order of its weights
        self.best_epochs = np.zeros(len(runs), np.int64)
        self._best_scores = np.tile([-1.0, -np.inf], (len(runs), 1))  # accuracy, and loss with its sign turned
        self._best = self.stack.flat.clone()
        self._prepare()

    def _prepare(self) -> None:
        """Set up the step of the active runs."""
        self.allowed = None if self._allowed_by_run is None else self._allowed_by_run[self.active]  # (R, 1, K)
        self.step = TrainingStep(
            self.stack,
            [self.runs[run] for run in self.active],
            [self.rows[run] for run in self.active],
            [self.batch_sizes[run] for run in self.active],
            self.allowed,
            self.spec,
        )

    @torch.inference_mode()
    def epoch(self, epoch: int, cancel: Cancel | None) -> NDArray[np.float64] | None:
        """Train one epoch (counted from 0); return training loss, validation loss and accuracy (3, R).

        Runs that have left get NaN. Returns None when cancelled in the middle. The epoch counts once it is given to
        `count`: a stop then leaves all groups with equally many epochs.
        """
        ended = np.full((3, len(self.runs)), np.nan)
        if not self.active:
            return ended
        self.step.begin(epoch)
        for step in range(self.steps):
            if cancel and cancel.is_set():
                return None
            progress = (epoch * self.steps + step) / (self.spec.epochs * self.steps)
            self.step.take(step, self.spec.learning_rate * one_cycle(progress))
        ended[0, self.active] = (self.step.loss / self.steps).cpu().numpy()
        ended[1:, self.active] = self._validate()
        return ended

    @torch.inference_mode()
    def count(self, epoch: int, ended: NDArray[np.float64]) -> None:
        """Remember the runs that have never been as good, and let those leave that no longer improve."""
        _, losses, accuracies = ended[:, self.active]
        self._remember(epoch, losses, accuracies)
        if self.spec.patience is not None:
            self._leave_but(
                [run for run in self.active if epoch + 1 - self.best_epochs[run] < self.spec.patience],
            )

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

    def state(self) -> dict[str, Tensor]:
        """Return all that later epochs depend on, by name, a row for each run; a run that has left has no weights."""
        weights = torch.zeros(3, *self._best.shape, device=self._best.device, dtype=self._best.dtype)
        if self.active:
            adamw = self.step.adamw
            weights[:, self.active] = torch.stack([self.stack.flat, adamw.first, adamw.second])
        active = torch.zeros(len(self.runs), dtype=torch.bool)
        active[self.active] = True
        return {
            "active": active,
            "best_epochs": torch.from_numpy(self.best_epochs),
            "best_scores": torch.from_numpy(self._best_scores),
            "best": self._best,
            "weights": weights[0],
            "first_moments": weights[1],
            "second_moments": weights[2],
        }

    @torch.inference_mode()
    def restore(self, state: dict[str, Tensor], epochs: int) -> None:
        """Go on from what `state` returned after so many epochs: on a CPU with the same bits as if uninterrupted."""
        self.best_epochs = state["best_epochs"].numpy().copy()
        self._best_scores = state["best_scores"].numpy().copy()
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
            biases=tuple(bias[:, 0].contiguous().numpy() for bias in biases),
            mean=np.stack([rows.standardisation.mean for rows in self.rows]),
            deviation=np.stack([rows.standardisation.deviation for rows in self.rows]),
        )

    def _validate(self) -> NDArray[np.float64]:
        """Return mean cross-entropy and accuracy (2, R) of the active runs on the validation rows of their classes."""
        rows = [self.rows[run] for run in self.active]
        loss, right, count = torch.zeros(3, len(rows), device=self._best.device)
        for start in range(0, len(rows[0].validation_targets), VALIDATION_ROWS_AT_ONCE):
            part = slice(start, start + VALIDATION_ROWS_AT_ONCE)
            logits = self.stack.logits(_side_by_side([own.validation_embeddings[part] for own in rows]))
            target = rows[0].validation_targets[part].expand(len(rows), -1)
            seen = torch.ones_like(target, dtype=logits.dtype)
            if self.allowed is not None:
                logits = logits.masked_fill(self.allowed == 0, -torch.inf)
                seen = self.allowed[:, 0].gather(1, target)
            losses = -logits.log_softmax(-1).gather(-1, target.unsqueeze(-1)).squeeze(-1)
            loss += torch.where(seen > 0, losses, 0).sum(1)
            right += ((logits.argmax(-1) == target) * seen).sum(1)
            count += seen.sum(1)
        figures = torch.stack([loss, right]) / count.clamp_min(1)
        means: NDArray[np.float64] = figures.cpu().to(torch.float64).numpy()
        return means

    def _remember(self, epoch: int, losses: NDArray[np.float64], accuracies: NDArray[np.float64]) -> None:
        """Copy the weights of the runs that have never been as good: higher accuracy, or as high at a lower loss."""
        for place, (run, score) in enumerate(zip(self.active, zip(accuracies, -losses, strict=True), strict=True)):
            if epoch == 0 or score > tuple(self._best_scores[run]):
                self._best_scores[run], self.best_epochs[run] = score, epoch + 1
                self._best[run].copy_(self.stack.flat[place])


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


def _allowed_classes(runs: Sequence[Run], classes: int, like: Tensor) -> Tensor | None:
    """Return (R, 1, K) with 1.0 for the classes of each run, or None when every run knows all."""
    if all(run.classes is None for run in runs):
        return None
    masks = [np.ones(classes, bool) if run.classes is None else run.classes for run in runs]
    return torch.from_numpy(np.stack(masks)).unsqueeze(1).to(like.device, like.dtype)
