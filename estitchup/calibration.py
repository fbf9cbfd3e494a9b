"""How far a confidence can be believed: probabilities, reliability tables and calibration errors.

NumPy in float64, from logits. Conventions (docs/decisions.md): 15 equal-width bins, right-closed, the first one closed
on both sides, so that confidence 0 and 1 have a bin; an empty bin counts nothing.
Sources: Guo et al., arXiv:1706.04599 (ECE); Naeini et al., AAAI 2015 (reliability bins).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DEFAULT_BINS = 15

Floats = NDArray[np.float64]


def log_softmax(logits: ArrayLike) -> Floats:
    """Return log-probabilities (..., K) of logits (..., K), in float64."""
    values = np.asarray(logits, np.float64)
    shifted = values - values.max(axis=-1, keepdims=True)
    log_probabilities: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_probabilities


def softmax(logits: ArrayLike) -> Floats:
    """Return probabilities (..., K) of logits (..., K), in float64."""
    probabilities: Floats = np.exp(log_softmax(logits))
    return probabilities


@dataclass(frozen=True)
class Answers:
    """What a classifier answers to N texts: the class, its confidence in [0, 1], and 1 − confidence.

    `doubt` is 1 − confidence computed without cancellation: it tells texts apart whose confidence rounds to 1.0. All
    three have the leading shape of the logits.
    """

    predicted: NDArray[np.int64]
    confidence: Floats
    doubt: Floats


def answers(logits: ArrayLike) -> Answers:
    """Read the answers off logits (..., K)."""
    values = np.asarray(logits, np.float64)
    predicted = values.argmax(axis=-1)
    top = values.max(axis=-1, keepdims=True)
    others = np.exp(values - top)
    np.put_along_axis(others, predicted[..., None], 0.0, axis=-1)
    odds: Floats = others.sum(axis=-1)  # Σ over the other classes of p / p_max
    return Answers(predicted, 1 / (1 + odds), odds / (1 + odds))


@dataclass(frozen=True)
class ReliabilityTable:
    """Confidence against accuracy in bins: edges (M + 1,), the rest (M,).

    `confidence` and `accuracy` are means over a bin's texts, NaN where `count` is 0.
    """

    edges: Floats
    count: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats


def reliability_table(confidence: ArrayLike, correct: ArrayLike, bins: int = DEFAULT_BINS) -> ReliabilityTable:
    """Sort texts into equal-width bins by confidence (N,) in [0, 1]; correct (N,) is true where the answer is right."""
    confidences, hits = np.asarray(confidence, np.float64), np.asarray(correct, np.float64)
    if confidences.size and not (confidences.min() >= 0 and confidences.max() <= 1):
        raise ValueError(
            f"confidence must lie in [0, 1], got {confidences.min()} to {confidences.max()}: pass probabilities."
        )
    edges = np.linspace(0.0, 1.0, bins + 1)
    index = bin_of(confidences, bins)
    count = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        return ReliabilityTable(
            edges,
            count,
            np.bincount(index, confidences, bins) / count,
            np.bincount(index, hits, bins) / count,
        )


def bin_of(confidence: ArrayLike, bins: int = DEFAULT_BINS) -> NDArray[np.int64]:
    """Return each confidence's bin (N,) in 0..bins−1: right-closed, and 0.0 in the first."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    return np.clip(np.searchsorted(edges, np.asarray(confidence, np.float64), side="left") - 1, 0, bins - 1)


def expected_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = DEFAULT_BINS) -> float:
    """Return Σ over bins of (share of texts) · |accuracy − confidence|, in [0, 1]; NaN without texts."""
    table = reliability_table(confidence, correct, bins)
    filled = table.count > 0
    if not filled.any():
        return float("nan")
    gaps = np.abs(table.accuracy[filled] - table.confidence[filled])
    return float(np.average(gaps, weights=table.count[filled]))


def log_losses(logits: ArrayLike, targets: ArrayLike) -> Floats:
    """Return −log p(target) in nats (N,), whose mean is the NLL; logits (N, K), targets (N,) in 0..K−1."""
    classes = np.asarray(targets, np.int64)
    losses: Floats = -np.take_along_axis(log_softmax(logits), classes[:, None], axis=-1)[:, 0]
    return losses
