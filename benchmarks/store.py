"""Where to keep a million vectors: LMDB, which the library uses, against SQLite.

All get the same texts and random vectors (384 × float32), written in batches of 10,000 and read back in random order:
100,000 a call, the median of three passes, and one a call. It needs 5 GB of disk in the meantime. Run
`python benchmarks/store.py --rows 100000 1000000`; with --processor lookups are counted in the processor's own time,
which other work on the machine disturbs little.
"""

import argparse
import multiprocessing
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from estitchup.encoding.store import VectorStore, digests

DIMENSION, BATCH, CORPUS, SINGLE = 384, 10_000, 100_000, 5_000


class Store(Protocol):
    """What both stores can do."""

    def get(self, key: str, texts: Sequence[str], dimension: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Look the texts up."""
        ...

    def put(self, key: str, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keep the vectors."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class SqliteStore:
    """The loser: WAL, commits that survive a crash but not a power cut, as LMDB's do here."""

    def __init__(self, path: Path, page: int, options: str) -> None:
        self.connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        pragmas = f"page_size={page}; journal_mode=WAL; synchronous=NORMAL; mmap_size={1 << 33}; cache_size=-262144"
        for pragma in pragmas.split("; "):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) {options}")

    def put(self, key: str, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keep the vectors in one transaction."""
        items = sorted(zip(map(bytes, digests(key, texts)), map(bytes, vectors), strict=True))
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", items)
        self.connection.execute("COMMIT")

    def get(self, key: str, texts: Sequence[str], dimension: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Look the texts up, 1,000 a query."""
        keys, known = list(map(bytes, digests(key, texts))), dict[bytes, bytes]()
        for start in range(0, len(keys), 1000):
            part = keys[start : start + 1000]
            marks = ",".join("?" * len(part))
            known.update(self.connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part))
        found = np.array([key in known for key in keys])
        vectors = np.zeros((len(keys), dimension), np.float32)
        content = b"".join(known[key] for key in keys if key in known)
        vectors[found] = np.frombuffer(content, np.float32).reshape(-1, dimension)
        return vectors, found

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


OPENERS: dict[str, Callable[[Path], Store]] = {
    "LMDB": VectorStore,
    "SQLite 8K": lambda path: SqliteStore(path, 8192, "WITHOUT ROWID"),
    "SQLite 16K": lambda path: SqliteStore(path, 16384, "WITHOUT ROWID"),
    "SQLite rowid": lambda path: SqliteStore(path, 4096, ""),
}


def texts_of(rows: Sequence[int]) -> list[str]:
    return [f"please tell me how to do the thing number {row}" for row in rows]


def batches(start: int, stop: int) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    pool = np.random.default_rng(0).standard_normal((BATCH, DIMENSION), np.float32)
    for first in range(start, stop, BATCH):
        rows = range(first, min(first + BATCH, stop))
        vectors = pool[: len(rows)].copy()
        vectors[:, 0] = rows  # so that a wrong vector is noticed
        yield texts_of(rows), vectors


def fill(name: str, path: Path, start: int, stop: int) -> float:
    store = OPENERS[name](path)
    spent = 0.0
    for texts, vectors in batches(start, stop):
        begun = time.perf_counter()
        store.put("encoder", texts, vectors)
        spent += time.perf_counter() - begun
    store.close()
    return spent


def look_up(store: Store, rows: NDArray[np.intp], size: int, clock: Callable[[], float] = time.perf_counter) -> float:
    spent = 0.0
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        texts = texts_of(part.tolist())
        begun = clock()
        vectors, found = store.get("encoder", texts, DIMENSION)
        spent += clock() - begun
        assert found.all()
        assert (vectors[:, 0] == part).all()
    return len(rows) / spent


def write_with_two(name: str, path: Path, rows: int) -> float:
    """Return vectors a second when two processes write at once; all of them must be there afterwards."""
    context = multiprocessing.get_context("spawn")
    halves = [(name, path, 0, rows // 2), (name, path, rows // 2, rows)]
    writers = [context.Process(target=fill, args=half) for half in halves]
    begun = time.perf_counter()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    spent = time.perf_counter() - begun
    store = OPENERS[name](path)
    look_up(store, np.arange(rows), BATCH)
    store.close()
    return rows / spent


def measure(name: str, folder: Path, rows: int, clock: Callable[[], float]) -> str:
    path = folder / "store"
    written = rows / fill(name, path, 0, rows)
    begun = time.perf_counter()
    store = OPENERS[name](path)
    store.get("encoder", texts_of([0]), DIMENSION)
    reopened = time.perf_counter() - begun
    order = np.random.default_rng(1).permutation(rows)
    many = statistics.median(look_up(store, order, CORPUS, clock) for _ in range(3))
    one = look_up(store, order[:SINGLE], 1, clock)
    store.close()
    size = sum(file.stat().st_size for file in folder.iterdir())
    two = write_with_two(name, folder / "two", min(rows, 100_000))
    return (
        f"{name:12} {rows:9,} {written:10,.0f} {many:12,.0f} {one:12,.0f} {size / 1e6:8,.0f} {1000 * reopened:9.1f} "
        f"{two:11,.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--stores", nargs="+", choices=OPENERS, default=list(OPENERS))
    parser.add_argument("--processor", action="store_true", help="count lookups in the processor's own time")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.processor else time.perf_counter
    print("store             rows     puts/s  lookups/s  one by one/s       MB reopen ms 2 writers/s")
    for rows in arguments.rows:
        for name in arguments.stores:
            with tempfile.TemporaryDirectory() as folder:
                print(measure(name, Path(folder), rows, clock), flush=True)


if __name__ == "__main__":
    main()
