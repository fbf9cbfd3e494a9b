"""What the label page shows of an experiment's pool: the order of its texts, what the classifier would say, and why.

Computed once an experiment, for all sessions; what people decide is read from the catalog at every look.
"""

import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from estitchup.calibration import softmax
from estitchup.corpus import Role, normalised
from estitchup.label_store import LabelStore
from estitchup.labeling import (
    STRATEGIES,
    Pool,
    alike,
    distinct,
    diverse,
    least_confidence,
    small_margin,
    strategy_named,
)
from estitchup.labels import scope_of, text_keys
from estitchup.result import ExperimentResult
from estitchup.ui import state

FAVOURITE = "Soft E-Stitchup"
DIVERSE_FIRST = 100  # texts that a diverse batch puts in order; the rest follow by margin
ALIKE_COSINE = 0.7
MOST_ALIKE = 8
MOST_NEAREST = 3
SUGGESTED = 3

Positions = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Neighbour:
    """A labelled training text near to a text of the pool."""

    text: str
    label: str
    cosine: float


class LabelDesk:
    """The pool of an experiment: P distinct unlabelled texts, by position 0 … P − 1."""

    def __init__(self, result: ExperimentResult, vectors: NDArray[np.float32]) -> None:
        self.result, rows = result, result.rows
        every = np.flatnonzero((rows["role"] == Role.POOL.value) & (rows["label"] == ""))
        _, first = np.unique(np.array(normalised(rows["text"].iloc[every]), dtype=str), return_index=True)
        pool = every[np.sort(first)]
        self.texts: list[str] = rows["text"].iloc[pool].tolist()
        self.keys = text_keys(self.texts)
        self.position = {key: place for place, key in enumerate(self.keys)}
        self.classes = result.facts.classes
        self.given_vectors = vectors if result.spec.corpus.vectors is not None else None
        self._vectors = vectors[pool]
        trained = np.flatnonzero((rows["role"] == Role.TRAIN.value) & (rows["target"] >= 0))
        self._labelled, self._trained = rows.iloc[trained], vectors[trained]
        self._rankings: dict[tuple[str, str], Positions] = {}
        self._scores: dict[tuple[str, str], Floats | None] = {}
        self._answers: dict[str, tuple[list[str], Floats]] = {}
        self._probabilities: dict[str, Floats] = {}

    @cached_property
    def scope(self) -> str:
        """Return the name under which labels of these texts are kept."""
        return scope_of(self.result.rows["text"])

    @property
    def favourite(self) -> str:
        """Return the augmentation whose classifier suggests at first."""
        return FAVOURITE if FAVOURITE in self.result.names else self.result.names[-1]

    def ranking(self, name: str, strategy: str) -> Positions:
        """Return the positions of all texts, those to label first in front."""
        if (name, strategy) not in self._rankings:
            self._rankings[name, strategy] = self._rank(self._pool(name), strategy)
        return self._rankings[name, strategy]

    def scores(self, name: str, strategy: str) -> Floats | None:
        """Return what a strategy ranks all texts by (P,), higher first; None where it ranks by no number."""
        if (name, strategy) not in self._scores:
            score = STRATEGIES[strategy].score
            self._scores[name, strategy] = score(self._pool(name)) if score else None
        return self._scores[name, strategy]

    def waits(self, name: str, strategy: str) -> frozenset[int]:
        """Return the positions whose score alone would place them sooner: near duplicates of texts before them."""
        scores, order = self.scores(name, strategy), self.ranking(name, strategy)
        if scores is None or not len(order):
            return frozenset()
        lowest = np.minimum.accumulate(scores[order])
        return frozenset(order[scores[order] > lowest].tolist())

    def _pool(self, name: str) -> Pool:
        logits = self.result.heads.logits(self._vectors)[self.result.runs_of(name)]
        return Pool(logits, self._vectors, self._trained, np.array(self.keys, dtype=object))

    def _rank(self, pool: Pool, strategy: str) -> Positions:
        generator = np.random.default_rng(0)  # fixed, so that everybody sees the same order
        if strategy_named(strategy).pick is not diverse:
            return STRATEGIES[strategy].pick(pool, len(pool), generator)
        first = diverse(pool, DIVERSE_FIRST, generator)
        rest = np.argsort(-small_margin(pool), kind="stable")
        return distinct(np.concatenate([first, rest[~np.isin(rest, first)]]), pool, len(pool))

    def probabilities(self, name: str) -> Floats:
        """Return the probabilities (P, K), mean over seeds."""
        if name not in self._probabilities:
            logits = self.result.heads.logits(self._vectors)[self.result.runs_of(name)]
            self._probabilities[name] = np.mean([softmax(run) for run in logits], axis=0)
        return self._probabilities[name]

    def suggestions(self, name: str, position: int) -> list[tuple[str, float]]:
        """Return the likeliest classes of a text with their probabilities, the likeliest first."""
        own = self.probabilities(name)[position]
        best = np.argsort(-own, kind="stable")[:SUGGESTED]
        return [(self.classes[place], float(own[place])) for place in best]

    def answers(self, name: str) -> tuple[list[str], Floats]:
        """Return for each text the class that is likeliest over the runs, and the runs' confidence, its mean (P,).

        Runs that disagree are each more confident than their mean probabilities; queues rank by what the runs say.
        """
        if name not in self._answers:
            likeliest = self.probabilities(name).argmax(axis=1)
            confidence = 1 - least_confidence(self._pool(name))
            self._answers[name] = [self.classes[place] for place in likeliest], confidence
        return self._answers[name]

    def nearest(self, position: int) -> list[Neighbour]:
        """Return the labelled training texts nearest to a text."""
        cosine = self._unit_trained @ self._unit_vectors[position]
        best = np.argsort(-cosine, kind="stable")[:MOST_NEAREST]
        rows = zip(self._labelled["text"].iloc[best], self._labelled["label"].iloc[best], cosine[best], strict=True)
        return [Neighbour(text, label, float(value)) for text, label, value in rows]

    def alike(self, position: int) -> Positions:
        """Return the positions of texts of the pool that are much alike, the most alike first."""
        return alike(self._unit_vectors, position, ALIKE_COSINE)

    @cached_property
    def _unit_vectors(self) -> NDArray[np.float32]:
        return _unit(self._vectors)

    @cached_property
    def _unit_trained(self) -> NDArray[np.float32]:
        return _unit(self._trained)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors of length 1, in float32: they are kept, and only sort and show two digits of a cosine."""
    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return unit


def label_desk(job_id: str) -> LabelDesk:
    """Return the desk of a finished experiment, the same for all sessions."""
    return _desk(str(state.workspace().result_folder(job_id)), job_id)


@st.cache_resource(show_spinner="Looking up the vectors of the pool …", max_entries=4)
def _desk(folder: str, job_id: str) -> LabelDesk:  # noqa: ARG001 (the cache's key)
    from estitchup.experiment import result_vectors  # loads PyTorch, which no other page of results needs

    result = state.result(job_id)
    with state.workspace().vectors() as store:
        return LabelDesk(result, result_vectors(result, store=store))


def label_store() -> LabelStore:
    """Return the labels of the workspace."""
    return _label_store(os.environ.get("ESTITCHUP_HOME", ""))


@st.cache_resource(show_spinner=False)
def _label_store(home: str) -> LabelStore:  # noqa: ARG001 (the cache's key)
    return LabelStore(state.workspace().catalog.engine)
