"""How well a score tells unknown texts (OOD, the positive class) from known ones (ID).

Scores are higher for more OOD; NumPy in float64. Tied scores always move together, so that no figure depends on the
order of rows. AUPR is average precision, never a trapezoid. Every figure is NaN when one side has no texts.
Source: Hendrycks & Gimpel, arXiv:1610.02136.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]


def auroc(id_scores: ArrayLike, ood_scores: ArrayLike) -> float:
    """Return the chance that an OOD text scores above an ID text, ties counting half; in [0, 1]."""
    known, unknown = np.asarray(id_scores, np.float64), np.asarray(ood_scores, np.float64)
    if not known.size or not unknown.size:
        return float("nan")
    ranks = rankdata(np.concatenate([known, unknown]))
    wins = ranks[known.size :].sum() - unknown.size * (unknown.size + 1) / 2
    return float(wins / (known.size * unknown.size))


def average_precision(positive_scores: ArrayLike, negative_scores: ArrayLike) -> float:
    """Return Σ (recall step) · precision over the distinct scores from the highest down; in [0, 1]."""
    positive, negative = np.asarray(positive_scores, np.float64), np.asarray(negative_scores, np.float64)
    if not positive.size or not negative.size:
        return float("nan")
    scores = np.concatenate([positive, negative])
    order = np.argsort(-scores)  # the order among ties does not matter below
    hits = np.cumsum(order < positive.size)
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    taken, found = np.flatnonzero(last_of_tie) + 1, hits[last_of_tie]
    return float((np.diff(found, prepend=0) * found / taken).sum() / positive.size)


def aupr_out(id_scores: ArrayLike, ood_scores: ArrayLike) -> float:
    """Return the average precision of finding OOD texts by high scores."""
    return average_precision(ood_scores, id_scores)


def aupr_in(id_scores: ArrayLike, ood_scores: ArrayLike) -> float:
    """Return the average precision of finding ID texts by low scores."""
    return average_precision(-np.asarray(id_scores, np.float64), -np.asarray(ood_scores, np.float64))


def fpr_at_tpr(id_scores: ArrayLike, ood_scores: ArrayLike, share: float = 0.95) -> float:
    """Return the share of OOD accepted at the strictest threshold that still accepts at least `share` of ID.

    A text is accepted when its score is at most the threshold.
    """
    known, unknown = np.sort(np.asarray(id_scores, np.float64)), np.asarray(ood_scores, np.float64)
    if not known.size or not unknown.size:
        return float("nan")
    needed = int(np.ceil(share * known.size - 1e-9))  # 0.95 · 20 is 19.000000000000004 in floating point
    threshold = known[max(needed, 1) - 1]
    return float((unknown <= threshold).mean())


def detection_error(id_scores: ArrayLike, ood_scores: ArrayLike) -> float:
    """Return the least mean of the two error shares (ID refused, OOD accepted) over all thresholds; in [0, 0.5].

    Both sides weigh alike, however many texts they have. Source: Liang et al., arXiv:1706.02690.
    """
    known, unknown = np.sort(np.asarray(id_scores, np.float64)), np.sort(np.asarray(ood_scores, np.float64))
    if not known.size or not unknown.size:
        return float("nan")
    thresholds = np.concatenate([known, unknown])  # refusing everything, the one left out, has an error of 0.5
    refused = 1 - np.searchsorted(known, thresholds, side="right") / known.size
    accepted = np.searchsorted(unknown, thresholds, side="right") / unknown.size
    return float(min(0.5, (refused + accepted).min() / 2))
