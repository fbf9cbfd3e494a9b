"""A training that can go on after its process died: its state after an epoch, in one file.

The file is written under another name and moved into place, so that it is always a whole one. The state is kept run by
run; what comes later depends on it and on (seed, epoch) alone (`draws.py`). On a CPU a resumed training gives the same
bits as one that never stopped.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from estitchup.errors import EstitchupError


@dataclass(frozen=True)
class Progressed:
    """How far a training had come: whole epochs, curves (3, R, E), seconds, and the state of its R runs by name."""

    epochs: int
    curves: NDArray[np.float64]
    seconds: float
    state: dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """Where the state of one training is kept."""

    path: Path

    def save(self, kept: Progressed) -> None:
        """Keep a state, replacing an earlier one; raises EstitchupError when it cannot be written."""
        done = torch.tensor([kept.epochs, kept.seconds], dtype=torch.float64)
        tensors = kept.state | {"curves": torch.from_numpy(kept.curves), "done": done}
        partial = self.path.with_suffix(".partial")
        try:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial)
            os.replace(partial, self.path)
        except (OSError, SafetensorError) as error:
            partial.unlink(missing_ok=True)
            raise EstitchupError(
                f"The state of the training cannot be written to {str(self.path.parent)!r} ({error}): free some space "
                "there, then resume."
            ) from None

    def load(self) -> Progressed | None:
        """Return the kept state, None when there is none that can be read."""
        try:
            state = load_file(self.path)
            epochs, seconds = state.pop("done").tolist()
            return Progressed(int(epochs), state.pop("curves").numpy().copy(), seconds, state)
        except (OSError, SafetensorError, KeyError):
            return None

    def discard(self) -> None:
        """Forget the state."""
        self.path.unlink(missing_ok=True)
