"""The download of classifiers, for any page that has an experiment: one zip for each augmentation, made when asked."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import streamlit as st

from estitchup.bundle import make_bundle
from estitchup.decision_store import KeptThreshold, kept_thresholds
from estitchup.ui import state


def offer_bundles(job_id: str, names: Sequence[str], place: str = "bundle") -> None:
    """Draw a download for each augmentation's classifier; `place` tells two offers on one page apart."""
    with st.container(horizontal=True):
        for name in names:
            st.download_button(
                name,
                lambda name=name: bundle_archive(job_id, name),  # type: ignore[misc]
                f"{_file_name(name)}.zip",
                "application/zip",
                on_click="ignore",
                key=f"{place} {name}",
                icon=":material/download:",
            )
    st.caption(
        "A zip with the weights, the threshold, the figures on test texts and a model card. The thresholds are those "
        "kept on the Threshold page, else they keep 90% of known validation texts. In Python: "
        '`estitchup.load("soft-e-stitchup.zip").predict(texts)`.'
    )


def bundle_archive(job_id: str, name: str) -> bytes:
    """Return the zip of an augmentation's classifier, with the threshold that is kept now."""
    folder = state.workspace().result_folder(job_id)
    kept = kept_thresholds(folder).get(name)
    return _archive(str(folder), job_id, name, json.dumps(asdict(kept)) if kept else "")


@st.cache_data(show_spinner=False, max_entries=8)
def _archive(folder: str, job_id: str, name: str, kept: str) -> bytes:  # noqa: ARG001 (the cache's key)
    threshold = KeptThreshold(**json.loads(kept)) if kept else None
    return make_bundle(state.result(job_id), name, threshold).archive


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.casefold())
