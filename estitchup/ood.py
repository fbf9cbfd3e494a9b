"""How well a score tells unknown texts (OOD, the positive class) from known ones (ID).

Scores are higher for more OOD; NumPy in float64. Each side is sorted once for all figures. Tied scores always move
together, so that no figure depends on the order of rows. AUPR is average precision, never a trapezoid. Every figure is
NaN when one side has no texts. Source: Hendrycks & Gimpel, arXiv:1610.02136.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Detection:
    """The ascending scores of N known and M unknown texts, and the figures of telling them apart."""

    known: Floats
    unknown: Floats

    @classmethod
    def of(cls, id_scores: ArrayLike, ood_scores: ArrayLike) -> "Detection":
        """Sort the scores (N,) of known and (M,) of unknown texts."""
        return cls(np.sort(np.asarray(id_scores, np.float64)), np.sort(np.asarray(ood_scores, np.float64)))

    @property
    def empty(self) -> bool:
        """Tell whether a side has no texts."""
        return not self.known.size or not self.unknown.size

    @cached_property
    def _known_below(self) -> Counts:
        """Return how many known texts score below each unknown one (M,)."""
        return np.searchsorted(self.known, self.unknown, side="left")

    @cached_property
    def _accepted(self) -> tuple[Counts, Counts]:
        """Return how many known and how many unknown texts have at most each distinct known score (T,)."""
        last = _last_of_tie(self.known)
        return last + 1, np.searchsorted(self.unknown, self.known[last], side="right")

    @property
    def auroc(self) -> float:
        """Return the chance that an OOD text scores above an ID text, ties counting half; in [0, 1]."""
        if self.empty:
            return float("nan")
        not_above = np.searchsorted(self.known, self.unknown, side="right")
        wins = int(self._known_below.sum()) + int(not_above.sum())  # in halves
        return wins / (2 * self.known.size * self.unknown.size)

    @property
    def aupr_out(self) -> float:
        """Return the average precision of finding OOD texts by high scores."""
        if self.empty:
            return float("nan")
        first = np.append(0, _last_of_tie(self.unknown)[:-1] + 1)  # the texts from here on score at least as high
        found = self.unknown.size - first
        return _average_precision(found[::-1], (self.known.size - self._known_below[first])[::-1])

    @property
    def aupr_in(self) -> float:
        """Return the average precision of finding ID texts by low scores."""
        return float("nan") if self.empty else _average_precision(*self._accepted)

    def fpr_at_tpr(self, share: float = 0.95) -> float:
        """Return the share of OOD accepted at the strictest threshold that still accepts at least `share` of ID."""
        if self.empty:
            return float("nan")
        needed = int(np.ceil(share * self.known.size - 1e-9))  # 0.95 · 20 is 19.000000000000004 in floating point
        threshold = self.known[max(needed, 1) - 1]
        return float(np.searchsorted(self.unknown, threshold, side="right") / self.unknown.size)

    @property
    def error(self) -> float:
        """Return the least mean of the two error shares; see `detection_error`."""
        if self.empty:
            return float("nan")
        known, unknown = self._accepted  # between two known scores only the unknown ones accepted grow
        errors = (1 - known / self.known.size) + unknown / self.unknown.size
        return float(min(1, errors.min()) / 2)  # refusing everything has an error of 0.5


def _last_of_tie(ordered: Floats) -> Counts:
    return np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)[: ordered.size])


def _average_precision(found: Counts, others: Counts) -> float:
    """Return Σ (recall step) · precision, where `found` (T,) rises from step to step among `others` (T,)."""
    return float((np.diff(found, prepend=0) * found / (found + others)).sum() / found[-1])


def auroc(id_scores: ArrayLike, ood_scores: ArrayLike) -> float:
    """Return the chance that an OOD text scores above an ID text, ties counting half; in [0, 1]."""
    return Detection.of(id_scores, ood_scores).auroc


def aupr_out(id_scores: ArrayLike, ood_scores: ArrayLike) -> float:
    """Return the average precision of finding OOD texts by high scores."""
    return Detection.of(id_scores, ood_scores).aupr_out


def aupr_in(id_scores: ArrayLike, ood_scores: ArrayLike) -> float:
    """Return the average precision of finding ID texts by low scores."""
    return Detection.of(id_scores, ood_scores).aupr_in


def fpr_at_tpr(id_scores: ArrayLike, ood_scores: ArrayLike, share: float = 0.95) -> float:
    """Return the share of OOD accepted at the strictest threshold that still accepts at least `share` of ID.

    A text is accepted when its score is at most the threshold.
    """
    return Detection.of(id_scores, ood_scores).fpr_at_tpr(share)


def detection_error(id_scores: ArrayLike, ood_scores: ArrayLike) -> float:
    """Return the least mean of the two error shares (ID refused, OOD accepted) over all thresholds; in [0, 0.5].

    Both sides weigh alike, however many texts they have. Source: Liang et al., arXiv:1706.02690.
    """
    return Detection.of(id_scores, ood_scores).error
