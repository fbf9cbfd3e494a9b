"""Reads the files of a corpus, from each only the columns it gives.

What is read are the chosen columns; these must fit into memory with about 1 KB a row for what a corpus knows of it
(`benchmarks/reading.py`), and the rest of a file need not.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.public import PUBLIC_SETS, public_file
from estitchup.corpus.reading import open_table
from estitchup.corpus.reading.table import gather
from estitchup.corpus.spec import CorpusSpec, FileSpec, Use
from estitchup.corpus.vectors import read_vectors
from estitchup.errors import EstitchupError

SAMPLE = Path(__file__).parents[2] / "assets" / "sample" / "helpdesk.csv"


@dataclass(frozen=True, eq=False)
class Loaded:
    """What was read of one file: its chosen columns as text, (N rows), and vectors (N, D) where they are given."""

    table: pd.DataFrame
    vectors: NDArray[np.float32] | None = None


def path_of(file: str) -> Path:
    """Return the path of a spec's file: "sample", the name of a public set, which is fetched if need be, or a path."""
    if file in PUBLIC_SETS:
        return public_file(PUBLIC_SETS[file])
    return SAMPLE if file == "sample" else Path(file)


def load_files(spec: CorpusSpec) -> list[Loaded]:
    """Read the first file and the further ones, in the order of the spec; raises EstitchupError."""
    for holds, column in (("texts", spec.text_column), ("labels", spec.label_column)):
        if column == "":
            name = Path(spec.file).name
            raise EstitchupError(f"It is not said which column of {name} holds the {holds}: choose one.")
    first = [spec.text_column, spec.label_column, spec.split_column]
    loaded = [_load(spec.first, [column for column in first if column is not None])]
    return loaded + [_load(further, _needed(further)) for further in map(spec.whole, spec.more)]


def _needed(file: FileSpec) -> list[str]:
    """Return the columns without which a further file is of no use."""
    labelled = file.label is not None or file.use in (Use.POOL, Use.UNKNOWN)
    return [column for column in (file.text_column, None if labelled else file.label_column) if column is not None]


def _load(file: FileSpec, needed: list[str]) -> Loaded:
    opened = open_table(path_of(file.file), reading=file.reading)
    if len(opened.columns) == 1 and needed == [file.text_column]:  # texts alone, whatever their column is called
        table = gather(opened).set_axis(needed, axis=1)
    else:
        for column in needed:
            opened.place(column)
        wanted = dict.fromkeys([*needed, file.label_column])
        table = gather(opened, [name for name in wanted if name in opened.columns] or opened.columns[:1])
    return Loaded(table, None if file.vectors is None else read_vectors(opened, file.vectors, len(table)))
