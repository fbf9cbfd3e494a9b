"""A table of texts answered part by part: a file of any length in the memory of one batch of rows.

It may be any file that a corpus may come from. Every column comes back, cell by cell as it was written, with the
answers behind it. Rows keep their order.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pandas as pd

from estitchup.bundle.bundle import Bundle
from estitchup.corpus import guess_columns, look_at
from estitchup.corpus.reading import OpenTable, open_table
from estitchup.errors import EstitchupError
from estitchup.progress import Listener, Meter
from estitchup.spreadsheet import disarmed

ROWS = 2_000  # some seconds of work on a CPU, and 3 MB of vectors
TAKEN = "predicted_"  # before the name of an answer that is a column of the file already


def predict_file(
    bundle: Bundle,
    source: Path,
    target: TextIO,
    text_column: str | None = None,
    *,
    top: int = 0,
    rows: int = ROWS,
    for_spreadsheet: bool = False,
    listener: Listener | None = None,
) -> int:
    """Answer the texts of a file, `rows` at a time, write a CSV to `target`, and return how many were answered.

    `text_column` is guessed when left out. With `for_spreadsheet`, a cell that a spreadsheet would run as a formula
    gets an apostrophe before it, and every string is quoted (`spreadsheet.py` says why). Raises EstitchupError for a
    file or column that is not there or cannot be read.
    """
    column = text_column or _guessed_column(source)
    table = open_table(source)
    place = table.place(column)  # counting reads the file once, which is nothing beside embedding it
    quoting = csv.QUOTE_NONNUMERIC if for_spreadsheet else csv.QUOTE_MINIMAL
    meter = Meter("Predicting", sum(len(batch[0]) for batch in table.batches((place,))), "texts", listener)
    for part in _parts(table, rows):
        answers = bundle.predict(part[column], top)
        answered = pd.concat([part, answers.rename(columns=_free_names(part, answers))], axis=1)
        if for_spreadsheet:
            answered = answered.map(_harmless).rename(columns=_harmless)
        answered.to_csv(target, index=False, header=meter.done == 0, lineterminator="\n", quoting=quoting)
        meter.advance(len(part))
    if not meter.done:
        raise EstitchupError(f"{table.name} has a header and no rows below it: add one row for each text.")
    return meter.done


def _guessed_column(source: Path) -> str:
    look = look_at(source)
    column = guess_columns(look.head.drop(columns=list(look.vector_columns))).text
    if column is None:
        raise EstitchupError(f"It is not clear which column of {source.name} holds the texts: name it with --text.")
    return column


def _parts(table: OpenTable, rows: int) -> Iterator[pd.DataFrame]:
    """Yield so many rows at a time, of all columns but lists of numbers."""
    columns = [column for column in table.columns if column not in table.vectors]
    for batch in table.batches(tuple(table.place(column) for column in columns)):
        for start in range(0, len(batch[0]), rows):
            cells = [array.slice(start, rows).to_pylist() for array in batch]
            yield pd.DataFrame(dict(zip(columns, cells, strict=True)), dtype="str")


def _free_names(part: pd.DataFrame, answers: pd.DataFrame) -> dict[str, str]:
    names: dict[str, str] = {}
    for name in answers.columns:
        free = name
        while free in part.columns:
            free = TAKEN + free
        names[name] = free
    return names


def _harmless(cell: object) -> object:
    return disarmed(cell) if isinstance(cell, str) else cell
