"""The compiled loops of `passes.py`: NumPy arrays in, NumPy arrays overwritten, by Numba, without Python's lock.

Shapes are those of the pass that calls a loop. R runs, V views, B rows of a batch, K classes, D coordinates.
"""

import os
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from estitchup.augment import BYTE_VALUES
from estitchup.draws import SPLIT_FIRST, SPLIT_SECOND, SPLIT_STEP
from estitchup.home import home_folder

Floats = NDArray[np.float32]  # or float64: each dtype is compiled when it is first met


def _can_keep() -> bool:
    """Let Numba keep what it compiles beside this file, or else at home; return False where neither can be written."""
    if os.environ.get("NUMBA_CACHE_DIR") or os.access(Path(__file__).parent, os.W_OK):
        return True
    folder = home_folder() / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    return True


_KEPT = _can_keep()
# Few of NumPy's functions are called in a loop: each adds to what a newcomer's first training waits. Numba compiles
# anew when this file changes, not when a constant from another does.
_compiled = numba.njit(nogil=True, cache=_KEPT, error_model="numpy")
# Without these freedoms neither is vectorised: sums in any order, and no look-out for NaN in a maximum. A sum of NaN is
# NaN all the same.
_compiled_sums = numba.njit(nogil=True, cache=_KEPT, error_model="numpy", fastmath={"reassoc", "nsz"})
_compiled_maxima = numba.njit(nogil=True, cache=_KEPT, error_model="numpy", fastmath={"reassoc", "nnan", "nsz"})


@_compiled
def _draw(stream: np.uint64, row: int, words: NDArray[np.uint64]) -> None:
    """Write the row's numbers of `random_bytes` to words."""
    for word in range(len(words)):
        mixed = stream + np.uint64(row * len(words) + word + 1) * np.uint64(SPLIT_STEP)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(SPLIT_FIRST)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(SPLIT_SECOND)
        words[word] = mixed ^ (mixed >> np.uint64(31))


@_compiled
def mixup_rows(
    embeddings: Floats, first: NDArray[np.int64], second: NDArray[np.int64], share: Floats, out: Floats
) -> None:
    """Write what `augment.mixup` makes of the rows."""
    for view in range(out.shape[0]):
        for i in range(out.shape[1]):
            x, other, mixed = embeddings[first[view, i]], embeddings[second[view, i]], out[view, i]
            own = share[view, i]
            rest = share.dtype.type(1) - own
            for j in range(out.shape[2]):
                mixed[j] = own * x[j] + rest * other[j]


@_compiled
def stitchup_rows(
    embeddings: Floats,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    share: Floats,
    streams: NDArray[np.int64],
    out: Floats,
) -> None:
    """Write what `augment.stitchup` makes of the rows, with bytes drawn as it goes."""
    words = np.empty((out.shape[2] + 7) // 8, np.uint64)
    drawn = words.view(np.uint8)
    for view in range(out.shape[0]):
        for i in range(out.shape[1]):
            x, other, mixed = embeddings[first[view, i]], embeddings[second[view, i]], out[view, i]
            _draw(np.uint64(streams[view]), i, words)
            cut = np.uint16(np.rint(share[view, i] * BYTE_VALUES))
            for j in range(out.shape[2]):
                one, two = x[j], other[j]  # both are read whatever is chosen, or else nothing is vectorised
                mixed[j] = one if drawn[j] < cut else two


@_compiled
def add_relu(x: Floats, bias: Floats) -> None:
    """Do what `passes.add_relu_` says."""
    zero = x.dtype.type(0)  # of this dtype, or else the loop would compute in float64
    added = np.empty(x.shape[2], x.dtype)
    for run in range(x.shape[0]):
        for j in range(len(added)):
            added[j] = bias[run, j]
        for i in range(x.shape[1]):
            row = x[run, i]
            for j in range(x.shape[2]):
                value = row[j] + added[j]
                row[j] = zero if value < zero else value  # NaN stays, so that nobody takes a dead head for a live one


@_compiled
def relu_backward(gradient: Floats, output: Floats, bias_gradient: Floats) -> None:
    """Do what `passes.relu_backward_` says."""
    zero = gradient.dtype.type(0)
    total = np.empty(gradient.shape[2], gradient.dtype)
    for run in range(gradient.shape[0]):
        for j in range(len(total)):
            total[j] = zero
        for i in range(gradient.shape[1]):
            row, passed = gradient[run, i], output[run, i]
            for j in range(gradient.shape[2]):
                value = row[j] if passed[j] > zero else zero
                row[j] = value
                total[j] += value
        for j in range(len(total)):
            bias_gradient[run, j] = total[j]


@_compiled_maxima
def start_loss(logits: Floats, targets: NDArray[np.int64], parts: Floats, allowed: Floats, loss: Floats) -> None:
    """Subtract the largest from the logits of a row, and start its loss with what the targets take from it."""
    zero, lowest = logits.dtype.type(0), logits.dtype.type(-np.inf)
    floor = np.empty(logits.shape[2], logits.dtype)
    for run in range(logits.shape[0]):
        known = zero
        for j in range(len(floor)):
            known += allowed[run, j]
            floor[j] = zero if allowed[run, j] > zero else lowest
        taken = zero
        for i in range(logits.shape[1]):
            row = logits[run, i]
            first, second, spread = parts[0, run, i], parts[1, run, i], parts[2, run, i]
            top, total = lowest, zero
            for j in range(logits.shape[2]):
                value = row[j] + floor[j]
                top = value if value > top else top
                total += (row[j] - row[0]) * allowed[run, j]
            own, other = row[targets[0, run, i]], row[targets[1, run, i]]
            taken += first * (top - own) + second * (top - other) + spread * (top - row[0] - total / known)
            for j in range(logits.shape[2]):
                row[j] = row[j] + (floor[j] - top)
        loss[run] += taken


@_compiled_sums
def end_loss(exponents: Floats, targets: NDArray[np.int64], parts: Floats, allowed: Floats, loss: Floats) -> None:
    """Turn the exponentials of a row into its gradient, and add the logarithm of their sum to its loss."""
    zero = exponents.dtype.type(0)
    for run in range(exponents.shape[0]):
        known = zero
        for j in range(exponents.shape[2]):
            known += allowed[run, j]
        added = zero
        for i in range(exponents.shape[1]):
            row = exponents[run, i]
            total = zero
            for j in range(exponents.shape[2]):
                total += row[j]
            first, second, spread = parts[0, run, i], parts[1, run, i], parts[2, run, i]
            weight = first + second + spread
            added += weight * np.log(total)
            scale, rest = weight / total, spread / known
            for j in range(exponents.shape[2]):
                row[j] = row[j] * scale - rest * allowed[run, j]
            row[targets[0, run, i]] -= first
            row[targets[1, run, i]] -= second
        loss[run] += added
