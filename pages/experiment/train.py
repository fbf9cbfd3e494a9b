"""Choose augmentations, and watch them train side by side."""

from functools import partial
from pathlib import Path

import streamlit as st

from estitchup.corpus import Role
from estitchup.errors import EstitchupError
from estitchup.spec import ExperimentSpec
from estitchup.ui import prepared
from estitchup.ui.experiment_form import ask_experiment, size_words
from estitchup.ui.guard import plain, show_error
from estitchup.ui.prepared_view import offer_texts, show_source
from estitchup.ui.state import workspace
from estitchup.ui.training_panel import followed_job, open_comparison, show_training, start
from estitchup.workspace import EmbedSpec


def show_empty() -> None:
    """Say what to do first, and offer to do it on the sample."""
    st.markdown("Training needs texts with labels. Bring your own, or see how it goes on the sample.")
    offer_texts("Train on the sample")


def corpus_words(spec: EmbedSpec) -> str:
    """Say what is trained on; raises EstitchupError when it cannot be."""
    corpus = prepared.corpus(spec.corpus)
    rows = len(corpus.rows(Role.TRAIN, known=True))
    return f"{rows:,} training texts · {len(corpus.classes):,} known classes · {plain(prepared.encoder_name(spec))}"


def ask_and_start(chosen: EmbedSpec) -> None:
    """Draw the settings, say how many runs they make, and start them."""
    try:
        spec = ask_experiment(chosen)
    except EstitchupError as error:
        show_error(str(error))
        return
    st.caption(size_words(spec))
    if st.button("Start training", type="primary", icon=":material/play_arrow:", key="start", width="stretch"):
        start(spec)
    offer_spec(spec)


def offer_spec(spec: ExperimentSpec) -> None:
    """Offer these settings for the command line."""
    st.download_button(
        "Download spec.json",
        partial(spec.model_dump_json, indent=2),  # made when asked for: a file of old settings would be gone
        "spec.json",
        "application/json",
        key="spec",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )
    st.caption("In a terminal: `estitchup run --spec spec.json`")


def ask_folder() -> None:
    """Open what the command line wrote."""
    with st.expander("Open a finished folder", icon=":material/folder_open:"), st.form("folder_form", border=False):
        folder = st.text_input("Folder that `estitchup run --out` wrote", key="folder", placeholder="results/monday")
        if not st.form_submit_button("Open"):
            return
        try:
            if not folder.strip():
                raise EstitchupError("No folder is named: give the path that followed --out.")
            open_comparison(workspace().add_folder(Path(folder.strip()).expanduser()).id)
        except EstitchupError as error:
            show_error(str(error))


def show_page(chosen: EmbedSpec) -> None:
    """Show the settings beside what trains."""
    try:
        show_source(chosen, corpus_words(chosen))
    except EstitchupError as error:
        show_source(chosen, "cannot be trained on yet")
        show_error(str(error))
        return
    settings, view = st.columns([2, 3], gap="large")
    with settings:
        ask_and_start(chosen)
        ask_folder()
    with view:
        job = followed_job(chosen)
        if job is None:
            st.markdown("**Nothing trains yet**")
            st.markdown(
                "Every run starts from the same weights and sees the same batches as the others of its seed, so that "
                "the augmentations can be compared. Their curves appear here while they train."
            )
        else:
            show_training(job)


st.title("Train", anchor=False)
chosen_corpus = prepared.chosen() or prepared.latest()
if chosen_corpus is None:
    show_empty()
    ask_folder()
else:
    prepared.choose(chosen_corpus)
    show_page(chosen_corpus)
