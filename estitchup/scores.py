"""How one run answers the test texts: its metrics, and each metric in resamples of the texts.

The weighted metrics take the weights (B, N) and (B, M) of B resamples at once; texts are sorted once for all of them.
NumPy in float64.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estitchup.calibration import (
    ReliabilityTable,
    adaptive_calibration_error,
    answers,
    brier_scores_of,
    classwise_error_of,
    losses_of,
    reliability_table,
    softmax,
)
from estitchup.ood import Detection
from estitchup.selective import aurc_of_sorted
from estitchup.weighted import WeightedAnswers, WeightedDetection

Floats = NDArray[np.float64]

OF_ANSWERS = ("accuracy", "ece", "ace", "mce", "classwise_ece", "brier", "nll", "aurc")
OF_DETECTION = ("auroc", "aupr_in", "aupr_out", "fpr_at_95_tpr", "detection_error")  # these need unknown texts
RESAMPLES = 400  # a deviation from so many is within 3.5% of its limit
RESAMPLES_AT_ONCE = 100  # drawn at once
WEIGHTS_AT_ONCE = 1_000_000  # weighed at once: each array on the way takes 8 MB
KEEP = 0.95


@dataclass(frozen=True)
class RunScores:
    """How one run answers the test texts: N known ones, M unknown ones.

    `correct` (N,) tells right answers; `confidence` and `doubt` = 1 − confidence are (N,) and, for unknown texts, (M,);
    `loss` (N,) is −log p of the true class in nats; `logits` (N, K) and `targets` (N,) are those of the known texts.
    """

    correct: NDArray[np.bool_]
    confidence: Floats
    doubt: Floats
    loss: Floats
    predicted: NDArray[np.int64]
    unknown_confidence: Floats
    unknown_doubt: Floats
    unknown_predicted: NDArray[np.int64]
    logits: NDArray[np.floating]
    targets: NDArray[np.int64]

    @classmethod
    def of(cls, logits: ArrayLike, targets: ArrayLike, unknown_logits: ArrayLike) -> "RunScores":
        """Score logits (N, K) against targets (N,), and logits (M, K) of unknown texts."""
        known, unknown, classes = answers(logits), answers(unknown_logits), np.asarray(targets, np.int64)
        return cls(
            correct=known.predicted == classes,
            confidence=known.confidence,
            doubt=known.doubt,
            loss=losses_of(known, logits, classes),
            predicted=known.predicted,
            unknown_confidence=unknown.confidence,
            unknown_doubt=unknown.doubt,
            unknown_predicted=unknown.predicted,
            logits=np.asarray(logits),
            targets=classes,
        )

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Return the metrics on test texts as fractions, NLL in nats; NaN where there are no texts to measure it on."""
        detection = Detection.of(self.doubt, self.unknown_doubt)
        probabilities = softmax(self.logits)
        table = self.reliability
        return {
            "accuracy": _mean(self.correct),
            "ece": table.expected_error,
            "ace": adaptive_calibration_error(self.confidence, self.correct),
            "mce": table.maximum_error,
            "classwise_ece": classwise_error_of(probabilities, self.targets),
            "brier": _mean(brier_scores_of(probabilities, self.targets)),
            "nll": _mean(self.loss),
            "aurc": aurc_of_sorted(detection.known, self.doubt[~self.correct]),
            "auroc": detection.auroc,
            "aupr_in": detection.aupr_in,
            "aupr_out": detection.aupr_out,
            "fpr_at_95_tpr": detection.fpr_at_tpr(KEEP),
            "detection_error": detection.error,
        }

    @cached_property
    def reliability(self) -> ReliabilityTable:
        """Return confidence against accuracy in equal-width bins."""
        return reliability_table(self.confidence, self.correct)

    @property
    def resampled(self) -> dict[str, Floats]:
        """Return each metric in RESAMPLES resamples of the known and of the unknown texts, computed once.

        The resamples are the same for every run on the same texts, so that differences between runs are paired.
        """
        if "_resampled" not in vars(self):  # no cached_property: in Python 3.11 it lets one run at a time compute
            vars(self)["_resampled"] = self._resample()
        resampled: dict[str, Floats] = vars(self)["_resampled"]
        return resampled

    def _resample(self) -> dict[str, Floats]:
        generator = np.random.default_rng(0)  # fixed, so that a page shows the same interval at every visit
        weigh = self.weigher
        at_once = max(1, WEIGHTS_AT_ONCE // max(len(self.correct), len(self.unknown_doubt), 1))
        parts: list[dict[str, Floats]] = []
        for _ in range(RESAMPLES // RESAMPLES_AT_ONCE):
            weights = [_text_weights(generator, texts) for texts in (len(self.correct), len(self.unknown_doubt))]
            cuts = range(at_once, RESAMPLES_AT_ONCE, at_once)
            parts += [weigh(*part) for part in zip(*(np.split(own, cuts) for own in weights), strict=True)]
        return {metric: np.concatenate([part[metric] for part in parts]) for metric in parts[0]}

    @property
    def weigher(self) -> Callable[[Floats, Floats], dict[str, Floats]]:
        """Return what weighs the metrics with weights (B, N) and (B, M), those left out that have no texts."""
        probabilities = softmax(self.logits)
        squares = brier_scores_of(probabilities, self.targets)
        linear = {"accuracy": self.correct.astype(np.float64), "brier": squares, "nll": self.loss}
        known = WeightedAnswers.of(linear, self.confidence, self.doubt, self.correct, probabilities, self.targets)
        both = WeightedDetection.of(self.doubt, self.unknown_doubt)

        def weigh(weight: Floats, unknown_weight: Floats) -> dict[str, Floats]:
            answered = known.metrics(weight) if weight.size else {}
            return answered | (
                both.metrics(weight, unknown_weight, KEEP) if weight.size and unknown_weight.size else {}
            )

        return weigh


def _mean(figures: NDArray[np.floating] | NDArray[np.bool_]) -> float:
    return float(figures.mean()) if figures.size else float("nan")


def _text_weights(generator: np.random.Generator, texts: int) -> Floats:
    """Return how often each text is drawn (RESAMPLES_AT_ONCE, texts) when as many are drawn with replacement."""
    drawn = generator.integers(max(texts, 1), size=(RESAMPLES_AT_ONCE, texts))
    drawn += max(texts, 1) * np.arange(RESAMPLES_AT_ONCE)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES_AT_ONCE * texts)
    return counts.reshape(RESAMPLES_AT_ONCE, texts).astype(np.float64)
