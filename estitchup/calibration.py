"""How far a confidence can be believed: probabilities, reliability tables and calibration errors.

NumPy in float64, from logits. Conventions (docs/decisions.md): 15 equal-width bins, right-closed, the first one closed
on both sides, so that confidence 0 and 1 have a bin; an empty bin counts nothing. Equal-mass bins never split ties, so
that no figure depends on the order of rows.
Sources: Guo et al., arXiv:1706.04599 (ECE, MCE); Naeini et al., AAAI 2015 (reliability bins); Nguyen & O'Connor,
arXiv:1508.05154 (adaptive ECE); Kull et al., arXiv:1910.12656 (classwise ECE); Brier, 1950, in the form for K classes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

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
    odds: Floats = np.array(logits, np.float64)  # one array for all steps: it is the largest there is
    odds -= odds.max(axis=-1, keepdims=True)
    np.exp(odds, out=odds)
    odds /= odds.sum(axis=-1, keepdims=True)
    return odds


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
    others = np.array(logits, np.float64)
    predicted = others.argmax(axis=-1)
    others -= np.take_along_axis(others, predicted[..., None], axis=-1)
    np.exp(others, out=others)
    np.put_along_axis(others, predicted[..., None], 0.0, axis=-1)
    odds: Floats = others.sum(axis=-1)  # Σ over the other classes of p / p_max
    return Answers(predicted, 1 / (1 + odds), odds / (1 + odds))


@dataclass(frozen=True)
class ReliabilityTable:
    """Confidence against accuracy in bins: edges (M + 1,), the rest (M,).

    `confidence` and `accuracy` are means over a bin's texts, and `low` and `high` bound the accuracy with 95% (Wilson);
    all four are NaN where `count` is 0.
    """

    edges: Floats
    count: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats
    low: Floats
    high: Floats

    @property
    def expected_error(self) -> float:
        """Return Σ over bins of (share of texts) · |accuracy − confidence|, in [0, 1]; NaN without texts."""
        filled = self.count > 0
        return float(np.average(self._gaps, weights=self.count[filled])) if filled.any() else float("nan")

    @property
    def maximum_error(self) -> float:
        """Return the largest |accuracy − confidence| of a filled bin, in [0, 1]; NaN without texts."""
        return float(self._gaps.max(initial=-np.inf)) if self.count.any() else float("nan")

    @property
    def _gaps(self) -> Floats:
        gaps: Floats = np.abs(self.accuracy - self.confidence)[self.count > 0]
        return gaps


def reliability_table(confidence: ArrayLike, correct: ArrayLike, bins: int = DEFAULT_BINS) -> ReliabilityTable:
    """Sort texts into equal-width bins by confidence (N,) in [0, 1]; correct (N,) is true where the answer is right."""
    confidences, hits = np.asarray(confidence, np.float64), np.asarray(correct, np.float64)
    _check_confidences(confidences)
    index = bin_of(confidences, bins)
    count = np.bincount(index, minlength=bins)
    right = np.bincount(index, hits, bins)
    with np.errstate(invalid="ignore"):
        means = np.bincount(index, confidences, bins) / count, right / count
    return ReliabilityTable(np.linspace(0.0, 1.0, bins + 1), count, *means, *wilson_interval(right, count))


def _check_confidences(confidences: Floats) -> None:
    if confidences.size and not (confidences.min() >= 0 and confidences.max() <= 1):
        raise ValueError(
            f"confidence must lie in [0, 1], got {confidences.min()} to {confidences.max()}: pass probabilities."
        )


def wilson_interval(hits: ArrayLike, count: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return bounds (M,) of the chance behind `hits` out of `count`, NaN where nothing is counted.

    Unlike p ± 1.96 σ it stays in [0, 1] and has a width when all hit or none does. Source: Wilson, JASA 1927.
    """
    number, z = np.asarray(count, np.float64), float(ndtri((1 + level) / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.asarray(hits, np.float64) / number
        centre = (share + z**2 / (2 * number)) / (1 + z**2 / number)
        reach = z * np.sqrt(share * (1 - share) / number + z**2 / (4 * number**2)) / (1 + z**2 / number)
    return np.clip(centre - reach, 0, 1), np.clip(centre + reach, 0, 1)


def bin_of(confidence: ArrayLike, bins: int = DEFAULT_BINS) -> NDArray[np.int64]:
    """Return each confidence's bin (N,) in 0..bins−1: right-closed, and 0.0 in the first."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    return np.clip(np.searchsorted(edges, np.asarray(confidence, np.float64), side="left") - 1, 0, bins - 1)


def equal_mass_bin_of(confidence: ArrayLike, bins: int = DEFAULT_BINS) -> NDArray[np.int64]:
    """Return each confidence's bin (N,) in 0..bins−1 by its mean rank: as near to N / bins texts each as ties allow."""
    confidences = np.asarray(confidence, np.float64)
    ordered = np.sort(confidences)
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)[: ordered.size])
    first = np.append(0, last[:-1] + 1)[: last.size]
    of_tie = (bins * ((first + last) / 2 + 0.5) / max(ordered.size, 1)).astype(np.int64)  # of each distinct value
    starts = np.searchsorted(of_tie, np.arange(1, bins))  # the first distinct value of each further bin
    edges = np.append(ordered, np.inf)[np.append(first, ordered.size)[starts]]
    index: NDArray[np.int64] = np.searchsorted(edges, confidences, side="right")
    return index


def expected_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = DEFAULT_BINS) -> float:
    """Return Σ over bins of (share of texts) · |accuracy − confidence|, in [0, 1]; NaN without texts."""
    return reliability_table(confidence, correct, bins).expected_error


def maximum_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = DEFAULT_BINS) -> float:
    """Return the largest |accuracy − confidence| of a filled bin, in [0, 1]; NaN without texts."""
    return reliability_table(confidence, correct, bins).maximum_error


def adaptive_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = DEFAULT_BINS) -> float:
    """Return the expected calibration error over equal-mass bins, in [0, 1]; NaN without texts."""
    confidences, hits = np.asarray(confidence, np.float64), np.asarray(correct, np.float64)
    _check_confidences(confidences)
    if not confidences.size:
        return float("nan")
    index = equal_mass_bin_of(confidences, bins)
    return float(np.abs(np.bincount(index, hits - confidences)).sum() / confidences.size)


def classwise_calibration_error(logits: ArrayLike, targets: ArrayLike, bins: int = DEFAULT_BINS) -> float:
    """Return the mean over all K classes of the ECE of p(class) against "is it this class", in [0, 1].

    logits (N, K), targets (N,) in 0..K−1. A class without texts counts too: its probability ought to be 0. NaN without
    texts.
    """
    return classwise_error_of(softmax(logits), targets, bins)


def classwise_error_of(probabilities: Floats, targets: ArrayLike, bins: int = DEFAULT_BINS) -> float:
    """Return `classwise_calibration_error` of probabilities (N, K)."""
    rows, width = probabilities.shape
    if not rows:
        return float("nan")
    gaps = np.zeros((width, bins))
    gaps[:, 0] = probabilities.sum(axis=0)
    row, column = np.nonzero(probabilities > 1 / bins)  # few are: the others all lie in the first bin of their class
    high = probabilities[row, column]
    moved = np.bincount(bin_of(high, bins) + bins * column, high, bins * width).reshape(width, bins)
    gaps += moved
    gaps[:, 0] -= np.bincount(column, high, width)
    classes = np.asarray(targets, np.int64)
    own = bin_of(probabilities[np.arange(rows), classes], bins) + bins * classes
    gaps -= np.bincount(own, minlength=bins * width).reshape(width, bins)
    return float(np.abs(gaps).sum() / (rows * width))


def brier_score(logits: ArrayLike, targets: ArrayLike) -> float:
    """Return the mean of Σ over classes of (p − [is it this class])², in [0, 2]; NaN without texts.

    logits (N, K), targets (N,) in 0..K−1.
    """
    squares = brier_scores(logits, targets)
    return float(squares.mean()) if squares.size else float("nan")


def brier_scores(logits: ArrayLike, targets: ArrayLike) -> Floats:
    """Return each text's Σ over classes of (p − [is it this class])² (N,); logits (N, K), targets (N,) in 0..K−1."""
    return brier_scores_of(softmax(logits), targets)


def brier_scores_of(probabilities: Floats, targets: ArrayLike) -> Floats:
    """Return `brier_scores` of probabilities (N, K)."""
    misses = probabilities.copy()
    misses[np.arange(len(misses)), np.asarray(targets, np.int64)] -= 1
    squares: Floats = np.einsum("nk,nk->n", misses, misses)
    return squares


def log_losses(logits: ArrayLike, targets: ArrayLike) -> Floats:
    """Return −log p(target) in nats (N,), whose mean is the NLL; logits (N, K), targets (N,) in 0..K−1."""
    return losses_of(answers(logits), logits, targets)


def losses_of(given: Answers, logits: ArrayLike, targets: ArrayLike) -> Floats:
    """Return `log_losses`, where the answers that logits (N, K) give are known already."""
    values, rows = np.asarray(logits), np.arange(len(given.predicted))
    top, target = (values[rows, place].astype(np.float64) for place in (given.predicted, np.asarray(targets, np.int64)))
    losses: Floats = np.log1p(given.doubt / given.confidence) + (top - target)
    return losses
