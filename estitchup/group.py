"""One group of runs in training: weights, optimiser, and one epoch after another.

The runs of a group take equally many steps. Runs with one seed and one set of rows share their batches (a `_Stream`),
and runs that also mix alike share the mixed embeddings; only the weights are each run's own.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.augment import mixup, random_bytes, soft_cross_entropy_gradient_, stitchup
from estitchup.draws import (
    Purpose,
    batch_width,
    draw_batches,
    draw_epsilon,
    draw_share,
    steps_per_epoch,
    torch_generator,
)
from estitchup.heads import HeadStack
from estitchup.progress import Cancel
from estitchup.recipe import Augmentation, HeadSpec, Mix, Run, TrainingSpec
from estitchup.trained import StackedHeads, Standardisation

VALIDATION_ROWS_AT_ONCE = 4096

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class TrainingData:
    """What the runs see: embeddings (N, D) with targets (N,) in 0..K−1, and the same for validation."""

    embeddings: NDArray[np.float32]
    targets: NDArray[np.int64]
    validation_embeddings: NDArray[np.float32]
    validation_targets: NDArray[np.int64]
    classes: int


@dataclass(frozen=True)
class ResidentRows:
    """One set of training rows on the device, standardised by its own mean and deviation, and validation likewise."""

    standardisation: Standardisation
    embeddings: Tensor
    targets: Tensor
    validation_embeddings: Tensor
    validation_targets: Tensor

    @classmethod
    def of(
        cls, data: TrainingData, rows: NDArray[np.int64] | None, device: torch.device, dtype: torch.dtype
    ) -> "ResidentRows":
        """Move the rows (None: all) to the device."""
        embeddings = data.embeddings if rows is None else data.embeddings[rows]
        targets = data.targets if rows is None else data.targets[rows]
        standardisation = Standardisation.of(embeddings)

        def standardised(vectors: NDArray[np.float32]) -> Tensor:
            return torch.from_numpy(standardisation.apply(vectors)).to(device, dtype)

        return cls(
            standardisation,
            standardised(embeddings),
            torch.from_numpy(targets).to(device),
            standardised(data.validation_embeddings),
            torch.from_numpy(data.validation_targets).to(device),
        )


class _Stream:
    """The batches of one seed over one set of rows, for one epoch."""

    def __init__(self, rows: ResidentRows, seed: int, batch_size: int, epoch: int, width: int):
        batches = draw_batches(len(rows.targets), batch_size, seed, epoch)
        device = rows.targets.device
        self.rows, self.seed, self.epoch, self.shape = rows, seed, epoch, batches.first.shape
        self.first = torch.from_numpy(_padded(batches.first, width)).to(device)
        self.second = torch.from_numpy(_padded(batches.second, width)).to(device)
        self.weight = torch.from_numpy(_padded(batches.weight, width)).to(device, rows.embeddings.dtype)
        self.bits = torch_generator(seed, Purpose.STITCH, epoch, device=device)

    def noise(self) -> Tensor:
        """Return bytes (B, D) for one step; a padded row has weight 0, so any bytes do for it."""
        noise = random_bytes(self.shape[1], self.rows.embeddings.shape[1], self.bits)
        return torch.nn.functional.pad(noise, (0, 0, 0, self.first.shape[1] - len(noise)))


class GroupTrainer:
    """Train a group of runs and remember each one's weights as of its best epoch."""

    def __init__(
        self, runs: Sequence[Run], rows: Sequence[ResidentRows], classes: int, head: HeadSpec, spec: TrainingSpec
    ) -> None:
        self.runs, self.rows, self.spec = runs, rows, spec
        like = rows[0].embeddings
        self.batch_sizes = [spec.batch_size_for(len(own.targets)) for own in rows]
        self.steps = steps_per_epoch(len(rows[0].targets), self.batch_sizes[0])
        self.stack = HeadStack(head, like.shape[1], classes, [run.seed for run in runs], like.device, like.dtype)
        self.allowed = _allowed_classes(runs, classes, like)
        self.optimizer = torch.optim.AdamW(
            self.stack.parameters, lr=spec.learning_rate, weight_decay=spec.weight_decay, fused=True
        )
        self.best_epochs = np.zeros(len(runs), np.int64)
        self._best_scores = [(-1.0, 0.0)] * len(runs)
        self._best = [parameter.clone() for parameter in self.stack.parameters]

    @torch.inference_mode()
    def epoch(self, epoch: int, cancel: Cancel | None) -> NDArray[np.float64] | None:
        """Train one epoch (counted from 0); return training loss, validation loss and accuracy (3, R).

        Returns None when cancelled in the middle; the best weights so far stay.
        """
        streams = self._streams(epoch)
        share = torch.stack([_drawn(draw_share, run, s) for run, s in zip(self.runs, streams, strict=True)])
        epsilon = torch.stack([_drawn(draw_epsilon, run, s) for run, s in zip(self.runs, streams, strict=True)])
        weight = torch.stack([stream.weight for stream in streams])  # (R, steps, B), as all that follow
        target = torch.stack([stream.rows.targets[stream.first] for stream in streams])
        other = torch.stack([stream.rows.targets[stream.second] for stream in streams])
        training_loss = torch.zeros_like(weight[:, 0, 0])
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
            training_loss += (loss * weight[:, step]).sum(-1)
            self._update(epoch * self.steps + step)
        losses, accuracies = self._validate()
        self._remember(epoch, losses, accuracies)
        return np.stack([(training_loss / self.steps).cpu().numpy().astype(np.float64), losses, accuracies])

    def _update(self, step: int) -> None:
        """Take one optimiser step; no run's gradient meets another's."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.spec.learning_rate * one_cycle(step / (self.spec.epochs * self.steps))
        self.optimizer.step()

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

    def _streams(self, epoch: int) -> list[_Stream]:
        """Return each run's batches; runs with one seed and one set of rows get the same object."""
        sizes = list(zip(self.runs, self.rows, self.batch_sizes, strict=True))
        width = max(batch_width(len(rows.targets), size) for _, rows, size in sizes)
        made: dict[tuple[int, int], _Stream] = {}
        for run, rows, size in sizes:
            if (run.seed, id(rows)) not in made:
                made[run.seed, id(rows)] = _Stream(rows, run.seed, size, epoch, width)
        return [made[run.seed, id(rows)] for run, rows, _ in sizes]

    def _inputs(self, step: int, streams: list[_Stream], share: Tensor) -> Tensor:
        """Return mixed embeddings (R, B, D); runs that see the same mix share one computation."""
        noise: dict[int, Tensor] = {}
        mixed: dict[tuple[int, Mix, float, float], Tensor] = {}
        views = []
        for run, (stream, run_share) in enumerate(zip(streams, share, strict=True)):
            how = self.runs[run].augmentation
            view = (id(stream), how.mix, how.alpha, how.share)
            if how.mix is Mix.STITCHUP and id(stream) not in noise:
                noise[id(stream)] = stream.noise()
            if view not in mixed:
                mixed[view] = _mix(how.mix, stream, step, run_share, noise.get(id(stream)))
            views.append(mixed[view])
        return torch.stack(views) if len(mixed) > 1 else views[0].expand(len(views), -1, -1)

    def _validate(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean cross-entropy and accuracy (R,) on the validation rows of each run's classes."""
        loss, right, count = (torch.zeros(len(self.runs), device=self._best[0].device) for _ in range(3))
        for start in range(0, len(self.rows[0].validation_targets), VALIDATION_ROWS_AT_ONCE):
            part = slice(start, start + VALIDATION_ROWS_AT_ONCE)
            logits = self.stack.logits(torch.stack([rows.validation_embeddings[part] for rows in self.rows]))
            target = self.rows[0].validation_targets[part].expand(len(self.runs), -1)
            seen = torch.ones_like(target, dtype=logits.dtype)
            if self.allowed is not None:
                logits = logits.masked_fill(self.allowed == 0, -torch.inf)
                seen = self.allowed[:, 0].gather(1, target)
            losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), target, reduction="none")
            loss += torch.where(seen > 0, losses, 0).sum(1)
            right += ((logits.argmax(-1) == target) * seen).sum(1)
            count += seen.sum(1)
        count = count.clamp_min(1)
        return (loss / count).cpu().numpy().astype(np.float64), (right / count).cpu().numpy().astype(np.float64)

    def _remember(self, epoch: int, losses: NDArray[np.float64], accuracies: NDArray[np.float64]) -> None:
        """Copy the weights of the runs that have never been as good: higher accuracy, or as high at a lower loss."""
        for run, score in enumerate(zip(accuracies, -losses, strict=True)):
            if epoch == 0 or score > self._best_scores[run]:
                self._best_scores[run], self.best_epochs[run] = score, epoch + 1
                for best, parameter in zip(self._best, self.stack.parameters, strict=True):
                    best[run].copy_(parameter[run])


def one_cycle(progress: float) -> float:
    """Return the share of the peak learning rate at `progress` in [0, 1] of the training.

    Up from 1/25 in the first 30%, then down to almost nothing, both along a cosine. Source: Smith & Topin,
    arXiv:1708.07120, in the form and with the constants of PyTorch's OneCycleLR.
    """
    start, end, rise = 1 / 25, 1 / 250_000, 0.3
    low, part = (start, progress / rise) if progress < rise else (end, (1 - progress) / (1 - rise))
    return low + (1 - low) * (1 - math.cos(math.pi * part)) / 2


def _mix(mix: Mix, stream: _Stream, step: int, share: Tensor, noise: Tensor | None) -> Tensor:
    first = stream.rows.embeddings[stream.first[step]]
    if mix is Mix.NONE:
        return first
    second = stream.rows.embeddings[stream.second[step]]
    if mix is Mix.MIXUP:
        return mixup(first, second, share)
    assert noise is not None
    return stitchup(first, second, share, noise)


def _drawn(
    draw: Callable[[Augmentation, tuple[int, int], int, int], NDArray[np.float64]], run: Run, stream: _Stream
) -> Tensor:
    """Draw an epoch's numbers for a run and move them, padded, beside its stream's weights (steps, B)."""
    numbers = _padded(draw(run.augmentation, stream.shape, run.seed, stream.epoch), stream.weight.shape[1])
    return torch.from_numpy(numbers).to(stream.weight.device, stream.weight.dtype)


def _padded(numbers: NDArray[Number], width: int) -> NDArray[Number]:
    """Widen (steps, own width) to (steps, width) with zeros."""
    return np.pad(numbers, ((0, 0), (0, width - numbers.shape[1])))


def _allowed_classes(runs: Sequence[Run], classes: int, like: Tensor) -> Tensor | None:
    """Return (R, 1, K) with 1.0 for the classes of each run, or None when every run knows all."""
    if all(run.classes is None for run in runs):
        return None
    masks = [np.ones(classes, bool) if run.classes is None else run.classes for run in runs]
    return torch.from_numpy(np.stack(masks)).unsqueeze(1).to(like.device, like.dtype)
