"""What a person says about a file: its columns, the split, the unknown classes, the encoder.

The widgets' values live under keys that last for the session; `fill` sets them from a spec, `asked` reads them.
"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from estitchup.corpus import CorpusSpec, guess_unknown_labels
from estitchup.encoding import DEFAULT_ENCODER
from estitchup.ui import prepared
from estitchup.workspace import EmbedSpec

NO_SPLIT = ""  # no column is called so
MOST_LABELS = 2_000  # every option travels to the browser


def fill(spec: EmbedSpec) -> None:
    """Set every control to what the spec says."""
    corpus = spec.corpus
    st.session_state.update(
        {
            "data_file": corpus.file,
            "data_text": corpus.text_column or None,
            "data_label": corpus.label_column or None,
            "data_split": corpus.split_column or NO_SPLIT,
            "data_unknown": list(corpus.unknown_labels),
            "data_unknown_share": round(100 * corpus.unknown_share),
            "data_validation_share": round(100 * corpus.validation_share),
            "data_test_share": round(100 * corpus.test_share),
            "data_seed": corpus.seed,
            "data_encoder": "" if spec.encoder == DEFAULT_ENCODER else spec.encoder,
        }
    )


def is_filled(file: str) -> bool:
    """Return True when the controls speak of this file."""
    return bool(st.session_state.get("data_file") == file)


def empty() -> None:
    """Forget the file."""
    st.session_state.pop("data_file", None)


def ask(table: pd.DataFrame) -> None:
    """Draw the controls."""
    columns = [str(column) for column in table.columns]
    _ask_columns(columns)
    label = st.session_state["data_label"]
    if label in columns:
        _ask_unknown(_labels(table, label))
    _ask_split()
    with st.expander("Advanced", icon=":material/tune:"):
        _ask_encoder()


def asked() -> EmbedSpec | None:
    """Return what the controls say, None while a column is not chosen; raises EstitchupError."""
    said = st.session_state
    if not said["data_text"] or not said["data_label"]:
        return None
    corpus = CorpusSpec(
        file=said["data_file"],
        text_column=said["data_text"],
        label_column=said["data_label"],
        split_column=said["data_split"] or None,
        unknown_labels=tuple(said["data_unknown"]),
        unknown_share=said["data_unknown_share"] / 100,
        validation_share=said["data_validation_share"] / 100,
        test_share=said["data_test_share"] / 100,
        seed=said["data_seed"],
    )
    return EmbedSpec(corpus=corpus, encoder=said["data_encoder"].strip() or DEFAULT_ENCODER)


def _ask_columns(columns: Sequence[str]) -> None:
    choose = "Choose a column"
    st.selectbox("Text column", columns, index=None, placeholder=choose, key="data_text", persist_state="session")
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


def _ask_encoder() -> None:
    st.text_input(
        "Encoder",
        key="data_encoder",
        persist_state="session",
        placeholder=DEFAULT_ENCODER,
        help=f"A sentence-transformers model: a name on the Hugging Face hub, or a folder. {DEFAULT_ENCODER} comes "
        "along and needs no network.",
    )


def _guess_unknown() -> None:
    """Guess the unknown classes anew when another column holds the labels."""
    label = st.session_state["data_label"]
    labels = _labels(prepared.table(st.session_state["data_file"]), label) if label else []
    st.session_state["data_unknown"] = list(guess_unknown_labels(labels))


def _labels(table: pd.DataFrame, column: str) -> list[str]:
    return sorted(set(table[column].str.strip()) - {""})
