"""Reads an uploaded table, every cell as the text that stands in the file.

Files come from spreadsheets, databases and scripts: the encoding and the delimiter are found out, not asked for, and
what cannot be read says why. A further format is one more function in `_READERS`.
"""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from estitchup.corpus.decode import decode
from estitchup.errors import EstitchupError

_DELIMITERS = ",\t;|"
_SNIFFED_CHARACTERS = 64_000
_END = "\x00end"  # a cell no file holds: `decode` removes NUL characters


def read_table(source: Path | str | bytes, name: str | None = None) -> pd.DataFrame:
    """Read a table whose first row names the columns.

    `source` is a path, or the content as bytes; `name` is what errors call it, and its ending tells the format. Every
    cell is a `str` as written ("None", "001"); a missing one is "". Raises EstitchupError with what is wrong.
    """
    if not isinstance(source, bytes):
        name = name or Path(source).name
        source = _content(Path(source))
    name = name or "The file"
    if not source.strip():
        raise EstitchupError(f"{name} is empty: choose a file with a header row and one text a row.")
    header, rows = _READERS.get(Path(name).suffix.lower(), _read_delimited)(source, name)
    if not rows:
        raise EstitchupError(f"{name} has a header and no rows below it: add one row for each text.")
    return pd.DataFrame(rows, columns=_distinct_names(header), dtype=str)


def _content(path: Path) -> bytes:
    path = path.expanduser()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise EstitchupError(f"There is no file {path}: check the path.") from None
    except IsADirectoryError:
        raise EstitchupError(f"{path} is a folder: name one file in it.") from None
    except (OSError, ValueError) as error:
        raise EstitchupError(f"{path} cannot be read ({error}): check the path and its permissions.") from None


def _read_delimited(content: bytes, name: str) -> tuple[list[str], list[list[str]]]:
    """Read CSV and its relatives; the delimiter is the one that cuts the first rows as it cuts the header."""
    named, text = _named_delimiter(decode(content, name))
    delimiter = named or _delimiter(text)
    rows = _parse(text, delimiter, csv.QUOTE_MINIMAL)
    if rows is None:  # a quote never closed; perhaps the file does not use quotes as such, as TSV often does not
        rows = _parse(text, delimiter, csv.QUOTE_NONE)
        if rows is None or len({len(row) for row in rows}) > 1:
            raise EstitchupError(f'{name} opens a double quote (") that is never closed: close it, or write it twice.')
    if not rows:
        raise EstitchupError(f"{name} is empty: choose a file with a header row and one text a row.")
    return rows[0], _even(rows, name)


def _named_delimiter(text: str) -> tuple[str | None, str]:
    """Return the delimiter that Excel names in a first line such as "sep=;", and the text below that line."""
    first, _, below = text.partition("\n")
    named = re.fullmatch(r"\ufeff?sep=(.)\r?", first, re.IGNORECASE)
    return (named[1], below) if named else (None, text)


def _delimiter(text: str) -> str:
    """Return the delimiter under which most of the first rows are as wide as the header; "," for a single column."""
    start = text[:_SNIFFED_CHARACTERS]
    shares = {delimiter: _even_share(start, delimiter) for delimiter in _DELIMITERS}
    return max(_DELIMITERS, key=lambda delimiter: shares[delimiter])


def _even_share(start: str, delimiter: str) -> float:
    rows = [row for row in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter) if any(row)]
    rows = rows[:-1] if len(rows) > 2 else rows  # the last row may be cut
    if not rows or len(rows[0]) == 1:
        return 0.0
    return sum(len(row) == len(rows[0]) for row in rows) / len(rows)


def _parse(text: str, delimiter: str, quoting: int) -> list[list[str]] | None:
    """Return the rows that hold anything; None where a quote is left open to the end of the file."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + len(_END)))  # a cell may be as long as the file
    lines = io.StringIO(f"{text}\n{_END}\n", newline="")
    rows = list(csv.reader(lines, delimiter=delimiter, quoting=quoting))  # type: ignore[arg-type]
    return [row for row in rows[:-1] if any(row)] if rows[-1] == [_END] else None


def _even(rows: list[list[str]], name: str) -> list[list[str]]:
    """Return the rows below the header, short ones filled with "", long ones cut where only empty cells are lost."""
    width = len(rows[0])
    for number, row in enumerate(rows[1:], start=1):
        if any(row[width:]):
            raise EstitchupError(
                f"Row {number} of {name} has {len(row)} cells where the header has {width}: "
                'put a text that holds the delimiter between double quotes (").'
            )
    return [row[:width] + [""] * (width - len(row)) for row in rows[1:]]


def _distinct_names(header: list[str]) -> list[str]:
    """Return the column names, stripped; nameless ones get their place, repeated ones a number."""
    names: list[str] = []
    for place, cell in enumerate(header, start=1):
        name = stem = cell.strip() or f"column {place}"
        number = 2
        while name in names:
            name, number = f"{stem}.{number}", number + 1
        names.append(name)
    return names


_READERS: dict[str, Callable[[bytes, str], tuple[list[str], list[list[str]]]]] = {
    ".csv": _read_delimited,
    ".tsv": _read_delimited,
    ".txt": _read_delimited,
}
