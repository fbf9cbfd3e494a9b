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
    confidences, right = np.asarray(confidence, np.float64), np.asarray(correct, bool)
    return aurc_of_sorted(np.sort(-confidences), -confidences[~right])


def aurc_of_sorted(doubts: Floats, wrong: Floats) -> float:
    """Return the AURC of N texts by their ascending doubts (N,) and by the doubts of the wrong answers (W,).

    A wrong answer tied over the places a + 1..b is among the n surest with a chance of (n − a) / (b − a), and of 1 from
    b on: so it adds Σ of chance / n over n, which harmonic numbers H give, H_n being the sum of 1 / i for i up to n.
    """
    if not doubts.size:
        return float("nan")
    harmonic = np.append(0, np.cumsum(1 / np.arange(1, doubts.size + 1)))
    first, last = (np.searchsorted(doubts, wrong, side=side) for side in ("left", "right"))
    inside = 1 - first * (harmonic[last] - harmonic[first]) / (last - first)
    return float((inside + harmonic[-1] - harmonic[last]).sum() / doubts.size)


def _answered(confidence: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the texts, and the wrong ones among them, from the surest down to each distinct confidence (T,)."""
    confidences, wrong = np.asarray(confidence, np.float64), ~np.asarray(correct, bool)
    order = np.argsort(-confidences)
    last_of_tie = np.append(np.diff(confidences[order]) != 0, True)[: confidences.size]
    return np.flatnonzero(last_of_tie) + 1, np.cumsum(wrong[order], dtype=np.int64)[last_of_tie]
