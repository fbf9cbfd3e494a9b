"""What a confidence threshold does, and policies that choose one.

A text is accepted when its confidence is at least the threshold, else it is called unknown. A policy looks at
validation texts only; what the threshold does is then reported on test texts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DEFAULT_KEEP = 0.90


@dataclass(frozen=True)
class Outcome:
    """What a threshold does to texts; counts, and shares in [0, 1] that are NaN where nothing is counted."""

    threshold: float
    known: int
    known_accepted: int
    accepted_right: int
    unknown: int
    unknown_accepted: int

    @property
    def known_kept(self) -> float:
        """Return the share of known texts that are accepted."""
        return self.known_accepted / self.known if self.known else float("nan")

    @property
    def unknown_caught(self) -> float:
        """Return the share of unknown texts that are refused."""
        return 1 - self.unknown_accepted / self.unknown if self.unknown else float("nan")

    @property
    def accepted_accuracy(self) -> float:
        """Return the share of accepted texts, unknown ones included, that get the right class."""
        accepted = self.known_accepted + self.unknown_accepted
        return self.accepted_right / accepted if accepted else float("nan")


@dataclass(frozen=True)
class ThresholdCurve:
    """Confidences sorted once, so that the outcome at any threshold is three look-ups.

    `known` and `unknown` are ascending confidences; `right_from` (N + 1,) counts right answers among known[i:].
    """

    known: NDArray[np.float64]
    unknown: NDArray[np.float64]
    right_from: NDArray[np.int64]

    @classmethod
    def of(cls, confidence: ArrayLike, correct: ArrayLike, unknown_confidence: ArrayLike) -> "ThresholdCurve":
        """Sort known texts (N,) with whether their class is right (N,), and unknown texts (M,)."""
        known = np.asarray(confidence, np.float64)
        order = np.argsort(known)
        right = np.asarray(correct, np.int64)[order]
        right_from = np.append(np.cumsum(right[::-1])[::-1], 0)
        return cls(known[order], np.sort(np.asarray(unknown_confidence, np.float64)), right_from)

    def at(self, threshold: float) -> Outcome:
        """Return what this threshold does."""
        refused = int(np.searchsorted(self.known, threshold, side="left"))
        refused_unknown = int(np.searchsorted(self.unknown, threshold, side="left"))
        return Outcome(
            threshold=threshold,
            known=len(self.known),
            known_accepted=len(self.known) - refused,
            accepted_right=int(self.right_from[refused]),
            unknown=len(self.unknown),
            unknown_accepted=len(self.unknown) - refused_unknown,
        )


def keep_share(confidence: ArrayLike, share: float = DEFAULT_KEEP) -> float:
    """Return the highest threshold that accepts at least `share` of known validation texts (N,); 0.0 without any."""
    known = np.sort(np.asarray(confidence, np.float64))
    if not known.size:
        return 0.0
    refused = int(np.floor((1 - share) * known.size + 1e-9))  # 0.1 · 10 must not fall short of 1 by rounding
    return float(known[min(refused, known.size - 1)])
