"""How each known class fares: precision, recall and F1, and which classes are taken for which.

Every figure is a mean over S seeds that answer the same N known texts. NumPy in float64; a class that no text has, or
that no text is taken for, has NaN where a share would be of nothing, and F1 0 where it has texts and finds none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def confusion_counts(predicted: Labels, targets: Labels, classes: int) -> Floats:
    """Return (K, K) texts of class i that are taken for class j, mean over seeds; predicted (S, N), targets (N,)."""
    cells = classes * targets + predicted
    counts = np.bincount(cells.ravel(), minlength=classes * classes).reshape(classes, classes)
    mean: Floats = counts / max(len(predicted), 1)
    return mean


@dataclass(frozen=True)
class ClassFigures:
    """Texts of each class (K,), and precision, recall and F1 (K,), each a mean over seeds."""

    support: Labels
    precision: Floats
    recall: Floats
    f1: Floats


def class_figures(predicted: Labels, targets: Labels, classes: int) -> ClassFigures:
    """Measure each of K classes on answers (S, N) to texts with targets (N,)."""
    support = np.bincount(targets, minlength=classes)
    taken = np.stack([np.bincount(seed, minlength=classes) for seed in predicted])
    right = np.stack([np.bincount(seed[seed == targets], minlength=classes) for seed in predicted])
    return ClassFigures(
        support, _mean(_share(right, taken)), _mean(_share(right, support)), _mean(_share(2 * right, taken + support))
    )


def _share(part: Labels, whole: Labels) -> Floats:
    share: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return share


def _mean(seeds: Floats) -> Floats:
    """Return the mean over seeds (S, K), of those in which there is a share."""
    counted = (~np.isnan(seeds)).sum(axis=0)
    mean: Floats = np.where(counted, np.nansum(seeds, axis=0) / np.maximum(counted, 1), np.nan)
    return mean


def largest_confusions(counts: Floats, most: int) -> list[tuple[int, int]]:
    """Return at most so many pairs (true class, answer) of different classes, the most frequent first."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(cell), len(counts)) for cell in order]
    return [(truth, answer) for truth, answer in pairs if wrong[truth, answer] > 0]
