"""What a training step sees: rows on the device, the batches of an epoch, and how two embeddings become one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.augment import mixup, random_bytes, stitchup
from estitchup.draws import Purpose, draw_batches, torch_generator
from estitchup.recipe import Augmentation, Mix, Run
from estitchup.trained import Standardisation

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


class Stream:
    """The batches (steps, B) of one seed over one set of rows, for one epoch."""

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


def mix(how: Mix, stream: Stream, step: int, share: Tensor, noise: Tensor | None) -> Tensor:
    """Return a step's embeddings (B, D) mixed with their partners; stitching needs bytes (B, D) of `noise`."""
    embeddings = stream.rows.embeddings
    first = embeddings.index_select(0, stream.first[step])  # on a CPU five times as fast as embeddings[...]
    if how is Mix.NONE:
        return first
    second = embeddings.index_select(0, stream.second[step])
    if how is Mix.MIXUP:
        return mixup(first, second, share)
    assert noise is not None
    return stitchup(first, second, share, noise)


def drawn(
    draw: Callable[[Augmentation, tuple[int, int], int, int], NDArray[np.float64]], run: Run, stream: Stream
) -> Tensor:
    """Draw an epoch's numbers for a run and move them, padded, beside its stream's weights (steps, B)."""
    numbers = _padded(draw(run.augmentation, stream.shape, run.seed, stream.epoch), stream.weight.shape[1])
    return torch.from_numpy(numbers).to(stream.weight.device, stream.weight.dtype)


def _padded(numbers: NDArray[Number], width: int) -> NDArray[Number]:
    """Widen (steps, own width) to (steps, width) with zeros."""
    return np.pad(numbers, ((0, 0), (0, width - numbers.shape[1])))
