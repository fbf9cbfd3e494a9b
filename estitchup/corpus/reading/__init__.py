"""Any file in: CSV, TSV, JSON, JSON Lines, Parquet, Arrow, Excel, ODS, plain text, and a ZIP, gzip or folder of these.

`read_table` returns the cells as the text that stands in the file; what cannot be read says why in one sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from estitchup.corpus.columns import headless
from estitchup.corpus.reading.encoding import COMMON
from estitchup.corpus.reading.options import A_TEXT_A_LINE, Found, Reading
from estitchup.corpus.reading.recognise import open_table
from estitchup.corpus.reading.table import OpenTable, gather
from estitchup.corpus.wording import quoted

HEAD_ROWS = 5_000

__all__ = ["A_TEXT_A_LINE", "COMMON", "Found", "Look", "OpenTable", "Reading", "look_at", "open_table", "read_table"]


@dataclass(frozen=True, eq=False)
class Look:
    """A first look at a file: how it was read, all its columns, those that hold vectors, and its first rows."""

    found: Found
    columns: tuple[str, ...]
    vector_columns: tuple[str, ...]
    head: pd.DataFrame


def read_table(
    source: Path | str | bytes,
    name: str | None = None,
    reading: Reading | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read a table, or only some of its columns, each cell as text.

    `source` is a path (of a folder, too), or the content as bytes; `name` is what errors call it, and its ending counts
    where the content leaves the format open. A cell is a `str` as written ("None", "001"); a missing one is "". Raises
    EstitchupError with what is wrong.
    """
    return gather(open_table(source, name, reading), columns)


def look_at(source: Path | str | bytes, name: str | None = None, reading: Reading | None = None) -> Look:
    """Open a file and read its first rows; raises EstitchupError with what is wrong."""
    table = open_table(source, name, reading)
    head = gather(table, rows=HEAD_ROWS)
    written = table.found.delimiter is not None or table.found.sheet is not None  # other formats name their columns
    first = headless(head) if written and table.found.delimiter != A_TEXT_A_LINE else None
    found = table.found if first is None else table.found.noted(_headless_note(table.name, first))
    return Look(found, table.columns, tuple(table.vectors), head)


def _headless_note(name: str, first: str) -> str:
    return f"{name} seems to have no header: its first row, {quoted(first)}, is not read as a text: put names above it."
