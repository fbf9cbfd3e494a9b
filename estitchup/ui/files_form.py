"""What a person says about the files beside the first: what each is for, and its columns where they differ."""

from collections.abc import Callable

import streamlit as st

from estitchup.corpus import CorpusSpec, FileSpec, Use, described
from estitchup.errors import EstitchupError
from estitchup.ui import prepared
from estitchup.ui.guard import plain, show_error
from estitchup.ui.reading_form import ask_reading, asked_reading, fill_reading

NOT_USED = "not used"
GUESSED = ""
_USES = {
    Use.TRAIN: "Training texts",
    Use.VALIDATION: "Validation texts",
    Use.TEST: "Test texts",
    Use.UNKNOWN: "Unknown texts, of none of the classes",
    Use.POOL: "Pool, to label",
    NOT_USED: "Not used",
}
_LABELLED = {Use.TRAIN.value, Use.VALIDATION.value, Use.TEST.value}


def fill_files(spec: CorpusSpec) -> None:
    """Set the controls of every file to what the spec says."""
    st.session_state["data_more"] = list(spec.more)
    fill_reading(0, spec.reading)
    for place, file in enumerate(spec.more, start=1):
        st.session_state[f"data_use_{place}"] = file.use.value
        for kind, column in (("text", file.text_column), ("label", file.label_column)):
            st.session_state[_column_key(place, kind)] = GUESSED if column is None else f"={column}"
        fill_reading(place, file.reading)


def asked_files(first: CorpusSpec) -> tuple[FileSpec, ...]:
    """Return the files beside the first that are used, as the controls say; raises EstitchupError."""
    files = []
    for place, file in enumerate(st.session_state.get("data_more", []), start=1):
        use = st.session_state.get(f"data_use_{place}", file.use)
        if use == NOT_USED:
            continue
        reading = asked_reading(place)
        said = FileSpec(
            file=file.file,
            use=Use(use),
            text_column=_asked_column(place, "text"),
            label_column=_asked_column(place, "label") if use in _LABELLED else None,
            vectors=file.vectors,
            reading=reading,
        )
        files.append(described(prepared.look(file.file, reading), said, first))
    return tuple(files)


def ask_files(first: CorpusSpec | None) -> None:
    """Draw a control for what each further file is for, and its columns; `first` has those of the first file."""
    for place, file in enumerate(st.session_state.get("data_more", []), start=1):
        with st.container(border=True):
            _ask_use(place, file.file)
            use = st.session_state[f"data_use_{place}"]
            if first is not None and use != NOT_USED:
                _ask_columns(place, FileSpec(file=file.file, use=Use(use)), first)


def _ask_use(place: int, file: str) -> None:
    st.selectbox(
        plain(prepared.file_name(file)),
        list(_USES),
        format_func=lambda use: _USES[use],
        key=f"data_use_{place}",
        persist_state="session",
        help="Rows of this file play this role.",
    )


def _ask_columns(place: int, file: FileSpec, first: CorpusSpec) -> None:
    """Ask which columns of a further file hold text and label, where it has more than one."""
    try:
        look = prepared.look(file.file, asked_reading(place))
    except EstitchupError:
        return  # said where the file is read
    columns = [column for column in look.columns if column not in look.vector_columns]
    if len(columns) < 2:
        return
    guess = first.whole(described(look, file, first))
    asked = {"text": guess.text_column, "label": guess.label_column}
    for kind, box in zip(asked, st.columns(2), strict=True):
        with box:
            if kind == "text" or file.use.value in _LABELLED:
                _ask_column(place, kind, columns, asked[kind])


def _ask_column(place: int, kind: str, columns: list[str], guess: str | None) -> None:
    key = _column_key(place, kind)
    if st.session_state.setdefault(key, GUESSED).removeprefix("=") not in columns:
        st.session_state[key] = GUESSED
    first = f"Guessed: {guess}" if guess in columns else "Choose a column"
    st.selectbox(
        f"{kind.capitalize()} column",
        [GUESSED, *(f"={column}" for column in columns)],
        format_func=lambda value: value.removeprefix("=") or first,
        key=key,
        persist_state="session",
    )


def _asked_column(place: int, kind: str) -> str | None:
    return str(st.session_state.get(_column_key(place, kind), GUESSED)).removeprefix("=") or None


def _column_key(place: int, kind: str) -> str:
    return f"data_{kind}_of_{place}"


def show_notes(first: str) -> None:
    """Show what is unexpected about the way a file was read."""
    for place, file in enumerate([first, *(file.file for file in st.session_state.get("data_more", []))]):
        try:
            note = prepared.look(file, asked_reading(place)).found.note
        except EstitchupError:
            continue  # said where the file is read
        if note:
            st.info(plain(note), icon=":material/info:")


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
