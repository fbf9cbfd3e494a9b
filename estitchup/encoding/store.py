"""Keep vectors that were computed once, whoever computes them and however it ends.

An LMDB file holds blocks, one a write: digests of (encoder, text) and their float32 vectors; an index of the digests is
kept in memory. A process killed while writing leaves the last commit intact, and writers queue up. One key a vector, in
LMDB or SQLite, took twice the time or more, and in LMDB twice the disk (benchmarks/store.py). When the blocks outgrow a
limit, those that were used longest ago leave.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary, finalize

import lmdb
import numpy as np
from numpy.typing import NDArray

from estitchup.encoding.blocks import add_uses, block_name, blocks_after, count_blocks, numbers_by_use, read_uses
from estitchup.encoding.index import Index, split_location
from estitchup.encoding.presence import Presence
from estitchup.errors import EstitchupError

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

T = TypeVar("T")

_FIRST_MAP = 1 << 28  # bytes; a map doubles when it is full, because Windows allots the whole of it on disk
_ROWS_IN_BLOCK = 4096  # in a block; reading one row touches its whole block, small blocks are many
_DIGEST = 16  # bytes


class VectorStore:
    """Look up and keep vectors in one file, together with other threads and processes.

    Every method raises EstitchupError when the file is no store, is damaged, or cannot be written.
    """

    def __init__(self, path: Path, limit: int | None = None) -> None:
        """Open or make the file; `limit` is the most bytes the vectors may occupy, None for as many as there are."""
        self._file: _File | None = _open_file(Path(path))
        self._limit = limit

    def get(
        self, encoder_key: str, texts: Sequence[str], dimension: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Look the texts up: vectors (N, D), zeros where unknown, and whether each was found (N,)."""
        vectors = np.empty((len(texts), dimension), np.float32)
        found, blocks = self._opened().read(digests(encoder_key, texts), vectors)
        if self._limit is not None and len(blocks):
            self._opened().note_use(blocks, self._limit)
        if not found.all():
            vectors[~found] = 0.0
        return vectors, found

    def put(self, encoder_key: str, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keep the vectors (N, D) of the texts; up to 8,192 are kept all or, if interrupted, none."""
        if len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} texts but {len(vectors)} vectors")
        for start in range(0, len(texts), _ROWS_IN_BLOCK):
            part = slice(start, start + _ROWS_IN_BLOCK)
            self._opened().append(digests(encoder_key, texts[part]), np.ascontiguousarray(vectors[part], np.float32))
        self.trim()

    def trim(self) -> int:
        """Let the blocks that were used longest ago leave until the rest is within the limit; return how many left.

        None leaves while another process has the store open: its running job may count on what it has found. The next
        to write then trims.
        """
        return 0 if self._limit is None else self._opened().trim(self._limit)

    def __len__(self) -> int:
        """Return the number of vectors."""
        return self._opened().count()

    def size_in_bytes(self) -> int:
        """Return what the vectors occupy; the file keeps pages that were freed, to use them again."""
        return self._opened().used_bytes()

    def clear(self) -> None:
        """Forget every vector, of all encoders."""
        self._opened().erase()

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        self._file = None

    def _opened(self) -> "_File":
        if self._file is None:
            raise ValueError("this store is closed")
        return self._file

    def __enter__(self) -> "VectorStore":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def digests(encoder_key: str, texts: Iterable[str]) -> NDArray[np.uint64]:
    """Return the store's keys (N, 2), 16 bytes for each text under this encoder."""
    person = blake2b(encoder_key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    begun = blake2b(digest_size=_DIGEST, person=person).copy  # a copy takes two thirds of a new one's time
    keys = []
    for text in texts:
        digest = begun()
        digest.update(text.encode("utf-8", "surrogatepass"))
        keys.append(digest.digest())
    return np.frombuffer(b"".join(keys), np.uint64).reshape(-1, 2)


class _File:
    """One LMDB file, opened once in this process.

    A block's key is the number of the transaction that wrote it: it grows from write to write and never comes again,
    so that the last key and the number of blocks tell whether another process has added or erased any. It is the clock
    of use, too: a block was used when it was written, or when `blocks.py` says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # A map may be resized only while this process has no transaction; and the index is one for all threads.
        self._alone = threading.Lock()
        self._index, self._blocks, self._last = Index.empty(), 0, 0
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without metasync a power cut may lose the last commit, never the file.
        self._environment = lmdb.open(str(path), subdir=False, map_size=_FIRST_MAP, metasync=False)
        self._environment.reader_check()  # forget readers that were killed
        self._check_length()
        self._presence = Presence(path)
        finalize(self, self._presence.leave)

    def _check_length(self) -> None:
        # Reading beyond the end of a file cut short would kill the process, not raise.
        information, page = self._environment.info(), self._environment.stat()["psize"]
        if information["last_txnid"] and self._path.stat().st_size < (information["last_pgno"] + 1) * page:
            raise lmdb.CorruptedError("the file has been cut short")

    def read(
        self, keys: NDArray[np.uint64], vectors: NDArray[np.float32]
    ) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Fill in the vectors (N, D) whose keys (N, 2) are there; return which are (N,), and the blocks they are in."""

        def fill(transaction: "Transaction") -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
            self._refresh(transaction)
            locations, known = self._index.find(keys)
            wanted = np.flatnonzero(known)
            wanted = wanted[np.argsort(locations[wanted])]
            blocks, rows = split_location(locations[wanted])
            starts = np.flatnonzero(np.diff(blocks, prepend=-1))
            for start, stop in pairwise([*starts.tolist(), len(wanted)]):
                stored = _vectors(transaction, int(blocks[start]), vectors.shape[1])
                vectors[wanted[start:stop]] = stored[rows[start:stop]]
            return known, blocks[starts]

        return self._transact(fill)

    def note_use(self, blocks: NDArray[np.intp], limit: int) -> None:
        """Remember that blocks were used, once the file is half full and others have been written since."""

        def is_stale(transaction: "Transaction") -> bool:
            if _used_bytes(transaction) <= limit // 2:
                return False
            uses = read_uses(transaction)
            return any(uses.get(block, block) < self._last for block in blocks.tolist())

        if self._transact(is_stale):
            self._transact(lambda transaction: add_uses(transaction, blocks.tolist()), write=True)

    def trim(self, limit: int) -> int:
        """Delete blocks, the longest unused first, until they take nine tenths of the limit; return how many."""
        if self.used_bytes() <= limit or not self._presence.alone():
            return 0

        def delete(transaction: "Transaction") -> int:
            count = 0
            for number in numbers_by_use(transaction)[:-1]:  # what has just been written or used stays
                if _used_bytes(transaction) <= 0.9 * limit:
                    break
                transaction.delete(block_name(number))
                count += 1
            return count

        return self._transact(delete, write=True)

    def append(self, keys: NDArray[np.uint64], vectors: NDArray[np.float32]) -> None:
        """Write one block."""
        block = b"".join([len(keys).to_bytes(_DIGEST, "little"), keys.tobytes(), vectors.tobytes()])
        self._transact(
            lambda transaction: transaction.put(block_name(transaction.id()), block, append=True), write=True
        )

    def erase(self) -> None:
        """Delete every block."""
        database = self._environment.open_db()
        self._transact(lambda transaction: transaction.drop(database, delete=False), write=True)

    def count(self) -> int:
        """Return the number of distinct keys."""
        self._transact(self._refresh)
        return len(self._index)

    def used_bytes(self) -> int:
        """Return the size of all pages in use."""
        return self._transact(_used_bytes)

    def _refresh(self, transaction: "Transaction") -> None:
        """Bring the index to what this transaction sees."""
        new = blocks_after(transaction, self._last)
        if self._blocks + len(new) != count_blocks(transaction):  # some have left
            self._index, self._blocks, self._last = Index.empty(), 0, 0
            new = blocks_after(transaction, 0)
        if new:
            self._index = self._index.extended([(number, _keys(block)) for number, block in new])
            self._blocks, self._last = self._blocks + len(new), new[-1][0]

    def _transact(self, work: "Callable[[Transaction], T]", write: bool = False) -> T:
        """Do the work in one transaction, again after the map has grown here or in another process."""
        with self._alone:
            while True:
                try:
                    with self._environment.begin(write=write, buffers=True) as transaction:
                        return work(transaction)
                except lmdb.MapFullError:
                    self._environment.set_mapsize(2 * self._environment.info()["map_size"])
                except lmdb.MapResizedError:
                    self._environment.set_mapsize(0)  # take over the size the other process chose
                except (lmdb.Error, ValueError) as error:
                    raise _sentence(self._path, error) from error


def _used_bytes(transaction: "Transaction") -> int:
    stat = transaction.stat()
    return stat["psize"] * (stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"])


def _keys(block: memoryview) -> NDArray[np.uint64]:
    """Return the keys (N, 2) of a block: a count in 16 bytes, N keys, N vectors."""
    count = int.from_bytes(block[:_DIGEST], "little")
    return np.frombuffer(block, np.uint64, 2 * count, _DIGEST).reshape(-1, 2)


def _vectors(transaction: "Transaction", number: int, dimension: int) -> NDArray[np.float32]:
    """Return the vectors (N, D) of a block without copying; they are gone when the transaction ends."""
    block = transaction.get(block_name(number), b"")
    keys = _keys(memoryview(block))
    vectors = np.frombuffer(block, np.float32, offset=_DIGEST + keys.nbytes).reshape(len(keys), -1)
    if vectors.shape[1] != dimension:
        raise ValueError(f"its vectors have {vectors.shape[1]} numbers where {dimension} were asked for")
    return vectors


# LMDB forbids a process to open a file twice: its locks belong to the process, and the first to close would drop them.
_open_files: "WeakValueDictionary[Path, _File]" = WeakValueDictionary()
_opening = threading.Lock()


def _open_file(path: Path) -> _File:
    """Open the file, or share it with whoever has it open in this process."""
    with _opening:
        try:
            place = path.resolve()
            file = _open_files.get(place) or _File(place)
        except (lmdb.Error, OSError) as error:
            raise _sentence(path, error) from error
        _open_files[place] = file
        return file


def _sentence(path: Path, error: Exception) -> EstitchupError:
    return EstitchupError(
        f"The store of vectors {str(path)!r} cannot be used ({error}): check that there is room and permission to "
        "write, or delete the file to compute the vectors anew."
    )
