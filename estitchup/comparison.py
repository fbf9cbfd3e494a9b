"""Compare augmentations over seeds and test texts: metrics, paired differences with intervals, findings in words.

Every difference is paired: runs of one seed share their batches, and all runs answer the same texts. Its interval
adds two variances: over texts, by bootstrap of the seed-averaged difference; over seeds, from the seeds' differences.
Degrees of freedom follow Welch and Satterthwaite, so that few seeds make a wide interval. NumPy in float64.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student_t

from estitchup.calibration import DEFAULT_BINS, answers, bin_of, expected_calibration_error, log_losses
from estitchup.ood import aupr_out, auroc, fpr_at_tpr

Floats = NDArray[np.float64]

RESAMPLES = 1000
RESAMPLES_AT_ONCE = 100  # keeps the weights of 10,000 texts within 8 MB
KEEP = 0.95


@dataclass(frozen=True)
class RunScores:
    """How one run answers the test texts: N known ones, M unknown ones.

    `correct` (N,) tells right answers; `confidence` and `doubt` = 1 − confidence are (N,) and, for unknown texts, (M,);
    `loss` (N,) is −log p of the true class in nats.
    """

    correct: NDArray[np.bool_]
    confidence: Floats
    doubt: Floats
    loss: Floats
    predicted: NDArray[np.int64]
    unknown_confidence: Floats
    unknown_doubt: Floats
    unknown_predicted: NDArray[np.int64]

    @classmethod
    def of(cls, logits: ArrayLike, targets: ArrayLike, unknown_logits: ArrayLike) -> "RunScores":
        """Score logits (N, K) against targets (N,), and logits (M, K) of unknown texts."""
        known, unknown, classes = answers(logits), answers(unknown_logits), np.asarray(targets, np.int64)
        return cls(
            correct=known.predicted == classes,
            confidence=known.confidence,
            doubt=known.doubt,
            loss=log_losses(logits, classes),
            predicted=known.predicted,
            unknown_confidence=unknown.confidence,
            unknown_doubt=unknown.doubt,
            unknown_predicted=unknown.predicted,
        )

    @property
    def metrics(self) -> dict[str, float]:
        """Return the metrics on test texts as fractions, NLL in nats; NaN where there are no unknown texts."""
        return {
            "accuracy": float(self.correct.mean()),
            "ece": expected_calibration_error(self.confidence, self.correct),
            "nll": float(self.loss.mean()),
            "auroc": auroc(self.doubt, self.unknown_doubt),
            "fpr_at_95_tpr": fpr_at_tpr(self.doubt, self.unknown_doubt, KEEP),
            "aupr_out": aupr_out(self.doubt, self.unknown_doubt),
        }


METRICS = ("accuracy", "ece", "nll", "auroc", "fpr_at_95_tpr", "aupr_out")


@dataclass(frozen=True)
class Difference:
    """How much larger a metric is than the baseline's, with a 95% interval; NaN where it cannot be measured."""

    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Return True when the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def mean_and_std(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean over seeds and their sample deviation, which is NaN for a single seed."""
    numbers = np.asarray(values, np.float64)
    return float(numbers.mean()), float(numbers.std(ddof=1)) if numbers.size > 1 else float("nan")


def paired_difference(
    metric: str, runs: Sequence[RunScores], baseline: Sequence[RunScores], resamples: int = RESAMPLES
) -> Difference:
    """Return by how much `metric` differs between runs and baseline runs of the same seeds, in the same order.

    The metric is one of accuracy, ece, nll, auroc and fpr_at_95_tpr.
    """
    points = [ours.metrics[metric] - theirs.metrics[metric] for ours, theirs in zip(runs, baseline, strict=True)]
    mean, seed_deviation = mean_and_std(points)
    if np.isnan(mean):
        return Difference(float("nan"), float("nan"), float("nan"))
    text_variance = _bootstrapped(metric, runs, baseline, resamples).var(ddof=1)
    seed_variance = 0.0 if len(points) == 1 else seed_deviation**2 / len(points)
    variance = text_variance + seed_variance
    freedom = np.inf if seed_variance == 0 else variance**2 / (seed_variance**2 / (len(points) - 1))
    margin = float(student_t.ppf(0.975, freedom) * np.sqrt(variance))
    return Difference(mean, mean - margin, mean + margin)


def _bootstrapped(metric: str, runs: Sequence[RunScores], baseline: Sequence[RunScores], resamples: int) -> Floats:
    """Return the seed-averaged difference in `resamples` resamples of the known and of the unknown texts."""
    generator = np.random.default_rng(0)  # fixed, so that a page shows the same interval at every visit
    known, unknown = len(runs[0].correct), len(runs[0].unknown_doubt)
    differences = []
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        count = min(RESAMPLES_AT_ONCE, resamples - start)
        weight = generator.multinomial(known, np.full(known, 1 / known), size=count).astype(np.float64)
        unknown_weight = np.empty((count, 0))
        if unknown:
            unknown_weight = generator.multinomial(unknown, np.full(unknown, 1 / unknown), size=count).astype(
                np.float64
            )
        pairs = zip(runs, baseline, strict=True)
        statistic = _WEIGHTED[metric]
        differences.append(
            np.mean(
                [
                    statistic(ours, weight, unknown_weight) - statistic(theirs, weight, unknown_weight)
                    for ours, theirs in pairs
                ],
                axis=0,
            )
        )
    return np.concatenate(differences)


def _accuracy(scores: RunScores, weight: Floats, _: Floats) -> Floats:
    share: Floats = weight @ scores.correct / weight.sum(axis=1)
    return share


def _nll(scores: RunScores, weight: Floats, _: Floats) -> Floats:
    loss: Floats = weight @ scores.loss / weight.sum(axis=1)
    return loss


def _ece(scores: RunScores, weight: Floats, _: Floats) -> Floats:
    gaps = np.zeros((len(scores.correct), DEFAULT_BINS))
    gaps[np.arange(len(gaps)), bin_of(scores.confidence)] = scores.correct - scores.confidence
    total: Floats = np.abs(weight @ gaps).sum(axis=1)
    error: Floats = total / weight.sum(axis=1)
    return error


def _auroc(scores: RunScores, weight: Floats, unknown_weight: Floats) -> Floats:
    order = np.argsort(scores.doubt)
    doubt = scores.doubt[order]
    below = np.concatenate([np.zeros((len(weight), 1)), np.cumsum(weight[:, order], axis=1)], axis=1)
    left, right = (np.searchsorted(doubt, scores.unknown_doubt, side=side) for side in ("left", "right"))
    wins: Floats = ((below[:, left] + below[:, right]) / 2 * unknown_weight).sum(axis=1)
    share: Floats = wins / (weight.sum(axis=1) * unknown_weight.sum(axis=1))
    return share


def _fpr(scores: RunScores, weight: Floats, unknown_weight: Floats) -> Floats:
    order, unknown_order = np.argsort(scores.doubt), np.argsort(scores.unknown_doubt)
    kept = np.cumsum(weight[:, order], axis=1)
    needed = np.ceil(KEEP * kept[:, -1:] - 1e-9)
    threshold = scores.doubt[order][(kept < needed).sum(axis=1)]
    accepted = np.concatenate([np.zeros((len(weight), 1)), np.cumsum(unknown_weight[:, unknown_order], axis=1)], axis=1)
    taken = np.searchsorted(scores.unknown_doubt[unknown_order], threshold, side="right")
    share: Floats = np.take_along_axis(accepted, taken[:, None], axis=1)[:, 0] / accepted[:, -1]
    return share


_WEIGHTED: dict[str, Callable[[RunScores, Floats, Floats], Floats]] = {
    "accuracy": _accuracy,
    "ece": _ece,
    "nll": _nll,
    "auroc": _auroc,
    "fpr_at_95_tpr": _fpr,
}


def epochs_to(curve: ArrayLike, level: float) -> int | None:
    """Return the first epoch (1-based) at which a curve (E,) reaches `level`, None when it never does."""
    reached = np.flatnonzero(np.asarray(curve, np.float64) >= level)
    return int(reached[0]) + 1 if reached.size else None


def finding(metric: str, name: str, difference: Difference) -> str:
    """Say in one sentence what a difference from the baseline means."""
    subject, more, less, per_hundred = _WORDS[metric]
    if np.isnan(difference.mean):
        return f"No unknown texts to measure {subject} on"
    if not difference.clear:
        return f"{name}: no clear difference in {subject}"
    sign = 1 if difference.mean > 0 else -1
    verb = more if sign > 0 else less
    low, high = sorted((sign * difference.low, sign * difference.high))
    if per_hundred:
        amount, low, high = 100 * abs(difference.mean), 100 * low, 100 * high
        return f"{name} {verb.format(f'{amount:.1f}')}, 95% interval {low:.1f} to {high:.1f}"
    return f"{name} {verb.format(f'{abs(difference.mean):.3f}')}, 95% interval {low:.3f} to {high:.3f}"


_WORDS: dict[str, tuple[str, str, str, bool]] = {
    "accuracy": ("accuracy", "gets {} more of 100 known texts right", "gets {} fewer of 100 known texts right", True),
    "ece": ("calibration", "is worse calibrated: ECE higher by {}", "is better calibrated: ECE lower by {}", False),
    "nll": (
        "likelihood",
        "is worse in likelihood: NLL higher by {}",
        "is better in likelihood: NLL lower by {}",
        False,
    ),
    "auroc": (
        "telling unknown texts apart",
        "tells unknown texts apart better: AUROC higher by {}",
        "tells unknown texts apart worse: AUROC lower by {}",
        False,
    ),
    "fpr_at_95_tpr": (
        "unknown texts caught",
        "lets {} more of 100 unknown texts through",
        "catches {} more of 100 unknown texts",
        True,
    ),
}
