"""Elementwise work of a training step in as few passes over memory as it takes.

On a CPU the passes are compiled loops (`loops.py`), since PyTorch's operations go over memory once for each part of
them. On a GPU they are PyTorch's operations, which a CUDA graph can record. The tests hold them against each other.
"""

import torch
from torch import Tensor

from estitchup import loops
from estitchup.augment import mixup, stitchup
from estitchup.draws import random_bytes
from estitchup.recipe import Mix


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
            loops.mixup_rows(*rows, out.numpy())
        else:
            loops.stitchup_rows(*rows, streams.numpy(), out.numpy())
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
        loops.start_loss(*arguments)
        logits.exp_()  # vectorised, which Numba's is not
        loops.end_loss(*arguments)
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


def add_relu_(x: Tensor, bias: Tensor) -> Tensor:
    """Overwrite x (R, B, H) with max(x + bias, 0) and return it; bias (R, H)."""
    if not in_loops(x):
        return x.add_(bias.unsqueeze(1)).relu_()
    loops.add_relu(x.numpy(), bias.numpy())
    return x


def relu_backward_(gradient: Tensor, output: Tensor, bias_gradient: Tensor) -> None:
    """Set gradient (R, B, H) to 0 where ReLU's output is, and bias_gradient (R, H) to its sum over the batch."""
    if in_loops(gradient):
        loops.relu_backward(gradient.numpy(), output.numpy(), bias_gradient.numpy())
    else:
        # What autograd calls for ReLU; multiplying by (output > 0) would write a mask first.
        torch.ops.aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)
        torch.sum(gradient, 1, out=bias_gradient)
