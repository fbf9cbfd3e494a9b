"""Elementwise work of a training step in one pass over memory each.

On a CPU the passes are loops compiled by Numba, since PyTorch's operations go over memory once for each part of them; on
a GPU they are PyTorch's operations, which a CUDA graph can record. Both are held against each other in the tests.
"""

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.augment import BYTE_VALUES, mixup, stitchup
from estitchup.recipe import Mix

Floats = NDArray[np.float32]  # or float64: each dtype is compiled when it is first met
_compiled = numba.njit(nogil=True, cache=True)
_compiled_sums = numba.njit(nogil=True, cache=True, fastmath={"reassoc", "nnan", "nsz"})  # in the order that is fastest


def in_loops(tensor: Tensor) -> bool:
    """Return True where a pass over this tensor is a compiled loop."""
    return tensor.device.type == "cpu"


def mixed_rows(
    embeddings: Tensor, first: Tensor, second: Tensor, mix: Mix, share: Tensor, noise: Tensor, out: Tensor
) -> None:
    """Write the rows `first` of embeddings (N, D), mixed with the rows `second`, to out (V, B, D).

    first and second hold positions (V, B), share λ (V, B) in [0, 1], noise bytes (V, B, D) for E-Stitchup.
    """
    if mix is Mix.NONE:
        torch.index_select(embeddings, 0, first.flatten(), out=out.flatten(0, 1))
    elif in_loops(out):
        rows = embeddings.numpy(), first.numpy(), second.numpy(), share.numpy()
        if mix is Mix.MIXUP:
            _mixup_rows(*rows, out.numpy())
        else:
            _stitch_rows(*rows, noise.numpy(), out.numpy())
    else:
        x, other = embeddings[first], embeddings[second]
        if mix is Mix.MIXUP:
            mixup(x, other, share, out=out)
        else:
            stitchup(x, other, share, noise, out=out)


def loss_gradient_(logits: Tensor, targets: Tensor, parts: Tensor, allowed: Tensor) -> Tensor:
    """Overwrite logits (R, B, K) with the gradient of the weighted loss by them, and return that loss (R, B).

    The loss is w times `augment.soft_cross_entropy`, whose target is w₁ of the class targets[0], w₂ of targets[1], both
    (R, B), and w₃ spread over the classes that are allowed (R, K; 1.0 or 0.0): parts (3, R, B) holds w₁, w₂ and w₃,
    and w is their sum. Classes that are not allowed get the gradient 0.
    """
    if in_loops(logits):
        arguments = logits.numpy(), targets.numpy(), parts.numpy(), allowed.numpy()
        loss = torch.empty_like(parts[0])
        _shift(*arguments, loss.numpy())
        logits.exp_()
        _settle(*arguments, loss.numpy())
        return loss
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
    return weight * total.log() - first * own - second * other - spread * mean


def add_relu_(x: Tensor, bias: Tensor) -> Tensor:
    """Overwrite x (R, B, H) with max(x + bias, 0) and return it; bias (R, 1, H)."""
    if not in_loops(x):
        return x.add_(bias).relu_()
    _add_relu(x.numpy(), bias[:, 0].numpy())
    return x


def relu_backward_(gradient: Tensor, output: Tensor, bias_gradient: Tensor) -> None:
    """Set gradient (R, B, H) to 0 where ReLU's output is, and bias_gradient (R, 1, H) to its sum over the batch."""
    if in_loops(gradient):
        _relu_backward(gradient.numpy(), output.numpy(), bias_gradient[:, 0].numpy())
    else:
        # What autograd calls for ReLU; multiplying by (output > 0) would write a mask first.
        torch.ops.aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)
        torch.sum(gradient, 1, keepdim=True, out=bias_gradient)


@_compiled
def _mixup_rows(embeddings: Floats, first: NDArray[np.int64], second: NDArray[np.int64], share: Floats, out: Floats):
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
    noise: NDArray[np.uint8],
    out: Floats,
):
    for view in range(out.shape[0]):
        for i in range(out.shape[1]):
            x, other, mixed = embeddings[first[view, i]], embeddings[second[view, i]], out[view, i]
            drawn = noise[view, i]
            cut = np.uint16(round(share[view, i] * BYTE_VALUES))
            for j in range(out.shape[2]):
                one, two = x[j], other[j]  # both are read whatever is chosen, or else nothing is vectorised
                mixed[j] = one if drawn[j] < cut else two


@_compiled
def _add_relu(x: Floats, bias: Floats):
    zero = x.dtype.type(0)  # of this dtype, or else the loop would compute in float64
    for run in range(x.shape[0]):
        added = bias[run].copy()
        for i in range(x.shape[1]):
            row = x[run, i]
            for j in range(x.shape[2]):
                value = row[j] + added[j]
                row[j] = value if value > zero else zero


@_compiled
def _relu_backward(gradient: Floats, output: Floats, bias_gradient: Floats):
    zero = gradient.dtype.type(0)
    for run in range(gradient.shape[0]):
        total = np.zeros_like(bias_gradient[run])
        for i in range(gradient.shape[1]):
            row, passed = gradient[run, i], output[run, i]
            for j in range(gradient.shape[2]):
                value = row[j] if passed[j] > zero else zero
                row[j] = value
                total[j] += value
        bias_gradient[run] = total


@_compiled_sums
def _shift(logits: Floats, targets: NDArray[np.int64], parts: Floats, allowed: Floats, loss: Floats):
    """Subtract the largest from the logits of a row, and start its loss with what the targets take from it."""
    for run in range(logits.shape[0]):
        share = allowed[run] / allowed[run].sum()
        floor = np.where(allowed[run] > 0, logits.dtype.type(0), logits.dtype.type(-np.inf))
        for i in range(logits.shape[1]):
            row = logits[run, i]
            first, second, spread = parts[0, run, i], parts[1, run, i], parts[2, run, i]
            top, mean = floor.dtype.type(-np.inf), floor.dtype.type(0)
            for j in range(logits.shape[2]):
                value = row[j] + floor[j]
                top = value if value > top else top
                mean += row[j] * share[j]
            own, other = row[targets[0, run, i]], row[targets[1, run, i]]
            loss[run, i] = first * (top - own) + second * (top - other) + spread * (top - mean)
            for j in range(logits.shape[2]):
                row[j] = row[j] + (floor[j] - top)


@_compiled_sums
def _settle(exponents: Floats, targets: NDArray[np.int64], parts: Floats, allowed: Floats, loss: Floats):
    """Turn the exponentials of a row into its gradient, and add the logarithm of their sum to its loss."""
    for run in range(exponents.shape[0]):
        share = allowed[run] / allowed[run].sum()
        for i in range(exponents.shape[1]):
            row = exponents[run, i]
            total = exponents.dtype.type(0)
            for j in range(exponents.shape[2]):
                total += row[j]
            first, second, spread = parts[0, run, i], parts[1, run, i], parts[2, run, i]
            weight = first + second + spread
            loss[run, i] += weight * np.log(total)
            scale = weight / total
            for j in range(exponents.shape[2]):
                row[j] = row[j] * scale - spread * share[j]
            row[targets[0, run, i]] -= first
            row[targets[1, run, i]] -= second
