"""The corpus and encoder a person works with: kept in the workspace, named in the address as `?corpus=…`.

So the choice made on the data page is there on the training page, after a reload, and for a colleague with the link.
"""

from collections.abc import Sequence
from pathlib import PurePath

import streamlit as st

from estitchup.corpus import (
    SAMPLE,
    Corpus,
    CorpusSpec,
    Look,
    Reading,
    guess_first,
    guess_further,
    guess_spec,
    is_array_file,
    labels_in,
    load_corpus,
    look_at,
    path_of,
)
from estitchup.errors import EstitchupError
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


def guessed(files: Sequence[str]) -> CorpusSpec:
    """Return the spec that the files' names and contents suggest; raises EstitchupError."""
    arrays = [file for file in files if is_array_file(file)]
    tables = [file for file in files if not is_array_file(file)]
    if not tables:
        raise EstitchupError("An array of vectors has no labels: bring the table whose rows it belongs to, too.")
    place = guess_first(tables)
    spec = guess_spec(tables[place], vectors=next(iter(arrays), None))
    further = [guess_further(file, spec) for file in tables[:place] + tables[place + 1 :]]
    return spec.model_copy(update={"more": tuple(further)})


def look(file: str, reading: Reading) -> Look:
    """Take a first look at a file once for all sessions; raises EstitchupError."""
    return _look(file, reading.model_dump_json())


def labels(file: str, reading: Reading, column: str) -> list[str]:
    """Return the distinct labels of a column, read once for all sessions; raises EstitchupError."""
    return _labels(file, reading.model_dump_json(), column)


def corpus(spec: CorpusSpec) -> Corpus:
    """Build a corpus once for all sessions; raises EstitchupError."""
    return _corpus(spec.model_dump_json())


def file_name(file: str) -> str:
    """Return what a person calls the file."""
    return f"{SAMPLE.name} (sample)" if file == SAMPLE_FILE else PurePath(file).name


def files_name(spec: CorpusSpec) -> str:
    """Return what a person calls the files of a corpus."""
    others = len(spec.more)
    return file_name(spec.file) + (f" and {others} more file{'s' * (others > 1)}" if others else "")


def encoder_name(spec: EmbedSpec) -> str:
    """Return what makes the vectors, as a sentence has it."""
    return f"encoder {spec.encoder}" if spec.corpus.vectors is None else "vectors from the file"


@st.cache_resource(show_spinner="Reading the file …", max_entries=16)
def _look(file: str, reading: str) -> Look:
    return look_at(path_of(file), reading=Reading.model_validate_json(reading))


@st.cache_resource(show_spinner="Reading the labels …", max_entries=16)
def _labels(file: str, reading: str, column: str) -> list[str]:
    return labels_in(file, column, Reading.model_validate_json(reading))


@st.cache_resource(show_spinner="Building the corpus …", max_entries=8)
def _corpus(spec: str) -> Corpus:
    return load_corpus(CorpusSpec.model_validate_json(spec))


def keep_upload(name: str, content: bytes) -> str:
    """Keep an uploaded file that can be read as a table, or is an array, and return its path; raises EstitchupError."""
    if not is_array_file(name):
        look_at(content, name)
    return str(workspace().keep_upload(name, content))
