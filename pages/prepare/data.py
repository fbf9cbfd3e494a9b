"""Bring texts, say what the columns are and what counts as unknown, and embed them."""

from pathlib import Path

import streamlit as st

from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.ui import corpus_form, prepared
from estitchup.ui.corpus_view import show_classes, show_counts, show_rows
from estitchup.ui.embedding import show_embedding, show_given_vectors
from estitchup.ui.guard import plain, show_error
from estitchup.ui.public_sets import offer_public_sets
from estitchup.workspace import EmbedSpec

FORMATS = (
    "CSV, TSV, JSON, JSON Lines, Excel, ODS, Parquet, Arrow, plain text with one text a line, or a ZIP of text files "
    "in a folder for each class; gzip of any. Several files: training, test, unknown or pool texts apart, or an NPY "
    "file with a vector for each row."
)


def begin(*files: str) -> None:
    """Take the files with what their names and columns suggest."""
    spec = EmbedSpec(corpus=prepared.guessed(files), encoder=DEFAULT_ENCODER)
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
        offer_public_sets(begin)
    with upload, st.container(border=True, height="stretch"):
        st.subheader("Your own texts", anchor=False)
        ask_upload()


def show_latest() -> None:
    """Offer to go on with the corpus that was chosen last."""
    latest = prepared.latest()
    if latest is None:
        return
    label = f"Go on with {plain(prepared.files_name(latest.corpus))}"
    if st.button(label, type="tertiary", icon=":material/history:", key="latest"):
        corpus_form.fill(latest)
        prepared.choose(latest)
        st.rerun()


def ask_upload() -> None:
    """Take files, or say what is wrong with them."""
    uploads = st.file_uploader(
        "CSV, Excel, JSON, Parquet, text or ZIP; one file or several",
        accept_multiple_files=True,
        key="upload",
        help=FORMATS,
    )
    path = ask_path()
    if not uploads and not path:
        return
    try:
        begin(*([path] if path else [prepared.keep_upload(upload.name, upload.getvalue()) for upload in uploads]))
    except EstitchupError as error:
        show_error(str(error))


def ask_path() -> str:
    """Ask for a path on this machine, where the app serves nobody else: an upload would hold a large file twice."""
    if st.get_option("server.address") not in ("127.0.0.1", "localhost", "::1"):
        return ""
    with st.expander("Larger than 200 MB, or a folder?", icon=":material/folder_open:"):
        path = st.text_input("Path on this computer", key="path", placeholder="/data/texts.parquet")
        return str(Path(path.strip()).expanduser().resolve()) if path.strip() else ""


def show_corpus(spec: EmbedSpec) -> None:
    """Show the controls, what they make of the file, and the step that is next."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/description: **{plain(prepared.files_name(spec.corpus))}**", width="content")
        if st.button("Choose other texts", type="tertiary", icon=":material/swap_horiz:", key="other"):
            corpus_form.empty()
            prepared.let_go()
            st.rerun()
    form, view = st.columns([2, 3], gap="large")
    with form:
        corpus_form.ask()
    with view:
        show_view()


def show_view() -> None:
    """Build the corpus that the controls describe, or say why it cannot be."""
    try:
        spec = corpus_form.asked()
        if spec is None:
            st.info(f"Choose the column with {corpus_form.missing()}.", icon=":material/arrow_back:")
            return
        corpus = prepared.corpus(spec.corpus)
    except EstitchupError as error:
        show_error(str(error))
        return
    prepared.choose(spec)
    with st.container(border=True):
        if corpus.vectors is None:
            show_embedding(spec, len(corpus.texts))
        else:
            show_given_vectors(*corpus.vectors.shape)
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
