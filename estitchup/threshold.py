"""What a confidence threshold does, to texts that are sorted once and looked up after.

A text is accepted when its confidence is at least the threshold, else it is called unknown. Confidence may be any
number that is higher for a surer answer, an OOD score with its sign turned for instance. The policies that choose a
threshold, from validation texts only, are in `policy.py`; what it does is then reported on test texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estitchup.calibration import answers
from estitchup.errors import EstitchupError

DEFAULT_KEEP = 0.90

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Costs:
    """What goes wrong costs, in any one unit, each finite and ≥ 0.

    `wrong_answer`: a known text is accepted with the wrong class; `missed_unknown`: an unknown text is accepted;
    `human_look`: a refused text is read by a person. A known text accepted with the right class costs nothing.
    """

    wrong_answer: float = 1.0
    missed_unknown: float = 1.0
    human_look: float = 0.2

    def __post_init__(self) -> None:
        for name, cost in vars(self).items():
            if not 0 <= cost < float("inf"):
                raise EstitchupError(f"The cost {name} is {cost}: give a number from 0.")


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

    @property
    def coverage(self) -> float:
        """Return the share of all texts, unknown ones included, that are accepted."""
        texts = self.known + self.unknown
        return (self.known_accepted + self.unknown_accepted) / texts if texts else float("nan")

    def cost(self, costs: Costs, unknown_share: float | None = None) -> float:
        """Return the mean cost of a text where `unknown_share` in [0, 1] of them are unknown (None: as in these)."""
        return float(_mean_cost(self, costs, unknown_share))


@dataclass(frozen=True)
class Sweep:
    """What T ascending thresholds do: counts (T,) of the texts they accept, of `known` and `unknown` ones in all.

    Shares are in [0, 1], and NaN where nothing is counted.
    """

    thresholds: Floats
    known: int
    known_accepted: Counts
    accepted_right: Counts
    unknown: int
    unknown_accepted: Counts

    @property
    def known_kept(self) -> Floats:
        """Return the share of known texts that are accepted."""
        return _share(self.known_accepted, self.known)

    @property
    def known_refused(self) -> Floats:
        """Return the share of known texts that are refused: x of the ROC curve, on which unknown is positive."""
        return 1 - self.known_kept

    @property
    def unknown_caught(self) -> Floats:
        """Return the share of unknown texts that are refused: y of the ROC curve."""
        return 1 - _share(self.unknown_accepted, self.unknown)

    @property
    def coverage(self) -> Floats:
        """Return the share of all texts that are accepted: x of the risk–coverage curve."""
        return _share(self.known_accepted + self.unknown_accepted, self.known + self.unknown)

    @property
    def accepted_accuracy(self) -> Floats:
        """Return the share of accepted texts, unknown ones included, that get the right class."""
        return _share(self.accepted_right, self.known_accepted + self.unknown_accepted)

    @property
    def risk(self) -> Floats:
        """Return the share of accepted texts, unknown ones included, without the right class: y of that curve."""
        return 1 - self.accepted_accuracy

    def cost(self, costs: Costs, unknown_share: float | None = None) -> Floats:
        """Return the mean cost (T,) of a text where `unknown_share` of them are unknown (None: as in these)."""
        return _mean_cost(self, costs, unknown_share)


def _share(part: Counts, whole: Counts | int) -> Floats:
    with np.errstate(invalid="ignore"):
        share: Floats = np.asarray(part, np.float64) / np.asarray(whole, np.float64)
    return share


def _mean_cost(counts: Outcome | Sweep, costs: Costs, unknown_share: float | None) -> Floats:
    """Weigh the mean costs of known and of unknown texts; NaN where one is asked for of which there are none."""
    texts = counts.known + counts.unknown
    if unknown_share is None:
        unknown_share = counts.unknown / texts if texts else float("nan")
    elif not 0 <= unknown_share <= 1:
        raise EstitchupError(f"The share of unknown texts is {unknown_share}: give one from 0 to 1.")
    wrong = np.asarray(counts.known_accepted - counts.accepted_right, np.float64)
    known_refused, unknown_refused = counts.known - counts.known_accepted, counts.unknown - counts.unknown_accepted
    known = costs.wrong_answer * wrong + costs.human_look * known_refused
    unknown = costs.missed_unknown * counts.unknown_accepted + costs.human_look * unknown_refused
    mean = np.zeros_like(wrong)
    for share, cost, number in ((1 - unknown_share, known, counts.known), (unknown_share, unknown, counts.unknown)):
        if share != 0:
            mean += share * cost / (number or np.nan)
    return mean


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

    def sweep(self, points: int | None = None) -> Sweep:
        """Return what many thresholds do: every one that differs from its neighbours, from accepting all to none.

        With `points` ≥ 2, only so many evenly ranked ones of the known and of the unknown texts, enough to draw.
        """
        sides = [_evenly_ranked(side, points) for side in (self.known, self.unknown)]
        distinct = np.unique(np.concatenate(sides))
        return self.at_each(np.append(distinct, np.nextafter(distinct[-1:], np.inf)))  # the last refuses everything

    def at_each(self, thresholds: Floats) -> Sweep:
        """Return what each of T ascending thresholds does."""
        refused = np.searchsorted(self.known, thresholds, side="left")
        return Sweep(
            thresholds=thresholds,
            known=len(self.known),
            known_accepted=len(self.known) - refused,
            accepted_right=self.right_from[refused],
            unknown=len(self.unknown),
            unknown_accepted=len(self.unknown) - np.searchsorted(self.unknown, thresholds, side="left"),
        )


def _evenly_ranked(values: Floats, points: int | None) -> Floats:
    if points is None or points >= values.size:
        return values
    return values[np.linspace(0, values.size - 1, points).round().astype(np.int64)]


@dataclass(frozen=True)
class ScoredTexts:
    """What one classifier answers to N known texts, whose `target` (N,) is in 0..K−1, and to M unknown ones.

    A threshold is chosen from these when they are validation texts. Where `seeds` runs are pooled, each text is there
    once for each. `unknown_share` in [0, 1) is that of production, where it is not that of these texts (None).
    """

    confidence: Floats
    predicted: Counts
    target: Counts
    unknown_confidence: Floats
    unknown_predicted: Counts
    seeds: int = 1
    unknown_share: float | None = None

    @classmethod
    def pooled(cls, runs: "Sequence[ScoredTexts]") -> "ScoredTexts":
        """Put the same texts, as several runs answer them, side by side."""
        return cls(
            confidence=np.concatenate([own.confidence for own in runs]),
            predicted=np.concatenate([own.predicted for own in runs]),
            target=np.concatenate([own.target for own in runs]),
            unknown_confidence=np.concatenate([own.unknown_confidence for own in runs]),
            unknown_predicted=np.concatenate([own.unknown_predicted for own in runs]),
            seeds=len(runs),
        )

    @classmethod
    def of(cls, logits: ArrayLike, targets: ArrayLike, unknown_logits: ArrayLike) -> "ScoredTexts":
        """Read the answers off logits (N, K) with targets (N,), and off logits (M, K) of unknown texts."""
        known, unknown = answers(logits), answers(unknown_logits)
        return cls(
            known.confidence, known.predicted, np.asarray(targets, np.int64), unknown.confidence, unknown.predicted
        )

    @property
    def unknown_weight(self) -> float:
        """Return how many texts each unknown one counts for, so that their share is that of production."""
        if self.unknown_share is None or not self.unknown_confidence.size:
            return 1.0
        return self.unknown_share / (1 - self.unknown_share) * self.confidence.size / self.unknown_confidence.size

    @property
    def curve(self) -> ThresholdCurve:
        """Sort the texts; keep what this returns."""
        return ThresholdCurve.of(self.confidence, self.predicted == self.target, self.unknown_confidence)


def keep_share(confidence: ArrayLike, share: float = DEFAULT_KEEP) -> float:
    """Return the highest threshold that accepts at least `share` of known validation texts (N,); 0.0 without any."""
    known = np.sort(np.asarray(confidence, np.float64))
    if not known.size:
        return 0.0
    refused = int(np.floor((1 - share) * known.size + 1e-9))  # 0.1 · 10 must not fall short of 1 by rounding
    return float(known[min(refused, known.size - 1)])
