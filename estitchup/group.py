"""One group of runs in training: weights, optimiser, and one epoch after another.

The runs of a group take equally many steps. Runs with one seed and one set of rows share their batches (a `Stream`),
and runs that also mix alike share the mixed embeddings; only the weights are each run's own.
"""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.augment import soft_cross_entropy_gradient_
from estitchup.draws import batch_width, draw_epsilon, draw_share, steps_per_epoch
from estitchup.heads import HeadStack
from estitchup.progress import Cancel
from estitchup.recipe import HeadSpec, Mix, Run, TrainingSpec
from estitchup.streams import ResidentRows, Stream, drawn, mix
from estitchup.trained import StackedHeads

VALIDATION_ROWS_AT_ONCE = 4096


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
        self._allowed = _allowed_classes(runs, classes, like)
        self.optimizer = self._optimizer()
        self.active = list(range(len(runs)))  # the runs in the stack, in the order of its weights
        self.best_epochs = np.zeros(len(runs), np.int64)
        self._best_scores = np.tile([-1.0, -np.inf], (len(runs), 1))  # accuracy, and loss with its sign turned
        self._best = [parameter.clone() for parameter in self.stack.parameters]

    @torch.inference_mode()
    def epoch(self, epoch: int, cancel: Cancel | None) -> NDArray[np.float64] | None:
        """Train one epoch (counted from 0); return training loss, validation loss and accuracy (3, R).

        Runs that have left get NaN. Returns None when cancelled in the middle. The epoch counts once it is given to
        `count`: a stop then leaves all groups with equally many epochs.
        """
        ended = np.full((3, len(self.runs)), np.nan)
        if not self.active:
            return ended
        training_loss = self._train(epoch, cancel)
        if training_loss is None:
            return None
        losses, accuracies = self._validate()
        ended[:, self.active] = training_loss, losses, accuracies
        return ended

    @torch.inference_mode()
    def count(self, epoch: int, ended: NDArray[np.float64]) -> None:
        """Remember the runs that have never been as good, and let those leave that no longer improve."""
        _, losses, accuracies = ended[:, self.active]
        self._remember(epoch, losses, accuracies)
        self._let_finished_leave(epoch)

    def _train(self, epoch: int, cancel: Cancel | None) -> NDArray[np.float64] | None:
        """Take the steps of one epoch; return each active run's mean training loss."""
        runs, streams = [self.runs[run] for run in self.active], self._streams(epoch)
        share = torch.stack([drawn(draw_share, run, stream) for run, stream in zip(runs, streams, strict=True)])
        epsilon = torch.stack([drawn(draw_epsilon, run, stream) for run, stream in zip(runs, streams, strict=True)])
        weight = torch.stack([stream.weight for stream in streams])  # (R, steps, B), as all that follow
        target = torch.stack([stream.rows.targets[stream.first] for stream in streams])
        other = torch.stack([stream.rows.targets[stream.second] for stream in streams])
        total = torch.zeros_like(weight[:, 0, 0])
        for step in range(self.steps):
            if cancel and cancel.is_set():
                return None
            loss = self.stack.gradients(
                self._inputs(step, streams, share[:, step]),
                partial(
                    soft_cross_entropy_gradient_,
                    target=target[:, step],
                    other=other[:, step],
                    share=share[:, step],
                    epsilon=epsilon[:, step],
                    weight=weight[:, step],
                    allowed=self.allowed,
                ),
            )
            total += (loss * weight[:, step]).sum(-1)
            self._update(epoch * self.steps + step)
        return (total / self.steps).cpu().numpy().astype(np.float64)

    @property
    def allowed(self) -> Tensor | None:
        """Return the classes of the active runs as (R, 1, K), None when every run knows all."""
        return None if self._allowed is None else self._allowed[self.active]

    def _optimizer(self) -> torch.optim.AdamW:
        spec = self.spec
        return torch.optim.AdamW(
            self.stack.parameters, lr=spec.learning_rate, weight_decay=spec.weight_decay, fused=True
        )

    def _update(self, step: int) -> None:
        """Take one optimiser step; no run's gradient meets another's."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.spec.learning_rate * one_cycle(step / (self.spec.epochs * self.steps))
        self.optimizer.step()

    def _let_finished_leave(self, epoch: int) -> None:
        """Take the runs out of the stack that have not improved for `patience` epochs."""
        if self.spec.patience is None:
            return
        staying = [
            place for place, run in enumerate(self.active) if epoch + 1 - self.best_epochs[run] < self.spec.patience
        ]
        if len(staying) == len(self.active):
            return
        moments = [self.optimizer.state[parameter] for parameter in self.stack.parameters]
        self.stack = self.stack.only(staying)
        self.active = [self.active[place] for place in staying]
        self.optimizer = self._optimizer()
        for parameter, state in zip(self.stack.parameters, moments, strict=True):
            self.optimizer.state[parameter] = {
                name: value if value.ndim == 0 else value[staying] for name, value in state.items()
            }

    def state(self) -> dict[str, Tensor]:
        """Return all that later epochs depend on, by name."""
        tensors = {
            "active": torch.tensor(self.active, dtype=torch.int64),
            "best_epochs": torch.from_numpy(self.best_epochs),
            "best_scores": torch.from_numpy(self._best_scores),
        }
        for i, (parameter, best) in enumerate(zip(self.stack.parameters, self._best, strict=True)):
            tensors |= {f"parameter.{i}": parameter, f"best.{i}": best}
            tensors |= {f"moment.{i}.{name}": value for name, value in self.optimizer.state[parameter].items()}
        return tensors

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on from what `state` returned; the next epoch then gives the same bits as if nothing had happened."""
        self.active = state["active"].tolist()
        self.stack = self.stack.only(self.active)
        self.optimizer = self._optimizer()
        self.best_epochs = state["best_epochs"].numpy().copy()
        self._best_scores = state["best_scores"].numpy().copy()
        for i, (parameter, best) in enumerate(zip(self.stack.parameters, self._best, strict=True)):
            parameter.copy_(state[f"parameter.{i}"])
            best.copy_(state[f"best.{i}"])
            prefix = f"moment.{i}."
            self.optimizer.state[parameter] = {
                name.removeprefix(prefix): value.to(parameter.device if value.ndim else "cpu")
                for name, value in state.items()
                if name.startswith(prefix)
            }

    def best_heads(self) -> StackedHeads:
        """Return the heads as of each run's best epoch."""
        arrays = [parameter.to("cpu", torch.float32).numpy() for parameter in self._best]
        layers = len(arrays) // 2
        return StackedHeads(
            weights=tuple(arrays[:layers]),
            biases=tuple(bias[:, 0] for bias in arrays[layers:]),
            mean=np.stack([rows.standardisation.mean for rows in self.rows]),
            deviation=np.stack([rows.standardisation.deviation for rows in self.rows]),
        )

    def _streams(self, epoch: int) -> list[Stream]:
        """Return each active run's batches; runs with one seed and one set of rows get the same object."""
        active = [(self.runs[run], self.rows[run], self.batch_sizes[run]) for run in self.active]
        width = max(batch_width(len(rows.targets), size) for _, rows, size in active)
        made: dict[tuple[int, int], Stream] = {}
        for run, rows, size in active:
            if (run.seed, id(rows)) not in made:
                made[run.seed, id(rows)] = Stream(rows, run.seed, size, epoch, width)
        return [made[run.seed, id(rows)] for run, rows, _ in active]

    def _inputs(self, step: int, streams: list[Stream], share: Tensor) -> Tensor:
        """Return mixed embeddings (R, B, D); runs that see the same mix share one computation."""
        noise: dict[int, Tensor] = {}
        mixed: dict[tuple[int, Mix, float, float], Tensor] = {}
        views = []
        for run, stream, run_share in zip(self.active, streams, share, strict=True):
            how = self.runs[run].augmentation
            view = (id(stream), how.mix, how.alpha, how.share)
            if how.mix is Mix.STITCHUP and id(stream) not in noise:
                noise[id(stream)] = stream.noise()
            if view not in mixed:
                mixed[view] = mix(how.mix, stream, step, run_share, noise.get(id(stream)))
            views.append(mixed[view])
        return torch.stack(views) if len(mixed) > 1 else views[0].expand(len(views), -1, -1)

    def _validate(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean cross-entropy and accuracy (R,) of the active runs on the validation rows of their classes."""
        rows, allowed = [self.rows[run] for run in self.active], self.allowed
        loss, right, count = torch.zeros(3, len(rows), device=self._best[0].device)
        for start in range(0, len(rows[0].validation_targets), VALIDATION_ROWS_AT_ONCE):
            part = slice(start, start + VALIDATION_ROWS_AT_ONCE)
            logits = self.stack.logits(torch.stack([own.validation_embeddings[part] for own in rows]))
            target = rows[0].validation_targets[part].expand(len(rows), -1)
            seen = torch.ones_like(target, dtype=logits.dtype)
            if allowed is not None:
                logits = logits.masked_fill(allowed == 0, -torch.inf)
                seen = allowed[:, 0].gather(1, target)
            losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), target, reduction="none")
            loss += torch.where(seen > 0, losses, 0).sum(1)
            right += ((logits.argmax(-1) == target) * seen).sum(1)
            count += seen.sum(1)
        count = count.clamp_min(1)
        return (loss / count).cpu().numpy().astype(np.float64), (right / count).cpu().numpy().astype(np.float64)

    def _remember(self, epoch: int, losses: NDArray[np.float64], accuracies: NDArray[np.float64]) -> None:
        """Copy the weights of the runs that have never been as good: higher accuracy, or as high at a lower loss."""
        for place, (run, score) in enumerate(zip(self.active, zip(accuracies, -losses, strict=True), strict=True)):
            if epoch == 0 or score > tuple(self._best_scores[run]):
                self._best_scores[run], self.best_epochs[run] = score, epoch + 1
                for best, parameter in zip(self._best, self.stack.parameters, strict=True):
                    best[run].copy_(parameter[place])


def one_cycle(progress: float) -> float:
    """Return the share of the peak learning rate at `progress` in [0, 1] of the training.

    Up from 1/25 in the first 30%, then down to almost nothing, both along a cosine. Source: Smith & Topin,
    arXiv:1708.07120, in the form and with the constants of PyTorch's OneCycleLR.
    """
    start, end, rise = 1 / 25, 1 / 250_000, 0.3
    low, part = (start, progress / rise) if progress < rise else (end, (1 - progress) / (1 - rise))
    return low + (1 - low) * (1 - math.cos(math.pi * part)) / 2


def _allowed_classes(runs: Sequence[Run], classes: int, like: Tensor) -> Tensor | None:
    """Return (R, 1, K) with 1.0 for the classes of each run, or None when every run knows all."""
    if all(run.classes is None for run in runs):
        return None
    masks = [np.ones(classes, bool) if run.classes is None else run.classes for run in runs]
    return torch.from_numpy(np.stack(masks)).unsqueeze(1).to(like.device, like.dtype)
