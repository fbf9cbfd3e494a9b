"""Why a text of the pool stands where it stands, in a sentence: the number that ranks it beside the pool's median."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from estitchup.labeling import RANDOM
from estitchup.ui.label_desk import DIVERSE_FIRST, LabelDesk


@dataclass(frozen=True)
class Reading:
    """How the score of a strategy reads: what it is called, and its value as a person says it."""

    name: str
    says: Callable[[float], str]


def _share_left(score: float) -> str:
    return f"{1 - score:.1%}"


READINGS = {
    "Least confidence": Reading("Confidence", _share_left),
    "Margin": Reading("Lead of the likeliest class over the next", _share_left),
    "Entropy": Reading("Entropy in nats", "{:.2f}".format),
    "Energy": Reading("Energy of the logits", "{:.2f}".format),
    "Distance": Reading("Distance to the fifth nearest labelled text", "{:.2f}".format),
}
OVER_RUNS = ("Least confidence", "Margin", "Entropy", "Energy")
BESIDE_ANSWERS = ("Least confidence", "Margin")  # a share that could be read off the answers, were there one run
APART = "The answers below show the seeds' mean probabilities, which differ from that where the seeds disagree."


def reason(desk: LabelDesk, name: str, strategy: str, position: int) -> str:
    """Say why a text ranks where it does, by a strategy and the classifiers of an augmentation."""
    scores = desk.scores(name, strategy)
    if scores is None:
        return _without_score(desk, name, strategy, position)
    reading = READINGS[strategy]
    here, median = reading.says(float(scores[position])), reading.says(float(np.median(scores)))
    runs = len(desk.result.runs_of(name))
    over = f", mean over {runs} seeds," * (runs > 1 and strategy in OVER_RUNS)
    late = " It waits, because it is a near duplicate of a text before it." * (position in desk.waits(name, strategy))
    apart = f" {APART}" * (runs > 1 and strategy in BESIDE_ANSWERS)
    return f"{reading.name}{over} is {here}; the pool's median is {median}.{late}{apart}"


def _without_score(desk: LabelDesk, name: str, strategy: str, position: int) -> str:
    if strategy == RANDOM:
        return "It comes here by lot."
    if position in desk.ranking(name, strategy)[:DIVERSE_FIRST]:
        return "Drawn from the least confident texts, for being far from labelled texts and from those drawn before it."
    return f"It comes after the {DIVERSE_FIRST} drawn ones, by how little the likeliest class leads the next."
