"""The map of the embeddings: principal components at once, neighbourhoods computed in the background on request."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from estitchup.charts.map import GROUP_SHAPES, MOST_POINTS, map_data, map_texts
from estitchup.corpus import Corpus, Role
from estitchup.projection import NeighbourPlanes, estimated_seconds
from estitchup.ui.guard import guard
from estitchup.ui.map_view import show_points
from estitchup.ui.profile_data import principal_points, vectors_of
from estitchup.ui.state import workspace
from estitchup.workspace import EmbedSpec

OVERVIEW, NEIGHBOURS = "Overview (PCA)", "Neighbourhoods (UMAP)"
KINDS = ("Known or unknown", "Role", "Class")
SECONDS_BETWEEN_LOOKS = 1.0

Places = NDArray[np.int64]


@st.fragment
@guard()
def show_map(spec: EmbedSpec, corpus: Corpus) -> None:
    """Show each text as a point: near points are similar texts."""
    st.subheader("Map", anchor=False)
    kind, colouring = st.columns(2)
    with kind:
        plane = st.segmented_control("Map", [OVERVIEW, NEIGHBOURS], default=OVERVIEW, key="map_plane", required=True)
    with colouring:
        by = st.segmented_control("Coloured by", KINDS, default=KINDS[0], key="map_colour", required=True)
    rows = _shown_rows(len(corpus.texts))
    with st.container():  # which is always there, so that the map stays the same element, and keeps its view
        classes = _ask_classes(corpus) if by == "Class" else []
    points = _neighbour_points(spec, corpus, rows) if plane == NEIGHBOURS else principal_points(spec)[rows]
    if points is None:
        return
    texts = _texts(str(workspace().root), spec.model_dump_json(), corpus)
    alt = f"{len(rows):,} texts as points on a plane, coloured by {by.lower()}; similar texts are near each other"
    show_points(map_data(points, _groups(corpus, rows, by, classes), texts), texts, alt, key="profile_map")
    shown = f"{len(rows):,} of {len(corpus.texts):,} texts, evenly chosen. " if len(rows) < len(corpus.texts) else ""
    st.caption(
        f"{shown}Each point is a text. Drag to move, scroll to zoom, point at one to read it, "
        "hide a group in the legend."
    )


def _shown_rows(count: int) -> Places:
    return np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).astype(np.int64))


@st.cache_resource(show_spinner=False, max_entries=4)
def _texts(root: str, chosen: str, _corpus: Corpus) -> bytes:  # noqa: ARG001 (the cache's key)
    rows = _shown_rows(len(_corpus.texts))
    return map_texts(
        [_corpus.texts[row] for row in rows.tolist()], _corpus.labels[rows].tolist(), _corpus.roles[rows].tolist()
    )


def _ask_classes(corpus: Corpus) -> list[str]:
    every = [*corpus.classes, *corpus.unknown_classes]
    largest = corpus.class_counts().sum(axis=1).sort_values(ascending=False, kind="stable").index[:5]
    most = len(GROUP_SHAPES)
    return st.multiselect("Classes to colour", every, list(largest), max_selections=most, key="map_classes")


def _groups(corpus: Corpus, rows: Places, by: str, classes: list[str]) -> dict[str, Places]:
    """Return the places among `rows` of each group that gets a colour."""
    labels, roles, known = corpus.labels[rows], corpus.roles[rows], corpus.targets[rows] >= 0
    if by == "Class":
        masks = {name: labels == name for name in classes}
    elif by == "Role":
        masks = {role.value: roles == role for role in Role}
    else:
        masks = {"known": known, "unknown": ~known & (labels != ""), "unlabelled": labels == ""}
    return {name: np.flatnonzero(mask) for name, mask in masks.items() if mask.any()}


@st.cache_resource(show_spinner=False)
def _planes(root: str) -> NeighbourPlanes:  # noqa: ARG001 (the cache's key)
    return NeighbourPlanes(workspace().root / "maps")


def _neighbour_points(spec: EmbedSpec, corpus: Corpus, rows: Places) -> NDArray[np.float32] | None:
    """Return the points if they were computed, else None after offering to compute them, or showing how far it is."""
    vectors = vectors_of(spec, corpus)
    if vectors is None:
        return None
    planes = _planes(str(workspace().root))
    key = planes.key(vectors[rows])
    points = planes.plane(key)
    if points is not None:
        return points
    if planes.running(key):
        _follow(planes, key, len(rows))
    else:
        if planes.failed(key):
            st.error("The neighbourhoods could not be computed: the overview shows the same texts.")
        st.markdown(
            f"The neighbourhoods of {len(rows):,} texts take about {_duration(estimated_seconds(len(rows)))} to "
            "compute, once; you can go on with other things meanwhile."
        )
        if st.button("Compute the neighbourhoods", key="map_compute", icon=":material/scatter_plot:"):
            planes.start(key, vectors[rows])
            st.rerun(scope="fragment")
    return None


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _follow(planes: NeighbourPlanes, key: str, count: int) -> None:
    if not planes.running(key):
        st.rerun()
    spent, expected = planes.seconds(key), estimated_seconds(count)
    words = f"Computing the neighbourhoods: {_duration(spent)} of about {_duration(expected)}"
    st.progress(min(0.99, spent / expected), text=words)
    st.button("Stop", key="map_stop", icon=":material/stop_circle:", on_click=planes.stop, args=(key,))


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(1, round(seconds))} s"
