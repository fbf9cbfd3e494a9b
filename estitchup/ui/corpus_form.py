"""What a person says about the files: their columns, the split, the unknown classes, the encoder.

The widgets' values live under keys that last for the session; `fill` sets them from a spec, `asked` reads them.
"""

import streamlit as st

from estitchup.corpus import CorpusSpec, Look, guess_spec, guess_unknown_labels, is_array_file
from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.ui import prepared
from estitchup.ui.encoder_choice import ask_encoder
from estitchup.ui.files_form import ask_files, ask_readings, asked_files, fill_files, show_notes
from estitchup.ui.guard import plain
from estitchup.ui.reading_form import asked_reading, reading_words
from estitchup.workspace import EmbedSpec

NO_SPLIT = ""  # no column is called so
NO_VECTORS = ""
MOST_LABELS = 2_000  # every option travels to the browser


def fill(spec: EmbedSpec) -> None:
    """Set every control to what the spec says."""
    corpus = spec.corpus
    st.session_state.update(
        {
            "data_file": corpus.file,
            "data_unknown_share": round(100 * corpus.unknown_share),
            "data_validation_share": round(100 * corpus.validation_share),
            "data_test_share": round(100 * corpus.test_share),
            "data_seed": corpus.seed,
            "data_fixes": corpus.fixes,
            "data_encoder": "" if spec.encoder == DEFAULT_ENCODER else spec.encoder,
        }
    )
    _fill_columns(corpus)
    fill_files(corpus)


def _fill_columns(corpus: CorpusSpec) -> None:
    st.session_state.update(
        {
            "data_text": corpus.text_column or None,
            "data_label": corpus.label_column or None,
            "data_label_of_all": corpus.label or "",
            "data_split": corpus.split_column or NO_SPLIT,
            "data_vectors": corpus.vectors or NO_VECTORS,
            "data_array": corpus.vectors if corpus.vectors and is_array_file(corpus.vectors) else None,
            "data_unknown": list(corpus.unknown_labels),
        }
    )


def is_filled(file: str) -> bool:
    """Return True when the controls speak of this file."""
    return bool(st.session_state.get("data_file") == file)


def empty() -> None:
    """Forget the file."""
    st.session_state.pop("data_file", None)


def ask() -> None:
    """Draw the controls."""
    look = _look()
    show_notes(st.session_state["data_file"])
    if look is not None:
        _ask_columns(look)
        label = st.session_state["data_label"]
        if label in look.columns:
            _ask_unknown(prepared.labels(st.session_state["data_file"], asked_reading(0), label))
        _ask_split()
        ask_files(_first())
    with st.expander(_reading_title(look), icon=":material/description:", expanded=look is None):
        ask_readings(st.session_state["data_file"], _guess_columns)
    with st.expander("Advanced", icon=":material/tune:"):
        ask_encoder()


def asked(further: bool = True) -> EmbedSpec | None:
    """Return what the controls say, of all files or of the first; None while a column is not chosen.

    Raises EstitchupError.
    """
    said = st.session_state
    look = prepared.look(said["data_file"], asked_reading(0))
    vectors = said["data_vectors"] or None
    label = said["data_label_of_all"].strip() if _is_texts_alone(look) else ""
    if not (said["data_text"] or vectors) or not (said["data_label"] or label):
        return None
    corpus = CorpusSpec(
        file=said["data_file"],
        text_column=said["data_text"],
        label_column=said["data_label"],
        label=label or None,
        split_column=said["data_split"] or None,
        vectors=vectors,
        reading=asked_reading(0),
        unknown_labels=tuple(said["data_unknown"]),
        unknown_share=said["data_unknown_share"] / 100,
        validation_share=said["data_validation_share"] / 100,
        test_share=said["data_test_share"] / 100,
        seed=said["data_seed"],
        fixes=tuple(said.get("data_fixes", ())),
    )
    corpus = corpus.model_copy(update={"more": asked_files(corpus) if further else ()})
    return EmbedSpec(corpus=corpus, encoder=said["data_encoder"].strip() or DEFAULT_ENCODER)


def missing() -> str:
    """Say which columns are not chosen yet."""
    said = st.session_state
    texts = "" if said["data_text"] or said["data_vectors"] else "the texts"
    labels = "" if said["data_label"] else "the labels"
    return " and the one with ".join(filter(None, [texts, labels]))


def _reading_title(look: Look | None) -> str:
    if st.session_state.get("data_more"):
        return "How the files are read"
    return "How the file is read" + (plain(f": {reading_words(look.found)}") if look else "")


def _first() -> CorpusSpec | None:
    """Return what is said of the first file, by which the others' columns are guessed; None while it is too little."""
    try:
        spec = asked(further=False)
    except EstitchupError:
        return None
    return None if spec is None else spec.corpus


def _look() -> Look | None:
    """Return the first look at the first file; None where it cannot be read as it is said to be."""
    try:
        return prepared.look(st.session_state["data_file"], asked_reading(0))
    except EstitchupError:
        return None


def _is_texts_alone(look: Look) -> bool:
    return len(look.columns) - len(look.vector_columns) == 1


def _ask_columns(look: Look) -> None:
    choose = "Choose a column"
    columns = [column for column in look.columns if column not in look.vector_columns]
    _ask_vectors(look)
    st.selectbox("Text column", columns, index=None, placeholder=choose, key="data_text", persist_state="session")
    if _is_texts_alone(look):
        st.text_input("Label of all these texts", key="data_label_of_all", persist_state="session")
        return
    st.selectbox(
        "Label column",
        columns,
        index=None,
        placeholder=choose,
        key="data_label",
        persist_state="session",
        on_change=_guess_unknown,
        help="The class of each text. Rows without a label go to the pool of texts to label later.",
    )
    st.selectbox(
        "Split column",
        [NO_SPLIT, *columns],
        format_func=lambda column: column or "None: split for me",
        key="data_split",
        persist_state="session",
        help="It says train, validation, test or pool. Roles it does not give are drawn from its training rows.",
    )


def _ask_vectors(look: Look) -> None:
    """Ask whether vectors that came along take the encoder's place, where any did."""
    array = st.session_state.get("data_array")
    given = [*look.vector_columns, *([array] if array else [])]
    if st.session_state["data_vectors"] not in given:
        given += [st.session_state["data_vectors"]] if st.session_state["data_vectors"] else []
    if not given:
        return
    st.selectbox(
        "Vectors",
        [NO_VECTORS, *given],
        format_func=lambda name: prepared.file_name(name) if name else "None: embed the texts",
        key="data_vectors",
        persist_state="session",
        help="Embeddings that came with the file take the encoder's place. Texts are then only shown.",
    )


def _ask_unknown(labels: list[str]) -> None:
    if len(labels) <= MOST_LABELS:
        st.multiselect(
            "Unknown classes",
            labels,
            key="data_unknown",
            persist_state="session",
            placeholder="None",
            help="Labels of texts that belong to no class. The classifier never trains on them and must refuse them.",
        )
    else:
        st.caption(f"The label column has {len(labels):,} different values: is it the one with the classes?")
    st.slider(
        "Share of the other classes to hold out as unknown",
        0,
        50,
        format="%d%%",
        key="data_unknown_share",
        persist_state="session",
        help="Whole classes, drawn at random, that the classifier must refuse though it never saw them.",
    )


def _ask_split() -> None:
    """Ask for shares and seed, where the spec uses them."""
    drawn = st.session_state["data_split"] == NO_SPLIT
    if drawn:
        left, right = st.columns(2)
        with left:
            st.slider("Validation", 5, 45, format="%d%%", key="data_validation_share", persist_state="session")
        with right:
            st.slider("Test", 5, 45, format="%d%%", key="data_test_share", persist_state="session")
    if drawn or st.session_state["data_unknown_share"]:
        st.number_input(
            "Seed of the split",
            0,
            2**31 - 1,
            step=1,
            key="data_seed",
            persist_state="session",
            help="Another number draws another split, and other classes to hold out.",
        )


def _guess_unknown() -> None:
    """Guess the unknown classes anew when another column holds the labels."""
    file, label = st.session_state["data_file"], st.session_state["data_label"]
    labels = prepared.labels(file, asked_reading(0), label) if label else []
    st.session_state["data_unknown"] = list(guess_unknown_labels(labels))


def _guess_columns() -> None:
    """Guess the columns anew when the file is read in another way."""
    try:
        array = st.session_state.get("data_array")
        _fill_columns(guess_spec(st.session_state["data_file"], asked_reading(0), vectors=array))
    except EstitchupError:
        return  # said where the file is read
