"""Which texts of a pool to label first: query strategies as pure functions of logits and embeddings.

Labelling what looks out of distribution first is what Wolfe & Lundgaard (arXiv:1912.00772) propose; least confidence,
margin and entropy are as in Settles' survey (2009), the diverse batch samples as k-means++ does (Arthur and
Vassilvitskii, 2007) among unsure texts, near to BADGE (Ash et al., arXiv:1906.03671). NumPy in float64.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from estitchup.corpus.profile import NEAR
from estitchup.embedding_scores import NeighbourDistance
from estitchup.errors import EstitchupError
from estitchup.ood_scores import doubt, energy, entropy, margin

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]

DIVERSE_AMONG = 20  # the batch is drawn from this many times as many unsure texts; fewer save less (docs/decisions.md)
NEIGHBOURS = 5
MOST_APART = 5_000  # texts held against one another; nobody labels more before training anew
_AT_ONCE = 512  # texts of a block, whose cosines are one product


@dataclass(frozen=True, eq=False)
class Pool:
    """N texts without a label, as S runs of one augmentation see them, K classes.

    `logits` (S, N, K), a class that a run does not know masked by −∞; `embeddings` (N, D); `labelled` (M, D) are the
    embeddings of the texts that have a label; `keys` (N,) are normalised texts: equal keys are one text.
    """

    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    labelled: NDArray[np.float32]
    keys: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.keys)


Picker = Callable[[Pool, int, np.random.Generator], Positions]


@dataclass(frozen=True)
class Strategy:
    """A way to choose: `says` tells a person what it looks for, `pick(pool, count, generator)` returns positions.

    `score(pool)` (N,) is what it ranks by, higher first; None where there is no number that ranks.
    """

    name: str
    says: str
    pick: Picker
    score: Callable[[Pool], Floats] | None = None


def least_confidence(pool: Pool) -> Floats:
    """Return 1 − confidence (N,), mean over runs: the paper's own choice."""
    return _mean_over_runs(doubt, pool)


def small_margin(pool: Pool) -> Floats:
    """Return 1 − (largest − second largest probability) (N,), mean over runs."""
    return _mean_over_runs(margin, pool)


def high_entropy(pool: Pool) -> Floats:
    """Return the entropy of the probabilities in nats (N,), mean over runs."""
    return _mean_over_runs(entropy, pool)


def high_energy(pool: Pool) -> Floats:
    """Return the energy (N,), mean over runs: high where all logits are low."""
    return _mean_over_runs(energy, pool)


def far_from_labelled(pool: Pool) -> Floats:
    """Return the distance (N,) to the fifth nearest labelled text on the unit sphere, in [0, 2]."""
    return NeighbourDistance.of(pool.labelled, NEIGHBOURS).score(pool.embeddings)


def distinct(order: Positions, pool: Pool, count: int) -> Positions:
    """Return the first `count` positions of an order that hold different texts.

    A near duplicate of a text before it, at a cosine of NEAR or more, comes only when nothing else is left, so that an
    encoder to which most texts are near leaves the order as it is. Beyond MOST_APART texts only equal ones are told.
    """
    once = _once(order, pool)
    apart = _apart(once, pool.embeddings, min(count, MOST_APART))
    return np.concatenate([apart, once[~np.isin(once, apart)]])[:count]


def _once(order: Positions, pool: Pool) -> Positions:
    once: Positions = order[~pd.Series(pool.keys[order]).duplicated().to_numpy()]
    return once


def _apart(order: Positions, embeddings: NDArray[np.float32], count: int) -> Positions:
    """Return the first `count` positions of an order whose cosine with every one returned before is below NEAR."""
    chosen = order[:0]
    kept = np.empty((0, embeddings.shape[1]), np.float32)
    for start in range(0, len(order), _AT_ONCE):
        block = order[start : start + _AT_ONCE]
        vectors = _on_sphere(embeddings[block]).astype(np.float32)
        near = (vectors @ kept.T).max(axis=1, initial=-1) >= NEAR
        cosines = vectors @ vectors.T
        for place in range(len(block)):
            if not near[place]:
                near[place + 1 :] |= cosines[place, place + 1 :] >= NEAR
        chosen = np.concatenate([chosen, block[~near]])
        kept = np.concatenate([kept, vectors[~near]])
        if len(chosen) >= count:
            break
    return chosen[:count]


def by_score(score: Callable[[Pool], Floats]) -> Picker:
    """Return the picker that takes the highest scores; equal ones by lot."""

    def pick(pool: Pool, count: int, generator: np.random.Generator) -> Positions:
        return distinct(_by_lot_and_score(score, pool, generator), pool, count)

    return pick


def _by_lot_and_score(score: Callable[[Pool], Floats], pool: Pool, generator: np.random.Generator) -> Positions:
    lots = generator.permutation(len(pool))
    order: Positions = lots[np.argsort(-score(pool)[lots], kind="stable")]
    return order


def at_random(pool: Pool, count: int, generator: np.random.Generator) -> Positions:
    """Pick by lot: the control that every other strategy has to beat."""
    return distinct(generator.permutation(len(pool)), pool, count)


def diverse(pool: Pool, count: int, generator: np.random.Generator) -> Positions:
    """Pick among the least confident texts those that are far from labelled texts and from one another.

    Each is drawn with a probability in proportion to its squared distance to what is labelled or picked so far.
    """
    order = _once(_by_lot_and_score(least_confidence, pool, generator), pool)
    candidates = _apart(order, pool.embeddings, DIVERSE_AMONG * count)
    if len(candidates) < count:  # all are near to those: draw among near ones, too
        candidates = order[: DIVERSE_AMONG * count]
    vectors, labelled = _on_sphere(pool.embeddings[candidates]), _on_sphere(pool.labelled)
    distance = np.full(len(candidates), 2.0)
    if len(labelled):
        distance = 2 - 2 * (vectors @ labelled.T).max(axis=1)
    chosen: list[int] = []
    for _ in range(min(count, len(candidates))):
        distance[chosen[-1:]] = 0.0
        weight = np.maximum(distance, 0.0)
        if not weight.any():  # what is left lies on picked texts
            left = np.setdiff1d(np.arange(len(candidates)), chosen)
            chosen += generator.permutation(left)[: count - len(chosen)].tolist()
            break
        drawn = int(generator.choice(len(weight), p=weight / weight.sum()))
        chosen.append(drawn)
        distance = np.minimum(distance, 2 - 2 * vectors @ vectors[drawn])
    return candidates[chosen]


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("Margin", "hang between two classes", by_score(small_margin), small_margin),
        Strategy("Least confidence", "the classifier is least sure of", by_score(least_confidence), least_confidence),
        Strategy("Entropy", "could belong to many classes", by_score(high_entropy), high_entropy),
        Strategy("Energy", "no class speaks for", by_score(high_energy), high_energy),
        Strategy("Distance", "are far from every labelled text", by_score(far_from_labelled), far_from_labelled),
        Strategy("Diverse batch", "the classifier is unsure of, and that are unlike one another", diverse),
        Strategy("Random", "come by lot", at_random),
    )
}
"""By name; pages offer the first at first, which saved most labels with Soft E-Stitchup (docs/study.md)."""
RANDOM = "Random"
OOD_DRIVEN = ("Least confidence", "Energy", "Distance", "Diverse batch")
"""Strategies that look for texts out of distribution; the others look for texts between known classes."""


def strategy_named(name: str) -> Strategy:
    """Return a strategy by its name, capitals aside; raises EstitchupError when there is none."""
    by_folded = {known.casefold(): strategy for known, strategy in STRATEGIES.items()}
    if name.casefold() not in by_folded:
        raise EstitchupError(f"There is no strategy {name!r}: choose among {', '.join(STRATEGIES)}.")
    return by_folded[name.casefold()]


def alike(vectors: NDArray[np.float32], position: int, least: float) -> Positions:
    """Return the positions of texts whose cosine with one text is at least `least`, the most alike first.

    `vectors` (N, D) are of length 1.
    """
    cosine = vectors @ vectors[position]
    order = np.argsort(-cosine, kind="stable")
    chosen: Positions = order[(cosine[order] >= least) & (order != position)]
    return chosen


def _mean_over_runs(score: Callable[[ArrayLike], Floats], pool: Pool) -> Floats:
    mean: Floats = np.mean([score(run) for run in pool.logits], axis=0)
    return mean


def _on_sphere(vectors: NDArray[np.float32]) -> Floats:
    rows = np.asarray(vectors, np.float64)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(length > 0, length, 1)
