"""What the Profile page shows, computed once for all sessions: vectors from the store, token counts, the profile."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from estitchup.corpus import Corpus
from estitchup.corpus.profile import Profile, count_tokens, profile_of
from estitchup.encoding import resolve_encoder
from estitchup.projection import principal_plane
from estitchup.ui import prepared
from estitchup.ui.state import workspace
from estitchup.workspace import EmbedSpec

ENOUGH = 0.95
"""Share of texts whose vectors are known from which the profile is shown: another split may bring back a few."""

Vectors = NDArray[np.float32]


def vectors_of(spec: EmbedSpec, corpus: Corpus) -> Vectors | None:
    """Return the vectors (N, D) that came with the texts or are in the store, None while too few are.

    A text without one, of which there may be a few, has zeros.
    """
    if corpus.vectors is not None:
        return corpus.vectors
    source = resolve_encoder(spec.encoder)
    with workspace().vectors() as store:
        vectors, found = store.get(source.key, corpus.texts, source.dimension)
    return vectors if found.mean() >= ENOUGH else None


def profile(spec: EmbedSpec) -> Profile:
    """Profile a corpus whose vectors are known; raises EstitchupError."""
    return _profile(str(workspace().root), spec.model_dump_json())


def principal_points(spec: EmbedSpec) -> NDArray[np.float32]:
    """Return the texts on their first two principal components, (N, 2)."""
    return _points(str(workspace().root), spec.model_dump_json())


@st.cache_resource(show_spinner="Looking at the texts …", max_entries=16)
def _profile(root: str, chosen: str) -> Profile:  # noqa: ARG001 (the cache's key: another folder has other vectors)
    spec = EmbedSpec.model_validate_json(chosen)
    corpus = prepared.corpus(spec.corpus)
    vectors = vectors_of(spec, corpus)
    if corpus.vectors is not None:
        return profile_of(corpus, vectors)
    source = resolve_encoder(spec.encoder)
    return profile_of(corpus, vectors, count_tokens(corpus.texts, source.folder), source.max_tokens)


@st.cache_resource(show_spinner="Drawing the map …", max_entries=16)
def _points(root: str, chosen: str) -> NDArray[np.float32]:  # noqa: ARG001 (the cache's key)
    spec = EmbedSpec.model_validate_json(chosen)
    vectors = vectors_of(spec, prepared.corpus(spec.corpus))
    return np.zeros((0, 2), np.float32) if vectors is None else principal_plane(vectors)
