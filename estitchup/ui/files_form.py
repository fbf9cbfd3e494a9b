"""What a person says about the files beside the first: what each is for, and its columns where they differ."""

from collections.abc import Callable

import streamlit as st

from estitchup.corpus import CorpusSpec, FileSpec, Use, described
from estitchup.errors import EstitchupError
from estitchup.ui import prepared
from estitchup.ui.guard import plain, show_error
from estitchup.ui.reading_form import ask_reading, asked_reading, fill_reading

NOT_USED = "not used"
_USES = {
    Use.TRAIN: "Training texts",
    Use.VALIDATION: "Validation texts",
    Use.TEST: "Test texts",
    Use.UNKNOWN: "Unknown texts, of none of the classes",
    Use.POOL: "Pool, to label",
    NOT_USED: "Not used",
}


def fill_files(spec: CorpusSpec) -> None:
    """Set the controls of every file to what the spec says."""
    st.session_state["data_more"] = list(spec.more)
    fill_reading(0, spec.reading)
    for place, file in enumerate(spec.more, start=1):
        st.session_state[f"data_use_{place}"] = file.use.value
        fill_reading(place, file.reading)


def asked_files(first: CorpusSpec) -> tuple[FileSpec, ...]:
    """Return the files beside the first that are used, as the controls say; raises EstitchupError."""
    files = []
    for place, file in enumerate(st.session_state.get("data_more", []), start=1):
        use = st.session_state.get(f"data_use_{place}", file.use)
        if use == NOT_USED:
            continue
        reading = asked_reading(place)
        plain_file = FileSpec(file=file.file, use=Use(use), vectors=file.vectors, reading=reading)
        files.append(described(prepared.look(file.file, reading), plain_file, first))
    return tuple(files)


def ask_files() -> None:
    """Draw a control for what each further file is for, and the way it is read."""
    for place, file in enumerate(st.session_state.get("data_more", []), start=1):
        name = plain(prepared.file_name(file.file))
        st.selectbox(
            name,
            list(_USES),
            format_func=lambda use: _USES[use],
            key=f"data_use_{place}",
            persist_state="session",
            help="Rows of this file play this role. Its columns are called as in the first file, or guessed.",
        )


def ask_readings(first: str, on_change: Callable[[], None]) -> None:
    """Draw how the first file and the further ones are read, and how else they could be."""
    files = [first, *(file.file for file in st.session_state.get("data_more", []))]
    for place, file in enumerate(files):
        if len(files) > 1:
            st.markdown(f"**{plain(prepared.file_name(file))}**")
        try:
            found = prepared.look(file, asked_reading(place)).found
        except EstitchupError as error:
            show_error(str(error))
            found = None
        ask_reading(place, found, on_change if place == 0 else _nothing)


def _nothing() -> None:
    """Do nothing besides drawing the page again."""
