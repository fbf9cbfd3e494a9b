"""What the try page asks: classifiers, the encoder, training texts and examples; opened once for all sessions."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from threading import Lock

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from estitchup.bundle import Classifier, choose, classifier_of
from estitchup.bundle.nearest import TrainingTexts
from estitchup.corpus import Role
from estitchup.decision_store import KeptThreshold, kept_thresholds
from estitchup.encoding import Encoder, resolve_encoder
from estitchup.errors import EstitchupError
from estitchup.experiment import result_vectors
from estitchup.result import ExperimentResult
from estitchup.temperature import scaled
from estitchup.ui import state

LONGEST_EXAMPLE = 90  # characters that fit a button in a row


@dataclass(frozen=True)
class Examples:
    """Test texts to try: of known classes, of unknown ones, and such as two classifiers treat differently."""

    known: tuple[str, ...]
    unknown: tuple[str, ...]
    disputed: tuple[str, ...]


@dataclass(frozen=True)
class SharedEncoder:
    """An encoder that sessions take turns with: its tokenizer cannot serve two threads at once.

    `threads` limits what answers to one thread. A few short texts are no faster with two, and on a busy computer, where
    each layer waits for the slower one, fourteen times as slow.
    """

    encoder: Encoder
    turn: Lock = field(default_factory=Lock)
    threads: ThreadpoolController = field(default_factory=ThreadpoolController)

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors (N, D) of the texts."""
        with self.turn:
            return self.encoder.encode(texts)


def classifier(job_id: str, name: str) -> Classifier:
    """Return what a bundle of this augmentation would hold, with the threshold that is kept now."""
    folder = state.workspace().result_folder(job_id)
    return _classifier(str(folder), job_id, name, _as_key(kept_thresholds(folder).get(name)))


@st.cache_resource(show_spinner=False, max_entries=64)
def _classifier(folder: str, job_id: str, name: str, kept: str) -> Classifier:  # noqa: ARG001 (the cache's key)
    found = state.result(job_id)
    return classifier_of(found, choose(found, name, _from_key(kept)))


def encoder_of(found: ExperimentResult) -> SharedEncoder:
    """Return the experiment's encoder, loaded and warm; raises EstitchupError when it is not there or another one."""
    if found.spec.corpus.vectors:
        raise EstitchupError(
            "The vectors of this experiment came with its corpus, so a new text cannot be embedded here: choose an "
            "experiment that an encoder made the vectors of."
        )
    key = resolve_encoder(found.spec.encoder).key
    if key != found.facts.encoder_key:
        raise EstitchupError(
            f"This experiment was trained on vectors of {found.facts.encoder_key}, and the encoder here is {key}: "
            "train again, or bring that encoder back."
        )
    return _encoder(found.spec.encoder, key)


@st.cache_resource(show_spinner="Loading the encoder …", max_entries=2)
def _encoder(name: str, key: str) -> SharedEncoder:  # noqa: ARG001 (the cache's key)
    encoder = resolve_encoder(name).load()
    encoder.encode(["a first text is slower than the next"])
    return SharedEncoder(encoder)


def training_texts(job_id: str) -> TrainingTexts:
    """Return the known training texts of an experiment with their vectors."""
    return _training_texts(str(state.workspace().result_folder(job_id)), job_id)


@st.cache_resource(show_spinner="Gathering the training texts …", max_entries=4)
def _training_texts(folder: str, job_id: str) -> TrainingTexts:  # noqa: ARG001 (the cache's key)
    found = state.result(job_id)
    known = ((found.rows["role"] == Role.TRAIN.value) & (found.rows["target"] >= 0)).to_numpy()
    with state.workspace().vectors() as store:
        vectors = result_vectors(found, store=store)[known]
    rows = found.rows[known]
    return TrainingTexts.of(rows["text"].tolist(), rows["label"].tolist(), vectors)


@st.cache_resource(show_spinner=False, max_entries=4)
def labels_by_text(folder: str, job_id: str) -> dict[str, str]:  # noqa: ARG001 (the cache's key)
    """Return the label of each test text."""
    rows = state.result(job_id).role_rows(Role.TEST)
    return dict(zip(rows["text"], rows["label"], strict=True))


def examples(job_id: str, names: Sequence[str], draw: int, count: int) -> Examples:
    """Draw short test texts, so many of each kind; another `draw` gives others, the same one the same."""
    folder = state.workspace().result_folder(job_id)
    compared = {name: _as_key(kept_thresholds(folder).get(name)) for name in (names[0], names[-1])}
    return _examples(str(folder), job_id, tuple(compared.items()), draw, count)


@st.cache_data(show_spinner=False, max_entries=64)
def _examples(folder: str, job_id: str, compared: tuple[tuple[str, str], ...], draw: int, count: int) -> Examples:
    found, generator = state.result(job_id), np.random.default_rng(draw)
    rows = found.role_rows(Role.TEST)
    short = (rows["text"].str.len().between(1, LONGEST_EXAMPLE) & ~rows["text"].str.contains("\n")).to_numpy(bool)
    known = (rows["target"] >= 0).to_numpy(bool)
    answers = [_test_answers(folder, job_id, *own) for own in compared]
    disputed = np.asarray(answers[0] != answers[-1], np.bool_)
    texts = rows["text"].to_numpy(object)

    def drawn(mask: NDArray[np.bool_]) -> tuple[str, ...]:
        places = np.flatnonzero(mask & short)
        return tuple(texts[generator.permutation(places)[:count]])

    return Examples(drawn(known & ~disputed), drawn(~known & ~disputed), drawn(disputed))


@st.cache_resource(show_spinner=False, max_entries=16)
def _test_answers(folder: str, job_id: str, name: str, kept: str) -> NDArray[np.object_]:
    """Return the labels (N,) that an augmentation's classifier gives the test texts."""
    found = state.result(job_id)
    choice = choose(found, name, _from_key(kept))
    logits = scaled(found.logits[Role.TEST.value][choice.run], choice.temperature)
    labels: NDArray[np.object_] = _classifier(folder, job_id, name, kept).table(logits)["label"].to_numpy(object)
    return labels


def _as_key(kept: KeptThreshold | None) -> str:
    """Return what tells this threshold from another in a cache, "" for none."""
    return json.dumps(asdict(kept)) if kept else ""


def _from_key(key: str) -> KeptThreshold | None:
    return KeptThreshold(**json.loads(key)) if key else None
