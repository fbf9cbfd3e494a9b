"""Which runs train side by side.

On a CPU the stack is cut into groups, and every core trains its own (`cores.py`). On a GPU the whole stack is one group
while memory allows.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import torch

from estitchup.draws import steps_per_epoch
from estitchup.errors import EstitchupError
from estitchup.recipe import HeadSpec, Run, TrainingSpec
from estitchup.streams import TrainingData

GROUP_BYTES = 64_000_000  # of weights, moments and batches on each core (measured, docs/decisions.md)
VALIDATION_ROWS_AT_ONCE = {"cpu": 256, "cuda": 1024}
COPIES_OF_WEIGHTS = 4  # weights, gradients and AdamW's two moments


def grouped(runs: Sequence[Run], all_rows: int, spec: TrainingSpec, size: int, cores: int) -> list[list[int]]:
    """Cut the runs into groups of at most `size` and of equal steps per epoch; return their positions.

    Runs with one seed and one mix stay neighbours: hard and soft twins see the same mixed batch, which a group makes
    only once. The groups of equal steps are as many as the cores or a multiple, so that no core waits for long.
    """
    if not runs:
        raise EstitchupError("There is nothing to train: choose at least one augmentation and one seed.")

    def steps(i: int) -> int:
        own = runs[i].rows
        rows = all_rows if own is None else len(own)
        return steps_per_epoch(rows, spec.batch_size_for(rows))

    def alike(i: int) -> tuple[int, int, str, float]:
        augmentation = runs[i].augmentation
        return steps(i), runs[i].seed, augmentation.mix, augmentation.alpha

    groups: list[list[int]] = []
    for _, equal in itertools.groupby(sorted(range(len(runs)), key=alike), key=steps):
        members = list(equal)
        count = -(-len(members) // size)
        count = min(len(members), -(-count // cores) * cores)
        groups += [part.tolist() for part in np.array_split(members, count)]
    return groups


def runs_that_fit(data: TrainingData, head: HeadSpec, batch_size: int, device: torch.device) -> int:
    """Return how many runs to train side by side: as many as GROUP_BYTES hold, or half the memory of a GPU."""
    widths = head.widths(data.embeddings.shape[1], data.classes)
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    batch = batch_size * 2 * sum(widths)  # what each layer gets and gives, and gradients
    if device.type != "cuda":
        fitting = GROUP_BYTES // (4 * (COPIES_OF_WEIGHTS * weights + batch))
        return max(1, fitting // 2 * 2)  # hard and soft twins stay together
    epoch = len(data.targets) * 12  # positions, targets and parts of a run's epoch, as floats
    validation = min(len(data.validation_targets), 2 * VALIDATION_ROWS_AT_ONCE["cuda"]) * 3 * sum(widths)
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, int(free // 2 // (4 * ((2 * COPIES_OF_WEIGHTS + 1) * weights + 4 * batch + validation + epoch))))
