"""Temperature scaling: divide every logit by one number that is fitted on validation, and the answers stay the same.

The mean loss is convex in 1 / T, so its slope has one root at most, which `scipy.optimize.brentq` brackets. Where the
loss has no finite minimum (every answer right, one row) T stops at a bound. Source: Guo et al., arXiv:1706.04599.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import softmax

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 0.05, 20.0


def fit_temperature(logits: ArrayLike, targets: ArrayLike) -> float:
    """Return the T in [0.05, 20] that minimises the NLL of logits (N, K) / T against targets (N,) in 0..K−1.

    T is 1 where the loss does not depend on it: no rows, one class, or logits that are all equal in each row.
    """
    values, classes = np.asarray(logits, np.float64), np.asarray(targets, np.int64)
    if not len(values):
        return 1.0
    below = values - values.max(axis=1, keepdims=True)
    finite = np.where(np.isfinite(below), below, 0.0)  # a class that is masked by −∞ has probability 0
    target_logit = below[np.arange(len(below)), classes].mean()

    def slope(sharpness: float) -> float:
        """Return d NLL / d (1 / T) at 1 / T = `sharpness`, which never falls."""
        return float((softmax(sharpness * below, axis=1) * finite).sum(axis=1).mean() - target_logit)

    if not finite.any():
        return 1.0
    if slope(1 / HIGHEST) >= 0:
        return HIGHEST
    if slope(1 / LOWEST) <= 0:
        return LOWEST
    return float(1 / brentq(slope, 1 / HIGHEST, 1 / LOWEST, xtol=1e-12))


def scaled(logits: ArrayLike, temperature: float) -> Floats:
    """Return logits / temperature, in float64: two logits that differ in float32 still differ, so the argmax stays."""
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}.")
    quotient: Floats = np.asarray(logits, np.float64) / temperature
    return quotient
