"""The open-set F1 at every threshold: macro over the known classes and one class for everything unknown.

Source: Zhang et al., arXiv:2012.10209, where it is called F1-score (all classes). NumPy in float64.
"""

import numpy as np
from numpy.typing import NDArray

from estitchup.threshold import ScoredTexts

Floats = NDArray[np.float64]


def open_set_f1(texts: ScoredTexts) -> tuple[Floats, Floats]:
    """Return ascending thresholds (T,) and the mean F1 (T,) over the known classes with texts and the class "unknown".

    Texts are accepted one by one from the surest down. Each acceptance changes the F1 of its predicted class and of
    "unknown" only, so that the sum over the classes is a running one: O(N log N) for any number of classes. An unknown
    text counts for `unknown_weight` texts.
    """
    confidence = np.concatenate([texts.confidence, texts.unknown_confidence])
    if not confidence.size:
        return np.empty(0), np.empty(0)
    order = np.argsort(-confidence, kind="stable")
    predicted = np.concatenate([texts.predicted, texts.unknown_predicted])[order]
    right = np.concatenate([texts.predicted == texts.target, np.zeros(texts.unknown_predicted.size, bool)])[order]
    unknown = order >= texts.confidence.size
    weight = np.where(unknown, texts.unknown_weight, 1.0)
    support = np.bincount(texts.target, minlength=int(predicted.max()) + 1)
    changes = _f1_changes(predicted, right, weight, support[predicted])
    caught = texts.unknown_weight * (unknown.sum() - np.append(0, np.cumsum(unknown)))
    known_refused = (~unknown).sum() - np.append(0, np.cumsum(~unknown))
    of_unknown = _ratio(2 * caught, caught + known_refused + caught[0])
    mean = (np.append(0, np.cumsum(changes)) + of_unknown) / ((support > 0).sum() + 1)
    values = confidence[order]
    last_of_tie = np.append(np.diff(values) != 0, True)
    beyond = np.nextafter(values[:1], np.inf)
    thresholds = np.concatenate([beyond, values[last_of_tie]])
    return thresholds[::-1], mean[np.append(True, last_of_tie)][::-1]


def _f1_changes(
    predicted: NDArray[np.int64], right: NDArray[np.bool_], weight: Floats, support: NDArray[np.int64]
) -> Floats:
    """Return by how much each acceptance (N,), in order, changes its class's F1 = 2 right / (accepted + support)."""
    by_class = np.argsort(predicted, kind="stable")
    starts = np.searchsorted(predicted[by_class], predicted[by_class], side="left")
    hits = right[by_class].astype(np.int64)
    own_weight, own_support = weight[by_class], support[by_class]
    accepted, found = np.cumsum(own_weight), np.cumsum(hits)  # of this class, this text included
    accepted -= (accepted - own_weight)[starts]
    found -= (found - hits)[starts]
    after = _ratio(2 * found, accepted + own_support)
    before = _ratio(2 * (found - hits), accepted - own_weight + own_support)
    changes = np.empty(len(hits))
    changes[by_class] = after - before
    return changes


def _ratio(part: NDArray[np.floating | np.integer], whole: Floats) -> Floats:
    """Return part / whole, 0 where there is no part."""
    ratio: Floats = np.divide(part, whole, out=np.zeros(len(whole)), where=part > 0)
    return ratio
