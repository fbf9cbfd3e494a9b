"""How one run answers the test texts: its metrics, and each metric in resamples of the texts.

The weighted metrics take the weights (B, N) and (B, M) of B resamples at once; texts are sorted once for all of them.
NumPy in float64.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

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

    @cached_property
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

    @cached_property
    def resampled(self) -> dict[str, Floats]:
        """Return each metric but AUPR-out in RESAMPLES resamples of the known and of the unknown texts.

        The resamples are the same for every run on the same texts, so that differences between runs are paired.
        """
        generator = np.random.default_rng(0)  # fixed, so that a page shows the same interval at every visit
        parts = []
        for _ in range(RESAMPLES // RESAMPLES_AT_ONCE):
            weight = _text_weights(generator, len(self.correct))
            unknown_weight = _text_weights(generator, len(self.unknown_doubt))
            parts.append({metric: weigh(self, weight, unknown_weight) for metric, weigh in self._weighers.items()})
        return {metric: np.concatenate([part[metric] for part in parts]) for metric in parts[0]}

    @property
    def _weighers(self) -> "dict[str, Callable[[RunScores, Floats, Floats], Floats]]":
        return WEIGHTED if len(self.unknown_doubt) else {m: w for m, w in WEIGHTED.items() if m not in NEED_UNKNOWN}


def _text_weights(generator: np.random.Generator, texts: int) -> Floats:
    """Return how often each text is drawn (RESAMPLES_AT_ONCE, texts) when as many are drawn with replacement."""
    drawn = generator.integers(max(texts, 1), size=(RESAMPLES_AT_ONCE, texts))
    drawn += max(texts, 1) * np.arange(RESAMPLES_AT_ONCE)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES_AT_ONCE * texts)
    return counts.reshape(RESAMPLES_AT_ONCE, texts).astype(np.float64)


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


WEIGHTED: dict[str, Callable[[RunScores, Floats, Floats], Floats]] = {
    "accuracy": _accuracy,
    "ece": _ece,
    "nll": _nll,
    "auroc": _auroc,
    "fpr_at_95_tpr": _fpr,
}
NEED_UNKNOWN = ("auroc", "fpr_at_95_tpr")
