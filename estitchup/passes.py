"""Elementwise work of a training step in as few passes over memory as it takes.

On a CPU the passes are loops compiled by Numba, since PyTorch's operations go over memory once for each part of them.
On a GPU they are PyTorch's operations, which a CUDA graph can record. The tests hold them against each other.
"""

import os
from pathlib import Path

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.augment import BYTE_VALUES, mixup, stitchup
from estitchup.draws import SPLIT_FIRST, SPLIT_SECOND, SPLIT_STEP, random_bytes
from estitchup.home import home_folder
from estitchup.recipe import Mix

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
# Sums in any order, and no look-out for NaN in a maximum: without that freedom neither is vectorised.
_compiled_sums = numba.njit(nogil=True, cache=_KEPT, error_model="numpy", fastmath={"reassoc", "nnan", "nsz"})


def in_loops(tensor: Tensor) -> bool:
    """Return True where a pass over this tensor is a compiled loop."""
    return tensor.device.type == "cpu"


def mixed_rows(
    embeddings: Tensor, first: Tensor, second: Tensor, mix: Mix, share: Tensor, streams: Tensor, out: Tensor
) -> None:
    """Write the rows `first` of embeddings (N, D), mixed with the rows `second`, to out (V, B, D).

    first and second hold positions (V, B), share λ (V, B) in [0, 1], streams (V,) those of `random_bytes`.
    """
    if mix is Mix.NONE:
        torch.index_select(embeddings, 0, first.flatten(), out=out.flatten(0, 1))
    elif in_loops(out):
        rows = embeddings.numpy(), first.numpy(), second.numpy(), share.numpy()
        if mix is Mix.MIXUP:
            _mixup_rows(*rows, out.numpy())
        else:
            _stitch_rows(*rows, streams.numpy(), out.numpy())
    else:
        x, other = embeddings[first], embeddings[second]
        if mix is Mix.MIXUP:
            mixup(x, other, share, out=out)
        else:
            stitchup(x, other, share, random_bytes(streams, *x.shape[1:]), out=out)


def loss_gradient_(logits: Tensor, targets: Tensor, parts: Tensor, allowed: Tensor, loss: Tensor) -> None:
    """Overwrite logits (R, B, K) with the gradient of the weighted loss by them, and add that loss to loss (R,).

    The loss is w times `augment.soft_cross_entropy`, whose target is w₁ of the class targets[0], w₂ of targets[1], both
    (R, B), and w₃ spread over the classes that are allowed (R, K; 1.0 or 0.0): parts (3, R, B) holds w₁, w₂ and w₃,
    and w is their sum. Classes that are not allowed get the gradient 0.
    """
    if in_loops(logits):
        arguments = logits.numpy(), targets.numpy(), parts.numpy(), allowed.numpy(), loss.numpy()
        _shift(*arguments)
        logits.exp_()  # vectorised, which Numba's is not
        _settle(*arguments)
        return
    first, second, spread = parts
    allowed = allowed.unsqueeze(1)
    share, weight = allowed / allowed.sum(-1, keepdim=True), first + second + spread
    logits.masked_fill_(allowed == 0, -torch.inf).sub_(logits.amax(-1, keepdim=True))
    own, other = (logits.gather(-1, target.unsqueeze(-1)).squeeze(-1) for target in targets)
    mean = (torch.where(allowed > 0, logits, 0) * share).sum(-1)
    total = logits.exp_().sum(-1)
    logits.mul_((weight / total).unsqueeze(-1)).sub_(spread.unsqueeze(-1) * share)
    for target, part in zip(targets, (first, second), strict=True):
        logits.scatter_add_(-1, target.unsqueeze(-1), -part.unsqueeze(-1))
    loss.add_((weight * total.log() - first * own - second * other - spread * mean).sum(-1))


def add_scores_(logits: Tensor, targets: Tensor, allowed: Tensor, sums: Tensor) -> None:
    """Overwrite logits (R, B, K), and add to sums (3, R) what R heads make of rows with targets (B,).

    The sums are of cross-entropies, of rows where the highest logit is the target's (the first of equal ones; never
    where it is NaN), and of rows that count: those of a target that is allowed (R, K; 1.0 or 0.0). Other classes are
    no answer.
    """
    if in_loops(logits):
        arguments = logits.numpy(), targets.numpy(), allowed.numpy(), sums.numpy()
        _count(*arguments)
        _lower(*arguments)
        logits.exp_()
        _normalise(*arguments)
        return
    logits.masked_fill_(allowed.unsqueeze(1) == 0, -torch.inf)
    target = targets.expand(len(logits), -1)
    seen = allowed.gather(1, target)
    losses = -logits.log_softmax(-1).gather(-1, target.unsqueeze(-1)).squeeze(-1)
    sums[0] += torch.where(seen > 0, losses, 0).sum(1)
    sums[1] += ((logits.argmax(-1) == target) & ~losses.isnan()).mul(seen).sum(1)
    sums[2] += seen.sum(1)


def add_relu_(x: Tensor, bias: Tensor) -> Tensor:
    """Overwrite x (R, B, H) with max(x + bias, 0) and return it; bias (R, H)."""
    if not in_loops(x):
        return x.add_(bias.unsqueeze(1)).relu_()
    _add_relu(x.numpy(), bias.numpy())
    return x


def relu_backward_(gradient: Tensor, output: Tensor, bias_gradient: Tensor) -> None:
    """Set gradient (R, B, H) to 0 where ReLU's output is, and bias_gradient (R, H) to its sum over the batch."""
    if in_loops(gradient):
        _relu_backward(gradient.numpy(), output.numpy(), bias_gradient.numpy())
    else:
        # What autograd calls for ReLU; multiplying by (output > 0) would write a mask first.
        torch.ops.aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)
        torch.sum(gradient, 1, out=bias_gradient)


@_compiled
def _draw(stream: np.uint64, row: int, words: NDArray[np.uint64]) -> None:
    """Write the row's numbers of `random_bytes` to words."""
    for word in range(len(words)):
        mixed = stream + np.uint64(row * len(words) + word + 1) * np.uint64(SPLIT_STEP)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(SPLIT_FIRST)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(SPLIT_SECOND)
        words[word] = mixed ^ (mixed >> np.uint64(31))


@_compiled
def _mixup_rows(
    embeddings: Floats, first: NDArray[np.int64], second: NDArray[np.int64], share: Floats, out: Floats
) -> None:
    for view in range(out.shape[0]):
        for i in range(out.shape[1]):
            x, other, mixed = embeddings[first[view, i]], embeddings[second[view, i]], out[view, i]
            own = share[view, i]
            rest = share.dtype.type(1) - own
            for j in range(out.shape[2]):
                mixed[j] = own * x[j] + rest * other[j]


@_compiled
def _stitch_rows(
    embeddings: Floats,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    share: Floats,
    streams: NDArray[np.int64],
    out: Floats,
) -> None:
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
def _add_relu(x: Floats, bias: Floats) -> None:
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
def _relu_backward(gradient: Floats, output: Floats, bias_gradient: Floats) -> None:
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


@_compiled_sums
def _shift(logits: Floats, targets: NDArray[np.int64], parts: Floats, allowed: Floats, loss: Floats) -> None:
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
def _settle(exponents: Floats, targets: NDArray[np.int64], parts: Floats, allowed: Floats, loss: Floats) -> None:
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


@_compiled
def _count(logits: Floats, targets: NDArray[np.int64], allowed: Floats, sums: NDArray[np.float64]) -> None:
    """Count the rows of allowed targets, and those that their target wins; NaN is neither less nor more."""
    for run in range(logits.shape[0]):
        for i in range(logits.shape[1]):
            row, target = logits[run, i], targets[i]
            if allowed[run, target] > 0:
                sums[1, run] += _wins(row, target, allowed[run])
                sums[2, run] += 1


@_compiled
def _wins(row: Floats, target: int, allowed: Floats) -> bool:
    for j in range(len(row)):
        less = row[j] < row[target] if j < target else row[j] <= row[target]
        if allowed[j] > 0 and not less:
            return False
    return True


@_compiled_sums
def _lower(logits: Floats, targets: NDArray[np.int64], allowed: Floats, sums: NDArray[np.float64]) -> None:
    """Subtract the largest from the logits of a row, and start its loss with what the target takes from it."""
    zero, lowest = logits.dtype.type(0), logits.dtype.type(-np.inf)
    floor = np.empty(logits.shape[2], logits.dtype)
    for run in range(logits.shape[0]):
        for j in range(len(floor)):
            floor[j] = zero if allowed[run, j] > zero else lowest
        for i in range(logits.shape[1]):
            row = logits[run, i]
            top = lowest
            for j in range(logits.shape[2]):
                value = row[j] + floor[j]
                top = value if value > top else top
            if allowed[run, targets[i]] > zero:
                sums[0, run] += top - row[targets[i]]
            for j in range(logits.shape[2]):
                row[j] = row[j] + (floor[j] - top)


@_compiled_sums
def _normalise(exponents: Floats, targets: NDArray[np.int64], allowed: Floats, sums: NDArray[np.float64]) -> None:
    """Add the logarithm of the sum of a row's exponentials to its loss."""
    zero = exponents.dtype.type(0)
    for run in range(exponents.shape[0]):
        for i in range(exponents.shape[1]):
            if allowed[run, targets[i]] > zero:
                total = zero
                for j in range(exponents.shape[2]):
                    total += exponents[run, i, j]
                sums[0, run] += np.log(total)
