"""Reads JSON: a list of records, columns, or either somewhere inside, and JSON Lines.

Numbers stay as they are written, "001" in quotes stays "001", and null is a missing cell. JSON in one piece is parsed
at once, so its size is limited; JSON Lines stream.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from estitchup.corpus.reading.encoding import DAMAGED, Encoding, encoding_of, lines_of
from estitchup.corpus.reading.options import Found, Reading
from estitchup.corpus.reading.source import Source
from estitchup.corpus.reading.table import MOST_COLUMNS, OpenTable, batched, distinct_names
from estitchup.corpus.wording import listed, quoted
from estitchup.errors import EstitchupError

MOST_PARSED = 600 << 20
"""Bytes that a parsed JSON document may be expected to take in memory."""
EVERY_LIST = "*"
KEY = "key"
"""The column that says under which key a record stood, where all lists of an object are read."""
_DEEPEST = 6
_LONGEST_FIRST_LINE = 4 << 20
_BEGINNING = re.compile(rb'(\xef\xbb\xbf)?\s*(\{\s*("|\})|\[\s*([\[{"\d\]-]|true|false|null))')

_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)


def looks_like_json(start: bytes) -> bool:
    """Return True where the first bytes could begin JSON."""
    narrow = start.replace(b"\x00", b"") if start[:2] in (b"\xff\xfe", b"\xfe\xff") else start
    return bool(_BEGINNING.match(narrow.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")))


def open_json(source: Source, reading: Reading) -> OpenTable:
    """Open JSON or JSON Lines; raises EstitchupError where it is neither, is too large or holds no records."""
    encoding = encoding_of(source, reading.encoding)
    if _is_lines(source, encoding.name):
        return _open_lines(source, encoding)
    places = _places(_document(source, encoding.name))
    if not places:
        raise EstitchupError(
            f'{source.name} holds no records: bring a list of objects, [{{"text": …, "label": …}}, …].'
        )
    path = _chosen(places, reading.records, source.name)
    records = _records(places[path])
    columns = _columns(iter(records), source.name)
    found = Found("JSON", encoding.name, records=path, paths=tuple(places), note=encoding.note)
    cells = [[record.get(column, "") for column in columns] for record in records]
    names = distinct_names(columns, source.name)
    return OpenTable(source.name, source.size, found, names, lambda wanted: batched(cells, wanted))


def _chosen(places: dict[str, Any], said: str | None, name: str) -> str:
    if said is None:
        return next(iter(places))
    if said not in places:
        known = listed(path or "the whole file" for path in places)
        raise EstitchupError(f"{name} has no records under {quoted(said)}: choose among {known}.")
    return said


def _is_lines(source: Source, encoding: str) -> bool:
    """Return True where the first line is a whole value, and another line follows or it is a record itself."""
    start = source.start(_LONGEST_FIRST_LINE).decode(encoding, errors="replace")
    first, _, below = start.replace("\x00", "").removeprefix("\ufeff").strip().partition("\n")
    if not first.startswith(("{", "[")):
        return False
    try:
        value = _decoder.decode(first.strip())
    except (ValueError, RecursionError):
        return False
    return bool(below.strip()) or (isinstance(value, dict) and not _places(value))


def _open_lines(source: Source, encoding: Encoding) -> OpenTable:
    columns = _columns(_line_records(source, encoding.name), source.name)

    def rows() -> Iterator[list[str]]:
        return ([record.get(column, "") for column in columns] for record in _line_records(source, encoding.name))

    names = distinct_names(columns, source.name)
    found = Found("JSON Lines", encoding.name, note=encoding.note)
    return OpenTable(source.name, source.size, found, names, lambda wanted: batched(rows(), wanted))


def _line_records(source: Source, encoding: str) -> Iterator[dict[str, str]]:
    for number, line in enumerate(lines_of(source, encoding), start=1):
        if not line.strip():
            continue
        try:
            yield _flat(_decoder.decode(line.strip()))
        except ValueError:
            raise EstitchupError(f"Line {number:,} of {source.name} is not JSON: mend it, one object a line.") from None
        except RecursionError:
            raise EstitchupError(
                f"Line {number:,} of {source.name} is nested too deeply: bring flat records."
            ) from None


def _document(source: Source, encoding: str) -> Any:
    content = source.whole()
    if _memory(content) > MOST_PARSED:
        raise EstitchupError(
            f"{source.name} is JSON in one piece and too large to be read at once: save it as JSON Lines, one object a "
            "line, which is read line by line."
        )
    text = content.decode(encoding, errors=DAMAGED).replace("\x00", "").removeprefix("\ufeff").strip()
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise EstitchupError(
            f"{source.name} is not whole JSON ({error.msg}, line {error.lineno:,}): mend it."
        ) from None
    except (ValueError, RecursionError):
        raise EstitchupError(f"{source.name} is nested too deeply: bring a list of flat records.") from None


def _memory(content: bytes) -> int:
    """Return about how many bytes Python needs for the parsed document: objects, lists, members, characters."""
    return 240 * content.count(b"{") + 64 * content.count(b"[") + 70 * content.count(b",") + 2 * len(content)


def _places(document: Any) -> dict[str, Any]:
    """Return what could be the records, by path: objects before bare cells, the longest first, then the shallowest."""
    found: list[tuple[str, Any]] = []
    _search(document, (), found)
    places = dict(sorted(found, key=lambda place: (_is_bare(place[1]), -_size(place[1]), place[0].count("."))))
    if isinstance(document, dict):
        lists = {key: value for key, value in document.items() if key in places and isinstance(value, list)}
        if len(lists) > 1:  # CLINC150 and its like: {"train": […], "test": […]}
            return {EVERY_LIST: lists, **places}
    return places


def _is_bare(value: Any) -> bool:
    """Return True for a list that begins with neither an object nor a list: names, say, beside the records."""
    return isinstance(value, list) and not isinstance(value[0], list | dict)


def _search(value: Any, path: tuple[str, ...], found: list[tuple[str, Any]]) -> None:
    if _size(value) > 0:
        found.append((".".join(path), value))
    elif isinstance(value, dict) and len(path) < _DEEPEST:
        for key, inner in value.items():
            _search(inner, (*path, key), found)


def _size(value: Any) -> int:
    """Return how many records a value holds; 0 where it holds none as such."""
    if isinstance(value, list):
        return len(value)
    if isinstance(value, dict) and value and len(value) <= MOST_COLUMNS:
        columns = list(value.values())
        shapes = {(type(column), len(column)) for column in columns if isinstance(column, list | dict)}
        plain = all(isinstance(column, list | dict) for column in columns) and len(shapes) == 1
        if plain and all(_is_column(column) for column in columns):
            return len(columns[0])
    return 0


def _is_column(column: Any) -> bool:
    """Return True for a list of cells, or an object of cells numbered from 0, as pandas writes columns."""
    cells = column.values() if isinstance(column, dict) else column
    numbered = isinstance(column, list) or (len(column) > 0 and all(key.isdigit() for key in column))
    return numbered and not any(isinstance(cell, list | dict) for cell in cells)


def _records(value: Any) -> list[dict[str, str]]:
    if isinstance(value, dict) and all(isinstance(inner, list) and not _is_column(inner) for inner in value.values()):
        return [{**record, KEY: key} for key, inner in value.items() for record in _records(inner)]
    if isinstance(value, dict):
        lists = [list(column.values()) if isinstance(column, dict) else column for column in value.values()]
        return [_flat(dict(zip(value, cells, strict=True))) for cells in zip(*lists, strict=True)]
    return [_flat(record) for record in value]


def _flat(record: Any) -> dict[str, str]:
    """Return a record's cells: nested objects by their path, a list by the places of its cells."""
    if isinstance(record, list):
        return {f"column {place}": _cell(value) for place, value in enumerate(record, start=1)}
    if not isinstance(record, dict):
        return {"text": _cell(record)}
    cells: dict[str, str] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            cells.update({f"{key}.{inner}": cell for inner, cell in _flat(value).items()})
        else:
            cells[key] = _cell(value)
    return cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "") if "\x00" in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _columns(records: Iterable[dict[str, str]], name: str) -> list[str]:
    """Return every key that a record has, in the order of their first appearance."""
    columns: dict[str, None] = {}
    for record in records:
        if record.keys() - columns.keys():
            columns.update(dict.fromkeys(chain(columns, record)))
            if len(columns) > MOST_COLUMNS:
                distinct_names(list(columns), name)
    if not columns:
        raise EstitchupError(
            f"{name} holds no records with anything in them: bring a list of objects with a text each."
        )
    return list(columns)
