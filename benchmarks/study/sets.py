"""The labelled sets of the study, embedded once: rows, roles, and the classes that a draw takes for unknown.

A set is read by the library as any user's file is. What cannot be had here, because there is no network and no local
copy in ESTITCHUP_DATA_DIR, is left out, and the study says so.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from estitchup.corpus import Corpus, CorpusSpec, Role, load_corpus
from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.experiment import embed_corpus, training_data
from estitchup.streams import TrainingData
from estitchup.workspace import Workspace

UNKNOWN_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """A corpus of K classes and its vectors (N, D); out-of-scope rows have the target −1."""

    name: str
    corpus: Corpus
    vectors: NDArray[np.float32]

    @cached_property
    def data(self) -> TrainingData:
        """Return the training and validation rows of all K classes."""
        return training_data(self.corpus, self.vectors)

    @property
    def classes(self) -> int:
        """Return K."""
        return len(self.corpus.classes)

    def role(self, role: Role) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the vectors (n, D) and targets (n,) of a role's labelled rows, out-of-scope ones included."""
        rows = np.flatnonzero((self.corpus.roles == role) & (self.corpus.labels != ""))
        return self.vectors[rows], self.corpus.targets[rows]

    @property
    def has_out_of_scope(self) -> bool:
        """Return True when the test rows hold texts of no class."""
        return bool((self.role(Role.TEST)[1] < 0).any())

    def known_classes(self, draw: int, share: float = 1 - UNKNOWN_SHARE) -> NDArray[np.bool_]:
        """Draw the classes (K,) that are known: a share of all, another choice for each draw."""
        known = np.zeros(self.classes, bool)
        chosen = np.random.default_rng((draw, 0)).permutation(self.classes)
        known[chosen[: round(share * self.classes)]] = True
        return known

    def training_rows(self, draw: int, known: NDArray[np.bool_], texts_a_class: int | None) -> NDArray[np.int64]:
        """Return positions in `data` of the training rows of known classes, at most so many of each, drawn by draw."""
        order = np.random.default_rng((draw, 1)).permutation(len(self.data.targets))
        order = order[known[self.data.targets[order]]]
        if texts_a_class is not None:
            order = order[_place_in_class(self.data.targets[order]) < texts_a_class]
        return np.sort(order)


def _place_in_class(targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each row (N,) how many rows of its class came before."""
    by_class = np.argsort(targets, kind="stable")
    starts = np.searchsorted(targets[by_class], targets[by_class], side="left")
    place = np.empty(len(targets), np.int64)
    place[by_class] = np.arange(len(targets)) - starts
    return place


SPECS: dict[str, CorpusSpec] = {
    "CLINC150": CorpusSpec(
        file="clinc150", text_column="text", label_column="intent", split_column="split", unknown_labels=("oos",)
    ),
    "BANKING77": CorpusSpec(
        file="banking77", text_column="text", label_column="category", split_column="split", validation_share=0.1
    ),
    "MASSIVE": CorpusSpec(file="massive", text_column="text", label_column="intent", split_column="split"),
    "NLU Evaluation Data": CorpusSpec(file="nlu-evaluation", text_column="text", label_column="intent"),
    "GoEmotions": CorpusSpec(file="go-emotions", text_column="text", label_column="emotion", split_column="split"),
    "Sample": CorpusSpec(file="sample", text_column="text", label_column="intent", unknown_labels=("oos",)),
}


def load_sets(workspace: Workspace, names: list[str] | None = None) -> tuple[list[LabelledSet], list[str]]:
    """Return the sets that can be had, and a sentence for each that cannot."""
    sets, missing = [], []
    with workspace.vectors() as store:
        for name in names or list(SPECS):
            try:
                corpus = load_corpus(SPECS[name])
                vectors, _ = embed_corpus(corpus, DEFAULT_ENCODER, store=store)
            except EstitchupError as error:
                missing.append(f"{name} is left out: {error}")
                continue
            sets.append(LabelledSet(name, corpus, vectors))
    return sets, missing
