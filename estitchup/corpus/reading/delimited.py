"""Reads CSV and its relatives, and files that hold one text a line.

The delimiter is the one that cuts the first rows as it cuts the header, and under which the whole file holds: every
candidate is checked to the last row before it is taken.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from estitchup.corpus.columns import is_named
from estitchup.corpus.reading.encoding import MOST_IN_LINE, Encoding, encoding_of, lines_of
from estitchup.corpus.reading.options import A_TEXT_A_LINE, Found, Reading
from estitchup.corpus.reading.source import Source
from estitchup.corpus.reading.table import MOST_COLUMNS, OpenTable, batched, distinct_names
from estitchup.errors import EstitchupError

DELIMITERS = ",\t;|"
_SNIFFED_CHARACTERS = 64_000
_END = "\x00end"  # a cell no file holds: NUL characters are left out


@dataclass(frozen=True)
class _Dialect:
    delimiter: str
    quoted: bool


@dataclass(frozen=True)
class _Question:
    """How a file is written, and what was said about it; the same question about a file that stays has one answer."""

    path: Path | None
    size: int
    changed: int | None
    reading: Reading
    plain: bool
    source: Source = field(compare=False)


def open_delimited(source: Source, reading: Reading, plain: bool) -> OpenTable:
    """Open a file of text; where `plain`, its name speaks for one text a line.

    Raises EstitchupError where it is no text, or no delimiter holds over the whole file.
    """
    question = _Question(source.path, source.size, source.changed, reading, plain, source)
    found, dialect, skipped = (_remembered if source.path else _answered)(question)
    encoding = found.name
    if dialect is None:
        return _open_lines(source, found)
    header = next(_rows(source, encoding, dialect, skipped), [])
    width = len(header)
    kind = "TSV" if dialect.delimiter == "\t" else "CSV"
    return OpenTable(
        source.name,
        source.size,
        Found(kind, encoding, dialect.delimiter, dialect.quoted, note=found.note),
        distinct_names(header, source.name),
        lambda places: batched(_even(_rows(source, encoding, dialect, skipped), width, source.name), places),
    )


def _answered(question: _Question) -> tuple[Encoding, _Dialect | None, int]:
    """Return encoding, dialect (None for one text a line) and the number of lines above the header."""
    source, reading = question.source, question.reading
    found = encoding_of(source, reading.encoding)
    encoding = found.name
    head, below = _head(source, encoding)
    if not head.strip():
        raise EstitchupError(f"{source.name} is empty: choose a file with a header row and one text a row.")
    named = _named_delimiter(head)
    in_lines = question.plain and not (reading.delimiter or named or _is_tabular(head))
    if reading.delimiter == A_TEXT_A_LINE or in_lines:
        return found, None, 0
    skipped = 1 if named else 0
    return found, _dialect(source, encoding, reading, named, head if below else f"{head}\n", skipped), skipped


_remembered = lru_cache(maxsize=32)(_answered)


def _open_lines(source: Source, encoding: Encoding) -> OpenTable:
    def texts() -> Iterator[list[str]]:
        return ([text] for line in lines_of(source, encoding.name) if (text := line.strip()))

    found = Found("Plain text, one text a line", encoding.name, A_TEXT_A_LINE, note=encoding.note)
    return OpenTable(source.name, source.size, found, ("text",), lambda places: batched(texts(), places))


def _head(source: Source, encoding: str) -> tuple[str, bool]:
    """Return the first lines, and whether more stand below."""
    lines = lines_of(source, encoding)
    size, head = 0, []
    for line in lines:
        head.append(line)
        size += len(line)
        if size > _SNIFFED_CHARACTERS:
            return "".join(head), True
    return "".join(head), False


def _named_delimiter(head: str) -> str | None:
    """Return the delimiter that Excel names in a first line such as "sep=;"."""
    named = re.match(r"sep=(.)\r?(?:\n|$)", head, re.IGNORECASE)
    return named[1] if named else None


def _is_tabular(head: str) -> bool:
    """Return True where a file named as plain text is a table: tabs cut every line alike, or its header is known."""
    if _even_share(head, "\t") == 1:
        return True
    first = head.splitlines()[0]
    return any(is_named(cell) for delimiter in DELIMITERS if len(cells := first.split(delimiter)) > 1 for cell in cells)


def _dialect(source: Source, encoding: str, reading: Reading, named: str | None, head: str, skipped: int) -> _Dialect:
    """Return the first dialect, the likeliest first, that holds to the last row; raises EstitchupError for none."""
    shares = {delimiter: _even_share(head, delimiter, skipped) for delimiter in DELIMITERS}
    likely = sorted(DELIMITERS, key=lambda delimiter: -shares[delimiter])
    chosen = reading.delimiter or named
    delimiters = [chosen] if chosen else [d for d in likely if shares[d] > 0] or [likely[0]]
    marks = [True, False] if reading.quoted is None else [reading.quoted]
    faults = {}
    for delimiter, quoted in itertools.product(delimiters, marks):
        dialect = _Dialect(delimiter, quoted)
        # Without marks, quotes may only be characters where no cell hides a delimiter: all rows are as wide then.
        fault = _fault(_rows(source, encoding, dialect, skipped), source.name, strict=not quoted and len(marks) > 1)
        if fault is None:
            return dialect
        faults[dialect] = fault
    raise EstitchupError(next(iter(faults.values())))


def _even_share(head: str, delimiter: str, skipped: int = 0) -> float:
    """Return the share of the first rows that are as wide as the header; 0 where the header is one cell."""
    try:
        rows = [row for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if any(row)][skipped:]
    except csv.Error:
        return 0.0
    rows = rows[:-1] if len(rows) > 2 else rows  # the last row may be cut
    if not rows or len(rows[0]) == 1:
        return 0.0
    return sum(len(row) == len(rows[0]) for row in rows) / len(rows)


def _fault(rows: Iterator[list[str]], name: str, strict: bool) -> str | None:
    """Return the sentence that says why the rows are no table, None where they are; `strict` wants equal widths."""
    header = next(rows, None)
    if header in (None, [_END]):
        return f"{name} is empty: choose a file with a header row and one text a row."
    if len(header) > MOST_COLUMNS:
        distinct_names(header, name)
    width, last = len(header), header
    for number, row in enumerate(rows, start=1):
        last = row
        if len(row) > width and any(row[width:]) and row != [_END]:
            return _too_wide(number, row, width, name)
        if strict and len(row) != width and row != [_END]:
            return f"Row {number:,} of {name} has {len(row):,} cells where the header has {width:,}: even them."
    return (
        None
        if last == [_END]
        else f'{name} opens a double quote (") that is never closed: close it, or write it twice.'
    )


def _too_wide(number: int, row: Sequence[str], width: int, name: str) -> str:
    return (
        f"Row {number:,} of {name} has {len(row):,} cells where the header has {width:,}: "
        'put a text that holds the delimiter between double quotes (").'
    )


def _rows(source: Source, encoding: str, dialect: _Dialect, skipped: int) -> Iterator[list[str]]:
    """Return the rows that hold anything, the header first and `_END` last: it is not last where a quote stays open."""
    csv.field_size_limit(MOST_IN_LINE)
    lines: Iterable[str] = itertools.islice(lines_of(source, encoding), skipped, None)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    reader = csv.reader(itertools.chain(lines, ("\n", _END)), delimiter=dialect.delimiter, quoting=quoting)
    try:
        for row in reader:
            if any(row):
                yield row
    except csv.Error:  # a cell beyond the limit: a quote left open far above
        return


def _even(rows: Iterator[list[str]], width: int, name: str) -> Iterator[list[str]]:
    """Return the rows below the header, short ones filled with "", long ones cut where only empty cells are lost."""
    next(rows, None)
    for number, row in enumerate(rows, start=1):
        if len(row) == width:
            if row != [_END]:
                yield row
        elif len(row) > width:
            if any(row[width:]):
                raise EstitchupError(_too_wide(number, row, width, name))
            yield row[:width]
        elif row != [_END]:
            yield row + [""] * (width - len(row))
