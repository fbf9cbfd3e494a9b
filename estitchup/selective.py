"""Answering the sure texts and leaving the others: how the risk of an answer grows with the share answered.

Tied texts are answered together; where a figure needs an order among them, it takes the mean over all orders, so that
nothing depends on the order of rows. NumPy in float64.
Source: Geifman & El-Yaniv, arXiv:1705.08500 (risk and coverage); Geifman et al., arXiv:1805.08206 (AURC).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, Floats]:
    """Return coverage (T,), ascending in (0, 1], and the share of wrong answers (T,) at each distinct confidence."""
    answered, wrong = _answered(confidence, correct)
    return answered / max(answered[-1:].sum(), 1), wrong / answered


def aurc(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Return the mean, over n = 1..N, of the share of wrong answers among the n surest texts; NaN without texts.

    confidence (N,) is any number that is higher for a surer answer, correct (N,) is true where the answer is right.
    """
    answered, wrong = _answered(confidence, correct)
    if not answered.size:
        return float("nan")
    size = np.diff(answered, prepend=0)
    wrong_each = np.repeat(np.diff(wrong, prepend=0) / size, size)  # the expectation over the orders of ties
    return float((np.cumsum(wrong_each) / np.arange(1, len(wrong_each) + 1)).mean())


def _answered(confidence: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the texts, and the wrong ones among them, from the surest down to each distinct confidence (T,)."""
    confidences, wrong = np.asarray(confidence, np.float64), ~np.asarray(correct, bool)
    order = np.argsort(-confidences)
    last_of_tie = np.append(np.diff(confidences[order]) != 0, True)[: confidences.size]
    return np.flatnonzero(last_of_tie) + 1, np.cumsum(wrong[order], dtype=np.int64)[last_of_tie]
