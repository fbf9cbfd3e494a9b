"""What a group of runs sees: rows on the device, the distinct mixes of them, and an epoch laid out step by step.

Runs with one seed, one set of rows and one mix see the same mixed batch: a `View`, made once for all of them. Views
with one set of rows and one mix stand side by side (a `Block`), so that one operation makes the batches of all seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.draws import Batches, byte_streams, draw_batches, draw_epsilon, draw_share
from estitchup.recipe import Augmentation, Mix, Run
from estitchup.trained import Standardisation


@dataclass(frozen=True)
class TrainingData:
    """What the runs see: embeddings (N, D) with targets (N,) in 0..K−1, and the same for validation."""

    embeddings: NDArray[np.float32]
    targets: NDArray[np.int64]
    validation_embeddings: NDArray[np.float32]
    validation_targets: NDArray[np.int64]
    classes: int


@dataclass(frozen=True, eq=False)
class ResidentRows:
    """One set of training rows, standardised by its own mean and deviation, and validation likewise.

    Embeddings (N, D) live on the device; targets (N,) stay with the host, which lays out each epoch.
    """

    standardisation: Standardisation
    embeddings: Tensor
    targets: NDArray[np.int64]
    validation_embeddings: Tensor
    validation_targets: Tensor

    @classmethod
    def of(
        cls, data: TrainingData, rows: NDArray[np.int64] | None, device: torch.device, dtype: torch.dtype
    ) -> "ResidentRows":
        """Move the rows (None: all) to the device."""
        embeddings = data.embeddings if rows is None else data.embeddings[rows]
        standardisation = Standardisation.of(embeddings)

        def standardised(vectors: NDArray[np.float32]) -> Tensor:
            return torch.from_numpy(standardisation.apply(vectors)).to(device, dtype)

        return cls(
            standardisation,
            standardised(embeddings),
            data.targets if rows is None else data.targets[rows],
            standardised(data.validation_embeddings),
            torch.from_numpy(data.validation_targets).to(device),
        )


@dataclass(frozen=True, eq=False)
class View:
    """What runs of one seed, one set of rows and one mix all see; the augmentation's labels do not matter here."""

    rows: ResidentRows
    batch_size: int
    seed: int
    augmentation: Augmentation

    @property
    def key(self) -> tuple[int, int, str, float, float]:
        """Return what tells views apart; without a mix, its parameters do not."""
        how = self.augmentation
        strength = (0.0, 0.0) if how.mix is Mix.NONE else (how.alpha, how.share)
        return id(self.rows), self.seed, how.mix.value, *strength


@dataclass(frozen=True)
class Block:
    """Neighbouring views, `places` of them, that gather from one set of rows and mix alike."""

    rows: ResidentRows
    mix: Mix
    places: slice


def views_of(
    runs: Sequence[Run], rows: Sequence[ResidentRows], batch_sizes: Sequence[int]
) -> tuple[list[View], list[int]]:
    """Return the distinct views of the runs, those of one block side by side, and each run's place among them."""
    seen = [View(own, size, run.seed, run.augmentation) for run, own, size in zip(runs, rows, batch_sizes, strict=True)]
    blocks: dict[tuple[int, str], dict[tuple[int, int, str, float, float], View]] = {}
    for view in seen:
        blocks.setdefault((id(view.rows), view.augmentation.mix), {}).setdefault(view.key, view)
    distinct = {key: view for block in blocks.values() for key, view in block.items()}
    place = {key: i for i, key in enumerate(distinct)}
    return list(distinct.values()), [place[view.key] for view in seen]


def blocks_of(views: Sequence[View]) -> list[Block]:
    """Return the blocks that views from `views_of` stand in."""
    blocks: list[Block] = []
    for place, view in enumerate(views):
        if blocks and blocks[-1].rows is view.rows and blocks[-1].mix is view.augmentation.mix:
            blocks[-1] = Block(view.rows, blocks[-1].mix, slice(blocks[-1].places.start, place + 1))
        else:
            blocks.append(Block(view.rows, view.augmentation.mix, slice(place, place + 1)))
    return blocks


class Plan:
    """One epoch of V views and R runs, laid out on the device; B is the widest batch.

    By view, `positions` (steps, 2, V, B) of rows and of their partners, λ as `shares` (steps, V, B), and the `streams`
    (steps, V) of E-Stitchup's bytes. By run, `targets` (steps, 2, R, B) of both, and `parts` (steps, 3, R, B): what the
    first target, the second and all classes together weigh in the batch's mean, which is w (1 − ε) λ, w (1 − ε) (1 − λ)
    and w ε for a row of weight w; w is 0 where a shorter batch is padded.
    """

    def __init__(self, views: Sequence[View], runs: Sequence[Run], view_of_run: Sequence[int], epoch: int, width: int):
        like = views[0].rows.embeddings
        drawn: dict[tuple[int, int], Batches] = {}
        for view in views:
            if (stream := (id(view.rows), view.seed)) not in drawn:
                drawn[stream] = draw_batches(len(view.rows.targets), view.batch_size, view.seed, epoch)
        batches = [drawn[id(view.rows), view.seed] for view in views]
        steps = len(batches[0].first)
        positions = np.zeros((steps, 2, len(views), width), np.int64)
        shares, streams = np.ones((steps, len(views), width)), np.zeros((steps, len(views)), np.int64)
        for place, (view, own) in enumerate(zip(views, batches, strict=True)):
            positions[:, :, place, : own.first.shape[1]] = np.stack([own.first, own.second], 1)
            shares[:, place, : own.first.shape[1]] = draw_share(view.augmentation, own.first.shape, view.seed, epoch)
            streams[:, place] = byte_streams(steps, view.seed, epoch)
        targets = np.zeros((steps, 2, len(runs), width), np.int64)
        parts = np.zeros((steps, 3, len(runs), width))
        for place, (run, seen) in enumerate(zip(runs, view_of_run, strict=True)):
            targets[:, :, place] = views[seen].rows.targets[positions[:, :, seen]]
            weight = batches[seen].weight
            epsilon = draw_epsilon(run.augmentation, weight.shape, run.seed, epoch)
            share = shares[:, seen, : weight.shape[1]]
            each = np.stack([(1 - epsilon) * share, (1 - epsilon) * (1 - share), epsilon], 1)
            parts[:, :, place, : weight.shape[1]] = each * weight[:, None]
        self.positions, self.streams, self.targets = (
            torch.from_numpy(whole).to(like.device) for whole in (positions, streams, targets)
        )
        self.shares, self.parts = (torch.from_numpy(real).to(like.device, like.dtype) for real in (shares, parts))
