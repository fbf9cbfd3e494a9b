"""Bring texts, say what the columns are and what counts as unknown, and embed them."""

import streamlit as st

from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.ui import corpus_form, prepared
from estitchup.ui.corpus_view import show_classes, show_counts, show_rows
from estitchup.ui.embedding import show_embedding
from estitchup.ui.guard import plain, show_error
from estitchup.workspace import EmbedSpec


def begin(file: str) -> None:
    """Take a file with what its columns suggest."""
    spec = EmbedSpec(corpus=prepared.guessed(file), encoder=DEFAULT_ENCODER)
    corpus_form.fill(spec)
    prepared.choose(spec)
    st.rerun()


def show_start() -> None:
    """Offer the sample or an upload, and say how it goes on."""
    st.markdown(
        "Find out whether embedding augmentation makes your text classifier more accurate, lets you believe its "
        "confidence, and helps it refuse texts that belong to none of its classes."
    )
    st.markdown(
        "1. **Prepare** texts with labels: say what the columns are, and embed them.\n"
        "2. **Train** classifiers with and without augmentation, and watch them learn.\n"
        "3. **Compare** them, and choose the confidence below which a text counts as unknown."
    )
    sample, upload = st.columns(2, gap="medium")
    with sample, st.container(border=True, height="stretch"):
        st.subheader("No texts at hand?", anchor=False)
        st.markdown("A help desk's messages in 14 intents, and questions that belong to none. It takes about a minute.")
        if st.button("Try it on the sample", type="primary", icon=":material/play_arrow:", key="sample"):
            begin(prepared.SAMPLE_FILE)
        show_latest()
    with upload, st.container(border=True, height="stretch"):
        st.subheader("Your own texts", anchor=False)
        ask_upload()


def show_latest() -> None:
    """Offer to go on with the corpus that was chosen last."""
    latest = prepared.latest()
    if latest is None:
        return
    label = f"Go on with {plain(prepared.file_name(latest.corpus.file))}"
    if st.button(label, type="tertiary", icon=":material/history:", key="latest"):
        corpus_form.fill(latest)
        prepared.choose(latest)
        st.rerun()


def ask_upload() -> None:
    """Take a file, or say what is wrong with it."""
    help_text = "A header row, one text a row, a column with its label. CSV, TSV and the like, in any encoding."
    upload = st.file_uploader("A CSV file with a text column and a label column", key="upload", help=help_text)
    if upload is None:
        return
    try:
        begin(prepared.keep_upload(upload.name, upload.getvalue()))
    except EstitchupError as error:
        show_error(str(error))


def show_corpus(spec: EmbedSpec) -> None:
    """Show the controls, what they make of the file, and the step that is next."""
    file = spec.corpus.file
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/description: **{plain(prepared.file_name(file))}**", width="content")
        if st.button("Choose other texts", type="tertiary", icon=":material/swap_horiz:", key="other"):
            corpus_form.empty()
            prepared.let_go()
            st.rerun()
    form, view = st.columns([2, 3], gap="large")
    with form:
        corpus_form.ask(prepared.table(file))
    with view:
        show_view()


def show_view() -> None:
    """Build the corpus that the controls describe, or say why it cannot be."""
    try:
        spec = corpus_form.asked()
        if spec is None:
            st.info("Choose the column with the texts and the one with the labels.", icon=":material/arrow_back:")
            return
        corpus = prepared.corpus(spec.corpus)
    except EstitchupError as error:
        show_error(str(error))
        return
    prepared.choose(spec)
    with st.container(border=True):
        show_embedding(spec, len(corpus.texts))
    show_counts(corpus)
    rows, classes = st.tabs(["Some rows", "Every class"])
    with rows:
        show_rows(corpus)
    with classes:
        show_classes(corpus)


st.title("Data", anchor=False)
chosen = prepared.chosen()
if chosen is None:
    show_start()
else:
    if not corpus_form.is_filled(chosen.corpus.file):
        corpus_form.fill(chosen)
    show_corpus(chosen)
