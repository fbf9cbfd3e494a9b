"""Policies that choose a threshold from validation texts; what it does is then reported on test texts.

Each policy is a frozen value with a name, a sentence and its parameters, so that a page can list, draw and keep it.
Where several thresholds serve a policy alike, it takes the lowest, which leaves the fewest texts to a person.
Source of the conformal one: Vovk et al., *Algorithmic Learning in a Random World*, 2005.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from estitchup.errors import EstitchupError
from estitchup.open_set import open_set_f1
from estitchup.threshold import DEFAULT_KEEP, Costs, ScoredTexts, keep_share

ROUNDING = 1e-9  # 0.95 · 20 is 19.000000000000004 in floating point


@dataclass(frozen=True)
class Parameter:
    """A number that a policy takes: its field, how a page calls it, and the limits it may have."""

    field: str
    label: str
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class Policy(ABC):
    """A way to choose a threshold; `needs_unknown` tells whether validation must hold unknown texts, or stand-ins."""

    name: ClassVar[str]
    needs_unknown: ClassVar[bool] = False
    parameters: ClassVar[tuple[Parameter, ...]] = ()

    def __post_init__(self) -> None:
        for parameter in self.parameters:
            value = getattr(self, parameter.field)
            if value is not None and not parameter.low <= value <= parameter.high:
                raise EstitchupError(
                    f"{self.name}: {parameter.label} is {value}: give one from {parameter.low:g} to {parameter.high:g}."
                )

    @property
    @abstractmethod
    def sentence(self) -> str:
        """Return what the policy does with its parameters, for a person."""

    def choose(self, texts: ScoredTexts) -> float:
        """Return the threshold for these validation texts; raises EstitchupError where they do not suffice."""
        if not texts.confidence.size:
            raise EstitchupError(f"{self.name} needs known validation texts, and there are none: add some.")
        if self.needs_unknown and not texts.unknown_confidence.size:
            raise EstitchupError(
                f"{self.name} needs unknown validation texts, and there are none: mark some classes as unknown, leave "
                "classes out in turn, or choose a policy that looks at known texts only."
            )
        return self._threshold(texts)

    @abstractmethod
    def _threshold(self, texts: ScoredTexts) -> float:
        """Return the threshold; there are the texts that the policy needs."""


@dataclass(frozen=True)
class KeepKnown(Policy):
    """Take the highest threshold that accepts at least `share` of the known texts."""

    name: ClassVar[str] = "Keep a share of known texts"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("share", "share of known texts to keep"),)
    share: float = DEFAULT_KEEP

    @property
    def sentence(self) -> str:
        """Say what it does."""
        return f"Keeps at least {self.share:.1%} of known validation texts and refuses as much else as it can."

    def _threshold(self, texts: ScoredTexts) -> float:
        return keep_share(texts.confidence, self.share)


@dataclass(frozen=True)
class LimitUnknown(Policy):
    """Take the lowest threshold that accepts at most `share` of the unknown texts."""

    name: ClassVar[str] = "Limit the unknown texts accepted"
    needs_unknown: ClassVar[bool] = True
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("share", "share of unknown texts accepted at most"),)
    share: float = 0.05

    @property
    def sentence(self) -> str:
        """Say what it does."""
        return f"Accepts at most {self.share:.1%} of unknown validation texts and as many known ones as it can."

    def _threshold(self, texts: ScoredTexts) -> float:
        sweep = texts.curve.sweep()
        few = sweep.unknown_accepted <= self.share * sweep.unknown + ROUNDING
        return float(sweep.thresholds[few.argmax()])


@dataclass(frozen=True)
class HighestF1(Policy):
    """Take the threshold with the highest F1 of finding unknown texts (unknown is the positive class)."""

    name: ClassVar[str] = "Highest F1 of finding unknown texts"
    needs_unknown: ClassVar[bool] = True

    @property
    def sentence(self) -> str:
        """Say what it does."""
        return "Balances the unknown texts caught against the known ones refused with them (F1, unknown is positive)."

    def _threshold(self, texts: ScoredTexts) -> float:
        sweep = texts.curve.sweep()
        caught = texts.unknown_weight * (sweep.unknown - sweep.unknown_accepted)
        known_refused = sweep.known - sweep.known_accepted
        f1 = 2 * caught / (caught + known_refused + texts.unknown_weight * sweep.unknown)
        return float(sweep.thresholds[f1.argmax()])


@dataclass(frozen=True)
class HighestOpenSetF1(Policy):
    """Take the threshold with the highest `open_set_f1`, which also counts wrong classes of accepted texts."""

    name: ClassVar[str] = "Highest open-set F1"
    needs_unknown: ClassVar[bool] = True

    @property
    def sentence(self) -> str:
        """Say what it does."""
        return "Maximises the mean F1 over all known classes and one class for everything unknown."

    def _threshold(self, texts: ScoredTexts) -> float:
        thresholds, f1 = open_set_f1(texts)
        return float(thresholds[(f1 >= f1.max() - ROUNDING).argmax()])


@dataclass(frozen=True)
class RightAnswers(Policy):
    """Take the lowest threshold at which at least `share` of accepted answers are right; unknown ones are wrong."""

    name: ClassVar[str] = "Accepted answers right"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("share", "share of accepted answers that are right"),)
    share: float = 0.95

    @property
    def sentence(self) -> str:
        """Say what it does."""
        return f"Accepts as many texts as it can while at least {self.share:.1%} of accepted answers are right."

    def _threshold(self, texts: ScoredTexts) -> float:
        sweep = texts.curve.sweep()
        accepted = sweep.known_accepted + texts.unknown_weight * sweep.unknown_accepted
        right = sweep.accepted_right[:-1] / accepted[:-1]  # the last threshold accepts nothing
        if right.max() < self.share - ROUNDING:
            raise EstitchupError(
                f"No threshold makes {self.share:.1%} of accepted answers right: the best reaches {right.max():.1%} "
                "on validation. Ask for less."
            )
        return float(sweep.thresholds[(right >= self.share - ROUNDING).argmax()])


@dataclass(frozen=True)
class LeastCost(Policy):
    """Take the threshold with the least expected cost of a text; the fields are those of `Costs`.

    `unknown_share` is the share of unknown texts that production will bring; None: that of the validation texts.
    """

    name: ClassVar[str] = "Least expected cost"
    needs_unknown: ClassVar[bool] = True
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("wrong_answer", "cost of a wrong answer", high=1e9),
        Parameter("missed_unknown", "cost of an unknown text accepted", high=1e9),
        Parameter("human_look", "cost of a look by a person", high=1e9),
        Parameter("unknown_share", "share of unknown texts in production"),
    )
    wrong_answer: float = Costs.wrong_answer
    missed_unknown: float = Costs.missed_unknown
    human_look: float = Costs.human_look
    unknown_share: float | None = None

    @property
    def costs(self) -> Costs:
        """Return the three costs."""
        return Costs(self.wrong_answer, self.missed_unknown, self.human_look)

    @property
    def sentence(self) -> str:
        """Say what it does."""
        return (
            f"Makes a text cost least, where a wrong answer costs {self.wrong_answer:g}, an unknown text accepted "
            f"{self.missed_unknown:g} and a look by a person {self.human_look:g}."
        )

    def _threshold(self, texts: ScoredTexts) -> float:
        sweep = texts.curve.sweep()
        cost = sweep.cost(self.costs, texts.unknown_share if self.unknown_share is None else self.unknown_share)
        return float(sweep.thresholds[(cost <= cost.min() + ROUNDING * max(vars(self.costs).values())).argmax()])


@dataclass(frozen=True)
class Conformal(Policy):
    """Take a threshold that refuses a new known text with a chance of at most `error`, by split conformal prediction.

    With n known validation texts it is the ⌊error · (n + 1)⌋-th lowest confidence; with those of S seeds pooled, where
    a new text brings S confidences, the (⌊error · S (n + 1)⌋ − S + 1)-th. The guarantee holds for any classifier and
    any n, on average over seeds and draws of the validation texts, if these and the new known texts come from
    one source in random order; choosing a best epoch or a temperature on the same texts weakens it a little. It says
    nothing about a single class, nor about how many unknown texts are caught.
    """

    name: ClassVar[str] = "Conformal guarantee"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("error", "chance of refusing a known text", low=1e-6, high=1 - 1e-6),
    )
    error: float = 1 - DEFAULT_KEEP

    @property
    def sentence(self) -> str:
        """Say what it does, and what it promises."""
        return (
            f"Refuses a new known text with a chance of at most {self.error:.1%}, guaranteed for texts like the "
            "validation texts, on average over draws of these."
        )

    def _threshold(self, texts: ScoredTexts) -> float:
        rows = texts.confidence.size // texts.seeds
        rank = int(np.floor(self.error * texts.seeds * (rows + 1) + ROUNDING)) - texts.seeds + 1
        if rank < 1:
            raise EstitchupError(
                f"A guarantee of {self.error:.1%} needs {int(np.ceil(1 / self.error - ROUNDING)) - 1:,} known "
                f"validation texts, and there are {rows:,}: add some or allow a larger chance."
            )
        return float(np.sort(texts.confidence)[rank - 1])


POLICIES: tuple[Policy, ...] = (
    KeepKnown(),
    LimitUnknown(),
    HighestF1(),
    HighestOpenSetF1(),
    RightAnswers(),
    LeastCost(),
    Conformal(),
)


def policy_named(name: str, **parameters: float | None) -> Policy:
    """Return the policy of this name, as `POLICIES` lists it, with these parameters in place of its own."""
    for policy in POLICIES:
        if policy.name == name and parameters.keys() <= {parameter.field for parameter in policy.parameters}:
            return type(policy)(**parameters)
    raise EstitchupError(
        f"There is no policy {name!r} with the parameters {list(parameters)}: choose one of "
        f"{', '.join(policy.name for policy in POLICIES)}."
    )
