"""Compare augmentations over seeds and test texts: metrics, paired differences with intervals, findings in words.

Every difference is paired: runs of one seed share their batches, and all runs answer the same texts. Its interval
adds two variances: over texts, by bootstrap of the seed-averaged difference; over seeds, from the seeds' differences.
A bootstrap of what is the same on every text knows no doubt: the rule of three sets a floor (`_least_text_variance`).
Degrees of freedom follow Welch and Satterthwaite, so that few seeds make a wide interval. NumPy in float64.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest
from scipy.stats import t as student_t

from estitchup.scores import OF_ANSWERS, OF_DETECTION, RunScores

METRICS = (*OF_ANSWERS, *OF_DETECTION)
_HIGHEST = {"nll": np.inf, "brier": 2.0, "detection_error": 0.5}  # the others are shares
NORMAL_MARGIN = 1.96  # deviations on either side of a 95% interval
ROUNDING_VARIANCE = 1 / 6  # of the difference of two whole numbers of epochs, each rounded up: 2 · 1/12


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


@dataclass(frozen=True)
class Estimate:
    """A metric's mean over seeds with a 95% interval; NaN where it cannot be measured."""

    mean: float
    low: float
    high: float


def mean_and_std(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean over seeds and their sample deviation, which is NaN for a single seed."""
    numbers = np.asarray(values, np.float64)
    return float(numbers.mean()), float(numbers.std(ddof=1)) if numbers.size > 1 else float("nan")


UNMEASURED = Difference(float("nan"), float("nan"), float("nan"))


def paired_difference(metric: str, runs: Sequence[RunScores], baseline: Sequence[RunScores]) -> Difference:
    """Return by how much a metric of METRICS differs between runs and baseline runs of the same seeds, in order."""
    pairs = list(zip(runs, baseline, strict=True))
    points = [ours.metrics[metric] - theirs.metrics[metric] for ours, theirs in pairs]
    if np.isnan(points).any():
        return UNMEASURED
    resampled = np.array([ours.resampled[metric] - theirs.resampled[metric] for ours, theirs in pairs])
    return _around(points, resampled, _least_text_variance(metric, runs[0]))


def interval(metric: str, runs: Sequence[RunScores]) -> Estimate:
    """Return a metric of METRICS, mean over the runs of several seeds, with a 95% interval within its range."""
    points = [run.metrics[metric] for run in runs]
    if np.isnan(points).any():
        return Estimate(*vars(UNMEASURED).values())
    resampled = np.array([run.resampled[metric] for run in runs])
    around = _around(points, resampled, _least_text_variance(metric, runs[0]))
    return Estimate(around.mean, max(0.0, around.low), min(_HIGHEST.get(metric, 1.0), around.high))


def _least_text_variance(metric: str, run: RunScores) -> float:
    """Return the least variance over texts: what n texts never showed may be true of 3 / n of all texts.

    That is the rule of three's upper limit at 95% (Hanley & Lippman-Hand, JAMA 1983). NLL is not a share and has none.
    """
    if metric == "nll":
        return 0.0
    texts = len(run.correct) if metric in OF_ANSWERS else min(len(run.correct), len(run.unknown_doubt))
    return float((3 / NORMAL_MARGIN / texts) ** 2)


def _around(points: Sequence[float], resampled: NDArray[np.float64], least_text_variance: float) -> Difference:
    """Return the mean of S seeds' figures with the interval that resamples (S, B) and the seeds' own spread make."""
    mean, seed_deviation = mean_and_std(points)
    text_variance = resampled.mean(axis=0).var()
    seed_variance = 0.0
    if len(points) > 1:
        # What differs by seed and text together is in both variances: take it out of one.
        shared = (resampled.var(axis=1).mean() - text_variance) / (len(points) - 1)
        seed_variance = max(0.0, seed_deviation**2 / len(points) - shared)
    variance = max(text_variance, least_text_variance) + seed_variance
    freedom = np.inf if seed_variance == 0 else variance**2 / (seed_variance**2 / (len(points) - 1))
    margin = float(student_t.ppf(0.975, freedom) * np.sqrt(variance))
    return Difference(mean, mean - margin, mean + margin)


@dataclass(frozen=True)
class Discordance:
    """On how many test texts runs are right in more seeds than the baseline, in fewer, and how likely by chance."""

    more: int
    fewer: int
    p_value: float

    @property
    def clear(self) -> bool:
        """Return True when chance alone would do this less than once in twenty times."""
        return self.p_value < 0.05


def mcnemar(runs: Sequence[RunScores], baseline: Sequence[RunScores]) -> Discordance:
    """Test the accuracy of runs against baseline runs of the same seeds, in order, by McNemar's exact test.

    With one seed it is McNemar's test. Seeds answer the same texts, so that adding up their disagreements would count
    each text several times; instead each text counts once, for the side that is right on it in more seeds, and not at
    all when both are right equally often. So it speaks of other texts and these seeds; `paired_difference` also of
    other seeds. Source: McNemar, Psychometrika 1947.
    """
    gains = np.sum(
        [ours.correct.astype(int) - theirs.correct for ours, theirs in zip(runs, baseline, strict=True)], axis=0
    )
    more, fewer = int((gains > 0).sum()), int((gains < 0).sum())
    return Discordance(more, fewer, float(binomtest(more, more + fewer).pvalue) if more + fewer else 1.0)


def mcnemar_finding(name: str, found: Discordance) -> str:
    """Say in one sentence what McNemar's test found."""
    chance = "p < 0.001" if found.p_value < 0.001 else f"p = {found.p_value:.3f}"
    counts = f"right more often on {found.more:,} test texts and less often on {found.fewer:,} (McNemar, {chance})"
    return f"{name} is {counts}" if found.clear else f"{name}: no clear difference in accuracy, {counts}"


def epochs_to(curve: ArrayLike, level: float) -> int | None:
    """Return the first epoch (1-based) at which a curve (E,) reaches `level`, None when it never does."""
    reached = np.flatnonzero(np.asarray(curve, np.float64) >= level)
    return int(reached[0]) + 1 if reached.size else None


def epochs_difference(epochs: Sequence[int | None], baseline: Sequence[int | None]) -> Difference:
    """Return how many more epochs than the baseline's it takes, paired by seed, with a 95% interval.

    NaN where a seed never reaches the level; without bounds for a single seed. Epochs are whole numbers, so the
    variance counts as at least that of rounding.
    """
    pairs = list(zip(epochs, baseline, strict=True))
    if any(own is None or theirs is None for own, theirs in pairs):
        return UNMEASURED
    mean, deviation = mean_and_std([float(own - theirs) for own, theirs in pairs if own and theirs])
    if len(pairs) == 1:
        return Difference(mean, -np.inf, np.inf)
    error = np.sqrt(max(deviation**2, ROUNDING_VARIANCE) / len(pairs))
    margin = float(student_t.ppf(0.975, len(pairs) - 1) * error)
    return Difference(mean, mean - margin, mean + margin)


def finding(metric: str, name: str, difference: Difference) -> str:
    """Say in one sentence what a difference from the baseline in accuracy, ECE, AUROC or FPR@95 means."""
    subject, more, less, per_hundred = _WORDS[metric]
    if np.isnan(difference.mean):
        return f"{name}: {subject} could not be measured"
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
