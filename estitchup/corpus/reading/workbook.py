"""Reads workbooks (XLSX, XLSB, XLS, ODS) with python-calamine, in a process that may neither take all memory nor hang.

A cell in the last corner of a sheet makes calamine ask for memory for all cells before it, and a process that gets
none is ended by the system: better a small one (`workbook_process.py`) than the app.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from estitchup.corpus.reading.options import Found, Reading
from estitchup.corpus.reading.source import Source
from estitchup.corpus.reading.table import OpenTable, batched, distinct_names
from estitchup.corpus.wording import listed, quoted
from estitchup.errors import EstitchupError

MOST_MEMORY = 1 << 30
"""Bytes that opening a workbook may take; a workbook of 100 MB of cells fits."""
_SECONDS = 8
_BYTES_A_SECOND = 1 << 20  # calamine reads some 4 MB of packed cells a second
_PROCESS = Path(__file__).with_name("workbook_process.py")
_REASONS = {
    "password": "is protected by a password: save it without one.",
    "no sheet": "has no sheet with cells: bring one, or save the table as CSV.",
}


def open_workbook(source: Source, reading: Reading, kind: str) -> OpenTable:
    """Open one sheet of a workbook; raises EstitchupError where it cannot be read."""
    lines = _lines(source, reading.sheet or "")
    about = next(lines)
    header = next(lines, None)
    lines.close()
    if header is None:
        raise EstitchupError(f"Sheet {quoted(about['sheet'])} of {source.name} is empty: choose another sheet.")
    found = Found(kind, sheet=about["sheet"], sheets=tuple(about["sheets"]))

    def rows() -> Iterator[list[str]]:
        lines = _lines(source, about["sheet"])
        next(lines), next(lines)
        return (row for row in lines if any(row))

    return OpenTable(
        source.name,
        source.size,
        found,
        distinct_names(header, source.name),
        lambda places: batched(rows(), places),
    )


def _lines(source: Source, sheet: str) -> Generator[Any, None, None]:
    """Return what the process tells, first about the sheets, then the rows; raises EstitchupError for its reason."""
    content = None if source.path else source.whole()
    seconds = _SECONDS + source.size // _BYTES_A_SECOND
    limits = [str(MOST_MEMORY), str(seconds)]
    command = [sys.executable, "-P", str(_PROCESS), *limits, sheet, str(source.path or "-")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin
    assert process.stdout
    feeder = threading.Thread(target=_feed, args=(process, content), daemon=True)
    feeder.start()
    told = 0
    try:
        for line in process.stdout:
            value = json.loads(line)
            if isinstance(value, dict) and "reason" in value:
                raise EstitchupError(_sentence(source.name, sheet, value))
            told += 1
            yield value
        if process.wait():
            raise EstitchupError(
                f"{source.name} needs more than {MOST_MEMORY >> 30} GB of memory or {seconds} seconds to be opened: "
                "save the table as CSV."
            )
        if not told:
            raise EstitchupError(f"{source.name} cannot be opened as a workbook: save the table as CSV.")
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
        feeder.join()


def _feed(process: "subprocess.Popen[bytes]", content: bytes | None) -> None:
    assert process.stdin
    try:
        process.stdin.write(content or b"")
        process.stdin.close()
    except OSError:  # it ended before it had read all
        return


def _sentence(name: str, sheet: str, told: dict[str, Any]) -> str:
    reason = told["reason"]
    if reason in _REASONS:
        return f"{name} {_REASONS[reason]}"
    if reason == "no such sheet":
        return f"{name} has no sheet {quoted(sheet)}: choose among {listed(told['sheets'])}."
    return f"{name} is a damaged workbook ({' '.join(reason.split())[:120]}): save it again, or as CSV."
