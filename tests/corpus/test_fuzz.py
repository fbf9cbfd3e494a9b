"""Thousands of broken files: each ends in rows or in one sentence, in time, in memory, and touches nothing.

`make fuzz` makes 10,000. The damage is done to whole files of every format, so that it gets past the first bytes.
"""

import gzip
import io
import json
import os
import resource
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import psutil
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estitchup.corpus import CorpusSpec, build_corpus, guess_columns, look_at, read_table
from estitchup.corpus.reading.workbook import MOST_MEMORY
from estitchup.errors import EstitchupError

FILES = int(os.environ.get("ESTITCHUP_FUZZ", "2000"))
MOST_SECONDS = 10.0
ROWS = [(f"{word} text number {n}, “so” said", label) for n in range(12) for word, label in (("a", "x"), ("b", "y"))]


@dataclass
class Watch:
    """What the audit hook saw while it was on."""

    on: bool = False
    written: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)


_watch = Watch()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watch.on:
        return
    path, mode = (*arguments, None, None)[:2]
    if event == "open" and not isinstance(path, int) and isinstance(mode, str) and set(mode) & set("wax+"):
        _watch.written.append(str(arguments[0]))
    if event in ("subprocess.Popen", "os.system", "os.exec", "exec") and arguments:
        _watch.started.append(f"{event}: {arguments[-3:] if event == 'subprocess.Popen' else ''}")
    if event in ("os.mkdir", "os.rename", "os.remove", "os.symlink", "pickle.find_class"):
        _watch.written.append(f"{event} {arguments[:1]}")


@pytest.fixture(scope="module", autouse=True)
def watch() -> Iterator[Watch]:
    """See to it that nothing is written or run, and that memory stays within 1 GB, in whatever a test here reads."""
    sys.addaudithook(_audit)
    before = psutil.Process().memory_info().rss
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    yield _watch
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    assert peak <= max(highest, before + (1 << 30))
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10 <= max(
        children, before + MOST_MEMORY
    )  # a fork begins with ours


def outcome(content: bytes | Path, name: str) -> str:
    """Read what could be a table, build its corpus, and return "rows" or the one sentence."""
    _watch.written.clear()
    _watch.started.clear()
    started = time.perf_counter()
    _watch.on = True
    try:
        said = _read(content, name)
    finally:
        _watch.on = False
    assert time.perf_counter() - started < MOST_SECONDS
    assert "\n" not in said
    assert len(said) < 1_000
    assert not _watch.written
    assert not [what for what in _watch.started if "workbook_process" not in what and "exec" not in what]
    return said


def _read(content: bytes | Path, name: str) -> str:
    try:
        look_at(content, name)
        table = read_table(content, name)
        assert len(table)
        assert len(set(table.columns)) == table.shape[1]
        assert all(type(cell) is str for cell in table.iloc[:50].to_numpy().ravel())
        guess = guess_columns(table)
        spec = CorpusSpec(file=name, text_column=guess.text or "?", label_column=guess.label or "??")
        corpus = build_corpus(table, spec)
        assert len(corpus.texts) == len(corpus.labels)
        corpus.digest.encode("utf-8")
    except EstitchupError as error:
        return str(error)
    return "rows"


def csv_of(delimiter: str = ",") -> bytes:
    lines = [f'"{text}"{delimiter}{label}' for text, label in ROWS]
    return "\n".join([f"text{delimiter}label", *lines]).encode()


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for path, inside in files.items():
            archive.writestr(path, inside)
    return content.getvalue()


def arrow_table() -> pa.Table:
    texts, labels = zip(*ROWS, strict=True)
    vectors = np.arange(3 * len(ROWS), dtype=np.float32).reshape(-1, 3).tolist()
    return pa.table({"text": list(texts), "label": pa.array(labels).dictionary_encode(), "vector": vectors})


def written_by(write: Callable[[io.BytesIO], object]) -> bytes:
    content = io.BytesIO()
    write(content)
    return content.getvalue()


def arrow_stream(content: io.BytesIO) -> None:
    table = arrow_table()
    with pa.ipc.new_stream(content, table.schema) as writer:
        writer.write_table(table)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [("text", "label"), *ROWS]:
        sheet.append(row)
    return written_by(book.save)


RECORDS = [{"text": text, "label": label} for text, label in ROWS]
WHOLE = {
    "a.csv": csv_of(),
    "a.tsv": csv_of("\t"),
    "utf16.csv": csv_of().decode().encode("utf-16"),
    "latin.csv": csv_of(";").decode().replace("said", "été").encode("cp1252", "replace"),
    "a.json": json.dumps(RECORDS).encode(),
    "deep.json": json.dumps({"meta": {"n": 1}, "data": {"rows": RECORDS}}).encode(),
    "a.jsonl": "\n".join(map(json.dumps, RECORDS)).encode(),
    "a.txt": "\n".join(text for text, _ in ROWS).encode(),
    "a.parquet": written_by(lambda content: pq.write_table(arrow_table(), content)),
    "a.feather": written_by(lambda content: feather.write_feather(arrow_table(), content)),
    "a.arrow": written_by(arrow_stream),
    "a.csv.gz": gzip.compress(csv_of()),
    "a.zip": zip_of({"a.csv": csv_of()}),
    "lzma.zip": zip_of({"a.csv": csv_of()}, zipfile.ZIP_LZMA),
    "bzip2.zip": zip_of({"a.csv": csv_of()}, zipfile.ZIP_BZIP2),
    "folders.zip": zip_of({f"{label}/{n}.txt": text.encode() for n, (text, label) in enumerate(ROWS)}),
}
NASTY = [b"\x00", b"\xff", b'"', b"\n", b"\r", b"\t", b"{", b"[", b"=cmd|' /C calc'!A0", b"<script>alert(1)</script>"]
NASTY += [
    "\u202e".encode(),
    "👩‍👧".encode(),
    b"\\ud800",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"NaN",
    b"9" * 5000,
    b"[" * 5000,
]
places = st.floats(0, 1)
damages = st.one_of(
    st.tuples(st.just("cut"), places, places),
    st.tuples(st.just("flip"), places, st.integers(0, 255)),
    st.tuples(st.just("insert"), places, st.sampled_from(NASTY)),
    st.tuples(st.just("insert"), places, st.binary(max_size=20)),
    st.tuples(st.just("repeat"), places, st.integers(1, 40)),
    st.tuples(st.just("splice"), places, st.sampled_from(sorted(WHOLE))),
    st.tuples(st.just("pack"), st.just(0.0), st.sampled_from(["gzip", "zip"])),
    st.tuples(st.just("end"), places, st.just(0)),
)


def damaged(content: bytes, damage: tuple[str, float, Any]) -> bytes:
    kind, place, how = damage
    at = int(place * len(content))
    if kind == "cut":
        return content[:at] + content[at + int(how * (len(content) - at)) :]
    if kind == "flip":
        return content[:at] + bytes([how]) + content[at + 1 :]
    if kind == "insert":
        return content[:at] + how + content[at:]
    if kind == "repeat":
        return content[:at] + content[at : at + 500] * how + content[at:]
    if kind == "splice":
        return content[:at] + WHOLE[how][at:]
    if kind == "pack":
        return gzip.compress(content) if how == "gzip" else zip_of({"x.csv": content})
    return content[:at]


fuzzed = settings(
    max_examples=FILES,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@fuzzed
@given(
    st.sampled_from(sorted(WHOLE)), st.lists(damages, min_size=1, max_size=4), st.sampled_from([None, *sorted(WHOLE)])
)
def test_a_broken_file_ends_in_rows_or_in_one_sentence(
    whole: str, harm: list[tuple[str, float, Any]], renamed: str | None
) -> None:
    content = WHOLE[whole]
    for damage in harm:
        content = damaged(content, damage)
    if content[:2] != b"\xd0\xcf":
        outcome(content, renamed or whole)


@settings(fuzzed, max_examples=max(12, FILES // 100))
@given(st.lists(damages, min_size=1, max_size=3))
def test_a_broken_workbook_ends_in_rows_or_in_one_sentence(harm: list[tuple[str, float, Any]]) -> None:
    content = workbook()
    for damage in harm:
        content = damaged(content, damage)
    outcome(content, "a.xlsx")


def test_every_whole_file_is_read() -> None:
    for name, content in WHOLE.items():
        said = outcome(content, name)
        assert said == "rows" or (name == "a.txt" and "label" in said) or "column" in said, (name, said)
