"""An opened table: its columns, how it was found to be written, and its rows in batches.

Every format ends here. Cells are text in Arrow's layout, about a third of what Python strings take, and only chosen
columns are kept, so that the memory of a read is that of the columns it returns.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import pandas as pd
import pyarrow as pa

from estitchup.corpus.reading.options import Found
from estitchup.corpus.reading.source import FREE_EXPANSION, MOST_EXPANSION
from estitchup.corpus.wording import listed, quoted
from estitchup.errors import EstitchupError

BATCH_ROWS = 10_000
MOST_COLUMNS = 5_000
_TEXT = pa.large_string()

Places = tuple[int, ...]
Batches = Callable[[Places], Iterator[list[pa.Array]]]
"""Given the places of the wanted columns, their cells batch by batch, each column one array of text without nulls."""


@dataclass(frozen=True)
class OpenTable:
    """A table that is ready to be read, any number of times.

    `columns` are distinct names; `vectors` gives, for a column that holds lists of numbers, its Arrow arrays.
    """

    name: str
    size: int
    found: Found
    columns: tuple[str, ...]
    batches: Batches
    vectors: dict[str, Callable[[], Iterator[pa.Array]]] = field(default_factory=dict)

    def place(self, column: str) -> int:
        """Return a column's place; raises EstitchupError when there is no such column."""
        if column not in self.columns:
            among = listed(self.columns)
            raise EstitchupError(f"There is no column {quoted(column)} in {self.name}: choose among {among}.")
        return self.columns.index(column)


def gather(table: OpenTable, columns: Sequence[str] | None = None, rows: int | None = None) -> pd.DataFrame:
    """Return the chosen columns (default: all) of all rows, or of the first `rows`, as text.

    Raises EstitchupError for a column that is not there, for no rows, and for cells that take far more memory than the
    file has bytes.
    """
    wanted = list(dict.fromkeys(table.columns if columns is None else columns))
    batches = table.batches(tuple(table.place(column) for column in wanted))
    kept: list[list[pa.Array]] = []
    count, weight, limit = 0, 0, max(4 * FREE_EXPANSION, MOST_EXPANSION * table.size)
    for batch in batches:
        kept.append(batch)
        count += len(batch[0])
        weight += sum(array.nbytes for array in batch)
        if weight > limit:
            raise EstitchupError(
                f"The cells of {table.name} take more than {limit >> 20:,} MB, over {MOST_EXPANSION} times its size: "
                "choose fewer columns, or bring the table as CSV."
            )
        if rows is not None and count >= rows:
            break
    if not count:
        raise EstitchupError(f"{table.name} has a header and no rows below it: add one row for each text.")
    arrays = [pa.chunked_array([batch[place] for batch in kept], _TEXT) for place in range(len(wanted))]
    frame = pa.table(arrays, names=wanted).slice(0, rows).to_pandas(types_mapper=_TYPES.get)
    return frame if isinstance(frame, pd.DataFrame) else pd.DataFrame(frame)


_TYPES = {_TEXT: pd.StringDtype(na_value=np.nan)}


def batched(rows: Iterable[Sequence[str]], places: Places) -> Iterator[list[pa.Array]]:
    """Return batches of the cells at these places of rows that are all as wide as the header."""
    rows = iter(rows)
    while batch := list(islice(rows, BATCH_ROWS)):
        yield [text_array([row[place] for row in batch]) for place in places]


def text_array(cells: list[str]) -> pa.Array:
    """Return the cells as an Arrow array; a lone surrogate, which no UTF-8 holds, becomes “�”."""
    try:
        return pa.array(cells, _TEXT)
    except UnicodeEncodeError:
        whole = [cell.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for cell in cells]
        return pa.array(whole, _TEXT)


def distinct_names(header: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the column names, stripped; nameless ones get their place, repeated ones a number.

    Raises EstitchupError where there are more columns than a table has.
    """
    if len(header) > MOST_COLUMNS:
        raise EstitchupError(
            f"{name} has {len(header):,} columns, and at most {MOST_COLUMNS:,} are read: check the delimiter, and that "
            "each row is one text."
        )
    names: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for place, cell in enumerate(header, start=1):
        stem = text_array([cell.strip()])[0].as_py() or f"column {place}"
        distinct = stem
        while distinct in names:
            numbers[stem] = numbers.get(stem, 1) + 1
            distinct = f"{stem}.{numbers[stem]}"
        names[distinct] = None
    return tuple(names)
