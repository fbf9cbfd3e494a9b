"""Every metric with a weight for each text, for many sets of weights at once: what a bootstrap over texts asks for.

With all weights 1 each figure is the one of `calibration.py`, `selective.py` or `ood.py`; a weight of n counts a text
n times. Texts are sorted once for all B sets of weights. NumPy in float64.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from estitchup.calibration import DEFAULT_BINS, bin_of

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class WeightedAnswers:
    """N known texts, ready to be weighted.

    `linear` (N, L) are the figures of each text whose mean is a metric, by the names `linear_names`. `order` sorts the
    texts by rising doubt and `ends` are the last positions of its ties; `by_confidence` and `confidence_ends` are the
    same for falling confidence, in which more texts are tied. `first_bin` (N, K) holds what each text adds to the first
    bin of each class, `other_bins` (N, C) what it adds to those of the others that hold any text.
    """

    linear_names: tuple[str, ...]
    linear: Floats
    gaps: Floats
    bins: Positions
    order: Positions
    ends: Positions
    by_confidence: Positions
    confidence_ends: Positions
    wrong: Floats
    first_bin: Floats
    other_bins: csr_array

    @classmethod
    def of(
        cls,
        linear: dict[str, Floats],
        confidence: Floats,
        doubt: Floats,
        correct: NDArray[np.bool_],
        probabilities: Floats,
        targets: Positions,
    ) -> "WeightedAnswers":
        """Sort texts with confidence, doubt, right answers and targets (N,), and probabilities (N, K)."""
        order, by_confidence = np.argsort(doubt), np.argsort(-confidence)
        return cls(
            tuple(linear),
            np.stack(list(linear.values()), axis=1),
            correct - confidence,
            bin_of(confidence),
            order,
            _ends(doubt[order]),
            by_confidence,
            _ends(confidence[by_confidence]),
            (~correct[order]).astype(np.float64),
            *_class_bins(probabilities, targets),
        )

    def metrics(self, weight: Floats) -> dict[str, Floats]:
        """Return each metric (B,) of the answers under weights (B, N)."""
        total = weight.sum(axis=1)
        means = dict(zip(self.linear_names, (weight @ self.linear / total[:, None]).T, strict=True))
        return means | {
            **self._in_equal_bins(weight, total),
            "ace": self._in_equal_mass(weight, total),
            "classwise_ece": self._by_class(weight) / (total * self.first_bin.shape[1]),
            "aurc": self._aurc(weight) / total,
        }

    def _in_equal_bins(self, weight: Floats, total: Floats) -> dict[str, Floats]:
        inside = np.eye(DEFAULT_BINS)[self.bins]
        gaps, counts = np.abs(weight @ (inside * self.gaps[:, None])), weight @ inside
        return {"ece": gaps.sum(axis=1) / total, "mce": (gaps / np.where(counts > 0, counts, np.inf)).max(axis=1)}

    def _in_equal_mass(self, weight: Floats, total: Floats) -> Floats:
        ordered = weight[:, self.by_confidence]
        reached = np.cumsum(ordered, axis=1)[:, self.confidence_ends]  # texts, ties counted together
        middle = total[:, None] - (reached + _before(reached)) / 2  # mean rank of a tie, counted from the least sure
        index = np.minimum((DEFAULT_BINS * middle / total[:, None]).astype(np.int64), DEFAULT_BINS - 1)
        index += DEFAULT_BINS * np.arange(len(total))[:, None]
        gaps = _steps(np.cumsum(ordered * self.gaps[self.by_confidence], axis=1)[:, self.confidence_ends])
        sums = np.bincount(index.ravel(), gaps.ravel(), DEFAULT_BINS * len(total))
        error: Floats = np.abs(sums.reshape(len(total), DEFAULT_BINS)).sum(axis=1) / total
        return error

    def _by_class(self, weight: Floats) -> Floats:
        """Return Σ |gap| over the bins of all classes; nearly all probabilities lie in a class's first bin."""
        total: Floats = np.abs(weight @ self.first_bin).sum(axis=1) + np.abs(weight @ self.other_bins).sum(axis=1)
        return total

    def _aurc(self, weight: Floats) -> Floats:
        """Return Σ over n of the risk of the n surest texts; within a tie, a sum of harmonic numbers."""
        ordered = weight[:, self.order]
        reached = np.cumsum(ordered, axis=1)[:, self.ends]
        wrong = np.cumsum(ordered * self.wrong, axis=1)[:, self.ends]
        before, wrong_before, size = _before(reached), _before(wrong), _steps(reached)
        each = np.divide(_steps(wrong), size, out=np.zeros_like(size), where=size > 0)
        harmonic = np.append(0, np.cumsum(1 / np.arange(1, int(reached[:, -1].max()) + 1)))
        inverse = harmonic[reached.astype(np.int64)] - harmonic[before.astype(np.int64)]
        area: Floats = (each * size + (wrong_before - each * before) * inverse).sum(axis=1)
        return area


def _class_bins(probabilities: Floats, targets: Positions) -> tuple[Floats, csr_array]:
    """Return what each text adds to p − [is it this class] in a class's first bin (N, K), and in the others, sparse."""
    row, column = np.nonzero(probabilities > 1 / DEFAULT_BINS)  # few are: the others all lie in a first bin
    used, cell = np.unique(DEFAULT_BINS * column + bin_of(probabilities[row, column]), return_inverse=True)
    gaps = probabilities.copy()
    gaps[np.arange(len(gaps)), targets] -= 1
    other = csr_array((gaps[row, column], (row, cell)), shape=(len(gaps), used.size))
    gaps[row, column] = 0
    return gaps, other


@dataclass(frozen=True)
class WeightedDetection:
    """N known and M unknown texts on one scale of doubt, ready to be weighted.

    `known` and `unknown` say how many of the sorted texts have at most each of the G distinct doubts.
    """

    order: Positions
    unknown_order: Positions
    known: Positions
    unknown: Positions

    @classmethod
    def of(cls, doubt: Floats, unknown_doubt: Floats) -> "WeightedDetection":
        """Sort known texts' doubts (N,) and unknown ones' (M,)."""
        order, unknown_order = np.argsort(doubt), np.argsort(unknown_doubt)
        distinct = np.unique(np.concatenate([doubt, unknown_doubt]))
        sides = ((doubt, order), (unknown_doubt, unknown_order))
        counts = [np.searchsorted(side[own], distinct, side="right") for side, own in sides]
        return cls(order, unknown_order, *counts)

    def metrics(self, weight: Floats, unknown_weight: Floats, keep: float) -> dict[str, Floats]:
        """Return each metric (B,) of finding unknown texts, under weights (B, N) and (B, M)."""
        known = _cumulated(weight[:, self.order])[:, self.known]  # accepted at each doubt (B, G)
        unknown = _cumulated(unknown_weight[:, self.unknown_order])[:, self.unknown]
        all_known, all_unknown = known[:, -1:], unknown[:, -1:]
        new_known, new_unknown = _steps(known), _steps(unknown)
        left, left_unknown = all_known - _before(known), all_unknown - _before(unknown)
        first = (known < np.ceil(keep * all_known - 1e-9)).sum(axis=1)[:, None]
        errors = (1 - known / all_known) + unknown / all_unknown
        return {
            "auroc": (new_unknown * (known + _before(known)) / 2 / (all_known * all_unknown)).sum(axis=1),
            "aupr_in": (new_known * _precision(known, unknown) / all_known).sum(axis=1),
            "aupr_out": (new_unknown * _precision(left_unknown, left) / all_unknown).sum(axis=1),
            "fpr_at_95_tpr": (np.take_along_axis(unknown, first, axis=1) / all_unknown)[:, 0],
            "detection_error": np.minimum(errors.min(axis=1), 1) / 2,
        }


def _precision(found: Floats, others: Floats) -> Floats:
    taken = found + others
    return np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)


def _ends(ordered: Floats) -> Positions:
    """Return the last position of each run of equal numbers (N,)."""
    return np.flatnonzero(np.append(np.diff(ordered) != 0, True)[: ordered.size])


def _cumulated(weight: Floats) -> Floats:
    return np.concatenate([np.zeros((len(weight), 1)), np.cumsum(weight, axis=1)], axis=1)


def _before(reached: Floats) -> Floats:
    """Return what was reached one step earlier (B, G)."""
    return np.concatenate([np.zeros((len(reached), 1)), reached[:, :-1]], axis=1)


def _steps(reached: Floats) -> Floats:
    return np.diff(reached, axis=1, prepend=0)
