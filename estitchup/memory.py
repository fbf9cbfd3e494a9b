"""Whether an experiment fits into memory, asked before the work: out of memory, a process may end without a word."""

import itertools
import os
from collections.abc import Sequence

from estitchup.errors import EstitchupError

COPIES_OF_WEIGHTS = 6  # weights, gradients, AdamW's two moments, the best epoch's weights, and the trained heads
BYTES = 4  # of a number


def check_memory(runs: int, widths: Sequence[int], texts: int) -> None:
    """Raise EstitchupError when heads of these widths and their logits of so many texts exceed the memory."""
    needed, there = memory_needed(runs, widths, texts), physical_memory()
    if there is not None and needed > there:
        raise EstitchupError(
            f"{runs:,} runs with {widths[-1]:,} classes need at least {needed / 1e9:.0f} GB of memory, and this "
            f"machine has {there / 1e9:.0f}: choose fewer seeds or augmentations, a smaller head, or fewer classes."
        )


def memory_needed(runs: int, widths: Sequence[int], texts: int) -> int:
    """Return the bytes that weights in training and logits take at least."""
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    return BYTES * runs * (COPIES_OF_WEIGHTS * weights + texts * widths[-1])


def physical_memory() -> int | None:
    """Return the bytes of the machine's memory, None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
