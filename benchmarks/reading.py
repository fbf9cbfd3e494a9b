"""Measures how fast a large CSV is read and how much memory it takes, each way of reading in a process of its own.

The file has a text, a label and a long column that nobody chose. Peak memory is that of the whole process, so the
first line, which reads nothing, is what Python and its packages take; CPU seconds are those of one core, which other
work on the machine does not change. Run with `python benchmarks/reading.py --gigabytes 2`.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

WAYS = {
    "nothing": "imports alone",
    "look": "first look: encoding and delimiter over the whole file, 5,000 rows",
    "labels": "the distinct labels",
    "columns": "text and label, all rows",
    "corpus": "a corpus of text and label",
}
_WORDS = (
    "where",
    "has",
    "my",
    "parcel",
    "gone",
    "please",
    "help",
    "I",
    "lost",
    "the",
    "card",
    "and",
    "café",
    "“bills”",
)
_BLOCK_ROWS = 10_000


def main() -> None:
    """Write the file, measure every way, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--gigabytes", type=float, default=0.25)
    parser.add_argument("--text-share", type=float, default=0.1, help="share of the bytes that are chosen columns")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measured(arguments.way, arguments.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.csv"
        rows = write_csv(file, int(arguments.gigabytes * 1e9), arguments.text_share)
        size = file.stat().st_size
        print(f"{size / 1e9:.2f} GB, {rows:,} rows, {arguments.text_share:.0%} of the bytes are text and label\n")
        print("| read | CPU seconds | MB a CPU second | peak memory, MB |\n|---|---|---|---|")
        for way, words in WAYS.items():
            command = [sys.executable, __file__, "--way", way, "--file", str(file)]
            seconds, peak = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            rate = "" if way == "nothing" else f"{size / 1e6 / seconds:,.0f}"
            print(f"| {words} | {seconds:.1f} | {rate} | {peak / 1e6:,.0f} |", flush=True)


def write_csv(file: Path, size: int, text_share: float) -> int:
    """Write about `size` bytes, and return the number of rows."""
    number = written = 0
    with file.open("w", encoding="utf-8") as out:
        out.write("id,text,notes,label\n")
        while written < size:
            lines = [_line(number + place, text_share) for place in range(_BLOCK_ROWS)]
            number += _BLOCK_ROWS
            written += out.write("\n".join(lines) + "\n")
    return number


def _line(number: int, text_share: float) -> str:
    start = number % len(_WORDS)
    text = " ".join((_WORDS[start:] + _WORDS[:start])[:10]) + f" {number}"
    return f'{number},"{text}",{"x" * int(len(text) / text_share - len(text))},class {number % 150}'


def measured(way: str, file: Path) -> tuple[float, int]:
    """Return the seconds and the peak memory in bytes of one way of reading."""
    from estitchup.corpus import CorpusSpec, labels_in, load_corpus, look_at, read_table

    spec = CorpusSpec(file=str(file), text_column="text", label_column="label")
    ways: dict[str, Callable[[], object]] = {
        "nothing": lambda: None,
        "look": lambda: look_at(file),
        "labels": lambda: labels_in(str(file), "label"),
        "columns": lambda: read_table(file, columns=["text", "label"]),
        "corpus": lambda: load_corpus(spec),
    }
    started = time.process_time()
    kept = ways[way]()
    seconds = time.process_time() - started
    del kept
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    main()
