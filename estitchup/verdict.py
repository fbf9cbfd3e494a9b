"""Does augmentation help here? The answer in words, question by question, from differences with their intervals.

A difference counts as better or worse only where its 95% interval leaves out zero. Where it does not, or where it
cannot be measured, that is the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from estitchup.comparison import Difference, finding

Differences = Mapping[str, Mapping[str, Difference]]


@dataclass(frozen=True)
class Question:
    """One thing a person wants to know, the metric that answers it, and the metric's better direction (+1 or −1)."""

    topic: str
    meaning: str
    metric: str
    better: int
    unmeasured: str


QUESTIONS = (
    Question("Accuracy", "known texts that get the right class", "accuracy", +1, "Not measured"),
    Question("Calibration", "confidence that can be believed (ECE)", "ece", -1, "Not measured"),
    Question(
        "Telling unknown texts apart",
        "less confident on texts of no known class (AUROC)",
        "auroc",
        +1,
        "No unknown texts to measure it on",
    ),
    Question(
        "Catching unknown texts",
        "unknown texts refused where 95 of 100 known ones are kept (FPR@95)",
        "fpr_at_95_tpr",
        -1,
        "No unknown texts to measure it on",
    ),
    Question("Speed", "epochs to the baseline's best validation accuracy", "epochs", -1, "Not reached with every seed"),
)


@dataclass(frozen=True)
class Verdict:
    """The answer to a question: names of augmentations by what the interval says, and a sentence for each clear one."""

    question: Question
    better: tuple[str, ...]
    worse: tuple[str, ...]
    unclear: tuple[str, ...]
    unmeasured: tuple[str, ...]
    sentences: tuple[str, ...]

    @property
    def answer(self) -> str:
        """Return the answer in a few words."""
        sides = (("better", self.better), ("worse", self.worse))
        clear = [f"{word} with {_of(len(names), self.asked)}" for word, names in sides if names]
        if clear:
            return ", ".join(clear).capitalize()
        return "No clear difference" if self.unclear else "Not measured"

    @property
    def lines(self) -> list[str]:
        """Return a line for each clear difference, then who is unclear and who could not be measured."""
        if len(self.unclear) == self.asked:  # the answer says so already
            return ["The interval holds zero" if self.asked == 1 else f"All {self.asked} intervals hold zero"]
        others = [("No clear difference", self.unclear), (self.question.unmeasured, self.unmeasured)]
        told = [f"{words}: {', '.join(names)}" for words, names in others if names]
        return [*self.sentences, *told]

    @property
    def asked(self) -> int:
        """Return how many augmentations the question was asked of."""
        return len(self.better) + len(self.worse) + len(self.unclear) + len(self.unmeasured)


def _of(count: int, asked: int) -> str:
    return "it" if asked == 1 else f"{count} of {asked}"


def verdicts(differences: Differences) -> list[Verdict]:
    """Answer every question for these augmentations."""
    return [_verdict(question, differences) for question in QUESTIONS]


def _verdict(question: Question, differences: Differences) -> Verdict:
    own = {name: metrics[question.metric] for name, metrics in differences.items()}
    unmeasured = tuple(name for name, difference in own.items() if np.isnan(difference.mean))
    clear = {name: difference for name, difference in own.items() if difference.clear}
    return Verdict(
        question=question,
        better=tuple(name for name, difference in clear.items() if difference.mean * question.better > 0),
        worse=tuple(name for name, difference in clear.items() if difference.mean * question.better < 0),
        unclear=tuple(name for name in own if name not in clear and name not in unmeasured),
        unmeasured=unmeasured,
        sentences=tuple(sentence(question.metric, name, difference) for name, difference in clear.items()),
    )


def sentence(metric: str, name: str, difference: Difference) -> str:
    """Say what a clear difference from the baseline means."""
    if metric != "epochs":
        return finding(metric, name, difference)
    word, sign = ("more", 1) if difference.mean > 0 else ("fewer", -1)
    low, high = sorted((sign * difference.low, sign * difference.high))
    return f"{name} needs {abs(difference.mean):.1f} {word} epochs, 95% interval {low:.1f} to {high:.1f}"


def headline(answers: Sequence[Verdict]) -> str:
    """Return one sentence over all questions, the good, the bad and the unclear."""
    parts = [
        *_said([verdict.better for verdict in answers], answers, "helps with", "help with"),
        *_said([verdict.worse for verdict in answers], answers, "hurts", "hurt"),
    ]
    better, worse = (any(getattr(verdict, side) for verdict in answers) for side in ("better", "worse"))
    opening = "It depends" if better and worse else "Yes, in part" if better else "No" if worse else "Not measurably"
    unclear = [verdict.question.topic.lower() for verdict in answers if verdict.unclear and not verdict.sentences]
    if unclear:
        parts.append(f"no clear difference in {_list(unclear, 'or')}")
    return f"{opening}: {'; '.join(parts)}." if parts else "It cannot be said: nothing here could be measured."


def _said(sides: Sequence[tuple[str, ...]], answers: Sequence[Verdict], one: str, several: str) -> list[str]:
    """Say on which topics all the augmentations, and on which only some, are on this side."""
    pairs = [(verdict, names) for verdict, names in zip(answers, sides, strict=True) if names]
    whole = [verdict.question.topic.lower() for verdict, names in pairs if len(names) == verdict.asked]
    partly = [verdict.question.topic.lower() for verdict, names in pairs if len(names) < verdict.asked]
    subject = "every augmentation" if answers[0].asked > 1 else "it"
    said = [(whole, f"{subject} {one}"), (partly, f"some {several}")]
    return [f"{words} {_list(topics)}" for topics, words in said if topics]


def _list(words: Sequence[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
