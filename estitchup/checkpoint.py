"""A training that can go on after its process died: its state after an epoch, in one file.

The file is written under another name and moved into place, so that it is always a whole one. What comes later depends
on the state and on (seed, epoch) alone (`draws.py`): a resumed training gives the same bits as one that never stopped.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from estitchup.group import GroupTrainer


@dataclass(frozen=True)
class Checkpoint:
    """Where the state of one training is kept."""

    path: Path

    def save(self, epochs: int, curves: NDArray[np.float64], seconds: float, groups: Sequence[GroupTrainer]) -> None:
        """Keep the state after so many epochs, replacing an earlier one."""
        tensors = {"curves": torch.from_numpy(curves), "done": torch.tensor([epochs, seconds], dtype=torch.float64)}
        for i, group in enumerate(groups):
            tensors |= {f"{i}.{name}": tensor for name, tensor in group.state().items()}
        partial = self.path.with_suffix(".partial")
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial)
        os.replace(partial, self.path)

    def restore(self, groups: Sequence[GroupTrainer]) -> tuple[int, NDArray[np.float64], float] | None:
        """Put the groups into the kept state; return epochs done, curves and seconds, None when nothing is kept."""
        if not self.path.exists():
            return None
        tensors = load_file(self.path)
        for i, group in enumerate(groups):
            prefix = f"{i}."
            group.restore({n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})
        epochs, seconds = tensors["done"].tolist()
        return int(epochs), tensors["curves"].numpy().copy(), seconds

    def discard(self) -> None:
        """Forget the state."""
        self.path.unlink(missing_ok=True)
