"""What is trained: a cell of the grid {none, E-Mixup, E-Stitchup} × {hard, soft labels}, a head, a schedule.

Names and numbers only, so that a page can speak of them without loading PyTorch. The arithmetic is in `augment.py`,
`heads.py` and `training.py`.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from estitchup.errors import EstitchupError
from estitchup.settings import Settings


class Mix(StrEnum):
    """How two embeddings become one."""

    NONE = "none"
    MIXUP = "mixup"
    STITCHUP = "stitchup"


DEFAULT_ALPHA = 0.1
DEFAULT_EPSILON = 0.1
STEPS_PER_EPOCH = 30

_MIX_NAMES = {Mix.MIXUP: "E-Mixup", Mix.STITCHUP: "E-Stitchup"}


class Augmentation(Settings):
    """One cell of the grid.

    `alpha` > 0 is the parameter of λ ~ Beta(α, α); `epsilon` in [0, 1) softens the labels, drawn for each sample
    from U(0, ε) when `epsilon_random`; `share` in [0, 1] is the share of the pairs that are mixed.
    """

    mix: Mix = Mix.NONE
    epsilon: float = Field(0.0, ge=0.0, lt=1.0)
    epsilon_random: bool = False
    alpha: float = Field(DEFAULT_ALPHA, gt=0.0, le=100.0)
    share: float = Field(default=1.0, ge=0.0, le=1.0)

    @property
    def soft(self) -> bool:
        """Return True when the labels are softened."""
        return self.epsilon > 0.0

    @property
    def name(self) -> str:
        """Return the cell's name, such as "Soft E-Stitchup"."""
        if self.mix is Mix.NONE:
            return "Label softening" if self.soft else "No augmentation"
        return f"Soft {_MIX_NAMES[self.mix]}" if self.soft else _MIX_NAMES[self.mix]

    @property
    def parameters(self) -> dict[str, float | bool | str]:
        """Return the parameters that act in this cell, and only those."""
        acting: dict[str, float | bool | str] = {"mix": self.mix.value}
        if self.mix is not Mix.NONE:
            acting |= {"alpha": self.alpha, "share": self.share}
        if self.soft:
            acting |= {"epsilon": self.epsilon, "epsilon_random": self.epsilon_random}
        return acting

    @classmethod
    def named(cls, name: str, alpha: float = DEFAULT_ALPHA, epsilon: float = DEFAULT_EPSILON) -> Self:
        """Return the cell of this name; KeyError when there is none, EstitchupError for soft labels with ε = 0."""
        mix, soft = CELLS[name]
        if soft and epsilon == 0:
            raise EstitchupError(f"{name} needs an ε above 0: raise ε, or choose the cell with hard labels.")
        return cls(mix=mix, alpha=alpha, epsilon=epsilon if soft else 0.0)


CELLS: dict[str, tuple[Mix, bool]] = {
    "No augmentation": (Mix.NONE, False),
    "Label softening": (Mix.NONE, True),
    "E-Mixup": (Mix.MIXUP, False),
    "Soft E-Mixup": (Mix.MIXUP, True),
    "E-Stitchup": (Mix.STITCHUP, False),
    "Soft E-Stitchup": (Mix.STITCHUP, True),
}
BASELINE = "No augmentation"


def full_grid(alpha: float = DEFAULT_ALPHA, epsilon: float = DEFAULT_EPSILON) -> tuple[Augmentation, ...]:
    """Return all six cells, the baseline first."""
    return tuple(Augmentation.named(name, alpha, epsilon) for name in CELLS)


class HeadSpec(Settings):
    """What a head looks like: `kind`, and the width of the hidden layer of an MLP (1 to 4,096)."""

    kind: Literal["linear", "mlp"] = "mlp"
    hidden: int = Field(512, ge=1, le=4096)

    def widths(self, dimension: int, classes: int) -> list[int]:
        """Return the widths from input to output, such as [384, 512, 150]."""
        return [dimension, classes] if self.kind == "linear" else [dimension, self.hidden, classes]


class TrainingSpec(Settings):
    """How to train: AdamW under a one-cycle schedule that peaks at `learning_rate`.

    A run ends early when its validation has not improved for `patience` epochs (None: never); its best weights count.
    `batch_size` None takes a batch that gives some thirty steps an epoch, from 32 rows to 256 (`batch_size_for`).
    """

    epochs: int = Field(12, ge=1, le=1000)
    batch_size: int | None = Field(None, ge=2, le=65536)
    learning_rate: float = Field(2e-3, gt=0.0, le=10.0)
    weight_decay: float = Field(0.01, ge=0.0, le=10.0)
    patience: int | None = Field(None, ge=1, le=1000)

    def batch_size_for(self, rows: int) -> int:
        """Return the batch size for a number of training rows."""
        if self.batch_size is not None:
            return self.batch_size
        power = round(math.log2(max(rows, 1) / STEPS_PER_EPOCH))
        return int(min(256, max(32, 2.0**power)))


@dataclass(frozen=True)
class Run:
    """One augmentation with one seed.

    `rows` are positions of its training rows (None: all); `classes` (K,) marks the classes it knows (None: all).
    """

    augmentation: Augmentation
    seed: int
    rows: NDArray[np.int64] | None = None
    classes: NDArray[np.bool_] | None = None
