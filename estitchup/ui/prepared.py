"""The corpus and encoder a person works with: kept in the workspace, named in the address as `?corpus=…`.

So the choice made on the data page is there on the training page, after a reload, and for a colleague with the link.
"""

from pathlib import PurePath

import pandas as pd
import streamlit as st

from estitchup.corpus import SAMPLE, Corpus, CorpusSpec, guess_columns, guess_unknown_labels, load_corpus, read_table
from estitchup.ui import address
from estitchup.ui.state import workspace
from estitchup.workspace import EmbedSpec

SAMPLE_FILE = "sample"


def choose(spec: EmbedSpec) -> None:
    """Make this the corpus and encoder of the session."""
    address.keep("corpus", workspace().keep_prepared(spec))


def chosen() -> EmbedSpec | None:
    """Return the corpus and encoder that the address or the session names; None when neither does."""
    prepared_id = address.recalled("corpus")
    return workspace().prepared(prepared_id) if prepared_id else None


def latest() -> EmbedSpec | None:
    """Return the corpus and encoder that anybody chose last in this workspace."""
    prepared_id = workspace().latest_prepared()
    return workspace().prepared(prepared_id) if prepared_id else None


def let_go() -> None:
    """Choose nothing."""
    address.forget("corpus")


def guessed(file: str) -> CorpusSpec:
    """Return the spec that the names and contents of the file's columns suggest; raises EstitchupError."""
    content = table(file)
    guess = guess_columns(content)
    labels = content[guess.label] if guess.label else ()
    return CorpusSpec(
        file=file,
        text_column=guess.text or "",
        label_column=guess.label or "",
        split_column=guess.split,
        unknown_labels=guess_unknown_labels(labels),
    )


def table(file: str) -> pd.DataFrame:
    """Read a file once for all sessions; raises EstitchupError."""
    return _table(file)


def corpus(spec: CorpusSpec) -> Corpus:
    """Build a corpus once for all sessions; raises EstitchupError."""
    return _corpus(spec.model_dump_json())


def file_name(file: str) -> str:
    """Return what a person calls the file."""
    return f"{SAMPLE.name} (sample)" if file == SAMPLE_FILE else PurePath(file).name


@st.cache_resource(show_spinner="Reading the file …", max_entries=4)
def _table(file: str) -> pd.DataFrame:
    return read_table(SAMPLE if file == SAMPLE_FILE else file)


@st.cache_resource(show_spinner="Building the corpus …", max_entries=8)
def _corpus(spec: str) -> Corpus:
    return load_corpus(CorpusSpec.model_validate_json(spec))


def keep_upload(name: str, content: bytes) -> str:
    """Keep an uploaded file that can be read as a table and return its path; raises EstitchupError."""
    read_table(content, name)
    return str(workspace().keep_upload(name, content))
