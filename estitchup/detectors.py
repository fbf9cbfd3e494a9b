"""Which score refuses best: every OOD score of every augmentation, on test texts.

Scores of the logits differ by run; distances of the embeddings do not, and are fitted on known training texts. A
combination puts two scores on one scale by known validation texts. Figures are AUROC and FPR@95 (`ood.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from estitchup.embedding_scores import MahalanobisDistance, NeighbourDistance
from estitchup.ood import auroc, fpr_at_tpr
from estitchup.ood_scores import LOGIT_SCORES, Combination

Floats = NDArray[np.float64]

NEIGHBOURS = "Nearest neighbours"
MAHALANOBIS = "Mahalanobis"
COMBINED = ("Confidence", "Energy")  # each with each distance
COLUMNS = ["augmentation", "score", "auroc", "auroc_std", "fpr_at_95_tpr", "fpr_at_95_tpr_std"]


@dataclass(frozen=True)
class Parts:
    """One thing for each of three parts of a corpus: known validation texts, known test texts, unknown test texts.

    Rows stand first: logits (N, K) or embeddings (N, D) of a run, or scores (N,), higher for more OOD.
    """

    validation: NDArray[np.floating]
    known: NDArray[np.floating]
    unknown: NDArray[np.floating]

    def scored(self, score: Callable[[NDArray[np.floating]], Floats]) -> "Parts":
        """Return the scores of each part."""
        return Parts(score(self.validation), score(self.known), score(self.unknown))


def distances(embeddings: ArrayLike, targets: ArrayLike, parts: Parts) -> dict[str, Parts]:
    """Return the distance scores of embedded parts from known training texts (N, D) with targets (N,)."""
    measures = {
        NEIGHBOURS: NeighbourDistance.of(embeddings).score,
        MAHALANOBIS: MahalanobisDistance.of(embeddings, targets).score,
    }
    return {name: parts.scored(measure) for name, measure in measures.items()}


def detection_table(runs: Mapping[str, Iterable[Parts]], far: Mapping[str, Parts]) -> pd.DataFrame:
    """Return a row for each augmentation and score: means over seeds, and deviations, NaN for one seed.

    `runs` are each augmentation's logits, seed by seed, one in memory at a time where they are iterators; `far` are the
    distances, {} where embeddings are not at hand.
    """
    rows = []
    for name, seeds in runs.items():
        scored = [_all_scores(logits, far) for logits in seeds]
        for score in scored[0]:
            figures = np.array([_figures(own[score]) for own in scored])
            deviations = figures.std(axis=0, ddof=1) if len(figures) > 1 else np.full(2, np.nan)
            means = figures.mean(axis=0)
            rows.append((name, score, means[0], deviations[0], means[1], deviations[1]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _all_scores(logits: Parts, far: Mapping[str, Parts]) -> dict[str, Parts]:
    scores = {name: logits.scored(score) for name, score in LOGIT_SCORES.items()} | dict(far)
    pairs = [(of_logits, of_embeddings) for of_embeddings in far for of_logits in COMBINED]
    if len(logits.validation):  # they set the common scale
        scores |= {f"{one} + {other}": _combined(scores[one], scores[other]) for one, other in pairs}
    return scores


def _combined(one: Parts, other: Parts) -> Parts:
    scale = Combination.of(one.validation, other.validation)
    return Parts(
        *(scale.apply(own, their) for own, their in zip(vars(one).values(), vars(other).values(), strict=True))
    )


def _figures(scores: Parts) -> tuple[float, float]:
    return auroc(scores.known, scores.unknown), fpr_at_tpr(scores.known, scores.unknown)
