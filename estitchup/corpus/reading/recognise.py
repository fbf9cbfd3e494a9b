"""Recognises a file by its first bytes, by its name where they leave it open, and opens it as a table.

A wrong ending is no fault: an Excel workbook called .csv is read as what it is, and the note says so.
"""

import re
from dataclasses import replace
from pathlib import Path, PurePath

from estitchup.corpus.reading.archive import (
    TABLE_ENDINGS,
    Member,
    chosen_member,
    folder_members,
    open_texts,
    zip_members,
)
from estitchup.corpus.reading.columnar import open_arrow, open_parquet
from estitchup.corpus.reading.delimited import open_delimited
from estitchup.corpus.reading.options import A_TEXT_A_LINE, Reading
from estitchup.corpus.reading.records import looks_like_json, open_json
from estitchup.corpus.reading.source import Source, gunzipped, source_of
from estitchup.corpus.reading.table import OpenTable
from estitchup.corpus.reading.workbook import open_workbook
from estitchup.corpus.wording import quoted
from estitchup.errors import EstitchupError

_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARQUET = re.compile(rb"PAR1.{0,64}[\x00-\x08\x0e-\x1f]", re.DOTALL)  # a column may be called so, too
_REFUSED = {  # what a person might bring and nobody should open
    b"%PDF-": "a PDF document: copy its texts into a table",
    b"\x93NUMPY": "an array without texts: bring the table, and this file as its vectors",
    b"\x89HDF": "an HDF5 file: save it as Parquet",
    b"\x80\x04": "a Python pickle, which may run code and is never opened: save it as Parquet or NPY",
    b"\x80\x05": "a Python pickle, which may run code and is never opened: save it as Parquet or NPY",
    b"SQLite format 3\0": "an SQLite database: export the table as CSV",
    b"7z\xbc\xaf": "a 7z archive: unpack it, or pack it as ZIP",
    b"Rar!\x1a\x07": "a RAR archive: unpack it, or pack it as ZIP",
    b"\xfd7zXZ": "an xz archive: unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive: unpack it, or pack it with gzip",
    b"FEA1\0\0": "a Feather file of the first version: save it as Feather 2 or Parquet",
    b"\x89PNG": "an image: bring its embedding in a table",
    b"\xff\xd8\xff": "an image: bring its embedding in a table",
    b"{\\rtf": "a document in rich text: save it as plain text",
}
_REFUSED_LIKE = {  # whose first letters a text may have, too
    re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"): "a bzip2 archive: unpack it, or pack it with gzip",
    re.compile(rb"ORC.{0,64}[\x00-\x08]", re.DOTALL): "an ORC file: save it as Parquet",
}
_WORKBOOKS = {"xl/workbook.xml": "Excel workbook", "xl/workbook.bin": "Excel workbook", "content.xml": "ODS workbook"}
_OTHER_ZIPS = {
    "word/document.xml": "a Word document: save it as plain text",
    "ppt/presentation.xml": "a presentation: copy its texts into a table",
}
_ENDINGS = {
    "CSV": {".csv", ".tsv", ".txt"},
    "TSV": {".csv", ".tsv", ".txt", ".tab"},
    "Plain text, one text a line": {".txt", ".text", ".md"},
    "JSON": {".json"},
    "JSON Lines": {".json", ".jsonl", ".ndjson"},
    "Parquet": {".parquet", ".pq"},
    "Arrow": {".arrow", ".feather", ".ipc"},
    "Excel workbook": {".xlsx", ".xlsm", ".xlsb", ".xls"},
    "ODS workbook": {".ods"},
}
_DEEPEST = 2  # a gzip in a ZIP is usual, more is a trap


def open_table(file: Path | str | bytes, name: str | None = None, reading: Reading | None = None) -> OpenTable:
    """Open the table that a path or bytes hold, said to be called `name`; raises EstitchupError with what is wrong."""
    reading = reading or Reading()
    if not isinstance(file, bytes) and (folder := Path(file).expanduser()).is_dir():
        return _open_members(folder_members(folder), Source(folder.name, lambda: folder.open("rb"), 0), reading, 0)
    source = source_of(file, name)
    return _noted(_open(source, reading, 0), source.name)


def _open(source: Source, reading: Reading, depth: int) -> OpenTable:
    if depth > _DEEPEST:
        raise EstitchupError(f"{source.name} is an archive in an archive: unpack it first.")
    start = source.start(1_024)
    if not start.strip():
        raise EstitchupError(f"{source.name} is empty: choose a file with a header row and one text a row.")
    if start.startswith(b"\x1f\x8b"):
        return _open(gunzipped(source), reading, depth + 1)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        # A ZIP is read from its end: one that lies packed in another file must be at hand as a whole.
        return _open_zip(source_of(source.whole(), source.name) if depth else source, reading, depth)
    if start.startswith(_OLD_WORKBOOK):
        return open_workbook(source, reading, "Excel workbook")
    if _PARQUET.match(start):
        return open_parquet(source)
    if start.startswith((b"ARROW1\0\0", b"\xff\xff\xff\xff")) and start[4:8] != b"\xff\xff\xff\xff":
        return open_arrow(source, streamed=start[0] == 0xFF)
    _refuse_others(source.name, start)
    return _open_text(source, reading)


def _open_text(source: Source, reading: Reading) -> OpenTable:
    """Open JSON where it is JSON, else a table of text; a text may begin with a bracket, too."""
    ending = PurePath(source.name.lower()).suffix
    if ending in {".json", ".jsonl", ".ndjson"} or (reading.delimiter is None and looks_like_json(source.start())):
        try:
            return open_json(source, reading)
        except EstitchupError:
            if ending not in {".csv", ".tsv", ".txt", ".text", ".md"}:
                raise
    return open_delimited(source, reading, plain=ending in {".txt", ".text", ".md"})


def _open_zip(source: Source, reading: Reading, depth: int) -> OpenTable:
    members = zip_members(source)
    paths = {member.path for member in members}
    for path, kind in _WORKBOOKS.items():
        if path in paths and (path != "content.xml" or _is_spreadsheet(members)):
            return open_workbook(source, reading, kind)
    for path, kind in _OTHER_ZIPS.items():
        if path in paths:
            raise EstitchupError(f"{source.name} is {kind}.")
    if paths and all(path.endswith(".npy") for path in paths):
        raise EstitchupError(f"{source.name} is {_REFUSED[bytes.fromhex('93') + b'NUMPY']}.")
    return _open_members(members, source, reading, depth)


def _is_spreadsheet(members: list[Member]) -> bool:
    kind = next((member.source.start(100) for member in members if member.path == "mimetype"), b"spreadsheet")
    return b"spreadsheet" in kind


def _open_members(members: list[Member], source: Source, reading: Reading, depth: int) -> OpenTable:
    """Open the one table of an archive or folder, or its text files."""
    kind = "ZIP of text files" if source.size else "Folder of text files"
    member, names = chosen_member(members, reading, source.name)
    if member is None:
        return open_texts(members, source.name, source.size, kind, reading)
    table = _open(member.source, reading, depth + 1)
    note = f"Read {quoted(member.path)}, one of {len(names):,} tables in {source.name}." if len(names) > 1 else ""
    return replace(table, found=replace(table.found, member=member.path, members=names).noted(note))


def _refuse_others(name: str, start: bytes) -> None:
    kinds = [kind for signature, kind in _REFUSED.items() if start.startswith(signature)]
    kind = next(iter(kinds + [kind for pattern, kind in _REFUSED_LIKE.items() if pattern.match(start)]), None)
    if kind is None and start[257:262] == b"ustar":
        kind = "a tar archive: unpack it, or pack it as ZIP"
    if kind is not None:
        raise EstitchupError(f"{name} is {kind}.")


def _noted(table: OpenTable, name: str) -> OpenTable:
    """Say where the ending of the name speaks for another kind."""
    ending = PurePath(name.lower().removesuffix(".gz")).suffix
    expected = _ENDINGS.get(table.found.kind)
    if expected is None or ending not in TABLE_ENDINGS or ending in expected:
        return table
    return replace(table, found=table.found.noted(f"{name} is no {ending[1:]} file: read as {_a(table)}."))


def _a(table: OpenTable) -> str:
    kind = "one text a line" if table.found.delimiter == A_TEXT_A_LINE else table.found.kind
    return f"an {kind}" if kind.endswith("workbook") else kind
