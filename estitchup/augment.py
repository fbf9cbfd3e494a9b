"""The paper on one page: E-Mixup, E-Stitchup and label softening as pure tensor functions.

Source: Wolfe & Lundgaard, "E-Stitchup: Data Augmentation for Pre-Trained Embeddings", arXiv:1912.00772.
Departure from the source: targets are never written out as a (B, K) matrix. A mixed and softened target is known by
two class indices and two numbers, and `soft_cross_entropy` needs no more.

Shapes: ... stands for any leading dimensions, here (runs, batch); D coordinates; K classes.
"""

import torch
from torch import Tensor

BYTE_VALUES = 256  # stitchup's choice is made on bytes: the realised share is within 1/512 of λ, eight choices a draw


def mixup(x: Tensor, other: Tensor, share: Tensor, out: Tensor | None = None) -> Tensor:
    """Return λ x + (1 − λ) other; x and other (..., D), share λ (...) in [0, 1]. Written to `out` if one is given."""
    return torch.lerp(other, x, share.unsqueeze(-1), out=out)


def stitchup(x: Tensor, other: Tensor, share: Tensor, noise: Tensor, out: Tensor | None = None) -> Tensor:
    """Take each coordinate from x with probability λ, else from other; written to `out` where one is given.

    x and other (..., D), share λ (...) in [0, 1], noise (..., D) whole numbers from 0 to 255 (`draws.random_bytes`).
    """
    cut = torch.round(share * BYTE_VALUES).unsqueeze(-1)
    return torch.where(noise < cut, x, other, out=out)


def mixed_target(target: Tensor, other: Tensor, share: Tensor, epsilon: Tensor, classes: int) -> Tensor:
    """Write a mixed and softened target out: (1 − ε)(λ y + (1 − λ) y_other) + ε / K, shape (..., K).

    target and other hold class indices (...), share λ and epsilon ε (...) in [0, 1]. Training never calls this; it
    says what `soft_cross_entropy` means, for readers and for tests.
    """
    one_hot = torch.nn.functional.one_hot
    hard = mixup(one_hot(target, classes).to(share.dtype), one_hot(other, classes).to(share.dtype), share)
    return (1 - epsilon.unsqueeze(-1)) * hard + epsilon.unsqueeze(-1) / classes


def soft_cross_entropy(
    logits: Tensor, target: Tensor, other: Tensor, share: Tensor, epsilon: Tensor, allowed: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy (...) of logits (..., K) against the target that `mixed_target` would write out.

    `allowed` (..., K) is 1.0 for the classes that a run may use, else 0.0; softening then spreads over those alone.
    """
    first = logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    second = logits.gather(-1, other.unsqueeze(-1)).squeeze(-1)
    if allowed is None:
        normaliser, mean = logits.logsumexp(-1), logits.mean(-1)
    else:
        normaliser = logits.masked_fill(allowed == 0, -torch.inf).logsumexp(-1)
        mean = (logits * allowed).sum(-1) / allowed.sum(-1)
    return normaliser - (1 - epsilon) * torch.lerp(second, first, share) - epsilon * mean
