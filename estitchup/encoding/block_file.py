"""One LMDB file of blocks, each a write's digests and vectors, with an index of the digests in memory.

A block's key is the number of the transaction that wrote it: it grows from write to write and never comes again, so
that the last key and the number of blocks tell whether another process has added or erased any.
"""

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary, finalize

import lmdb
import numpy as np
from numpy.typing import NDArray

from estitchup.encoding.blocks import (
    add_uses,
    block_name,
    blocks_after,
    count_blocks,
    delete_longest_unused,
    used_bytes,
    uses_passed_by,
)
from estitchup.encoding.index import Index, split_location
from estitchup.encoding.presence import Presence
from estitchup.errors import EstitchupError

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

T = TypeVar("T")

DIGEST = 16  # bytes
_FIRST_MAP = 1 << 28  # bytes; a map doubles when it is full, because Windows allots the whole of it on disk


class BlockFile:
    """A file of blocks, opened once in this process by `open_blocks`.

    Every method raises EstitchupError when the file is damaged or cannot be written.
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
            wanted = wanted[np.argsort(locations[wanted])]  # in the order of the file
            blocks, rows = split_location(locations[wanted])
            starts = np.flatnonzero(np.diff(blocks, prepend=-1))
            for start, stop in pairwise([*starts.tolist(), len(wanted)]):
                stored = _vectors(transaction, int(blocks[start]), vectors.shape[1])
                vectors[wanted[start:stop]] = stored[rows[start:stop]]
            return known, blocks[starts]

        return self._transact(fill)

    def append(self, keys: NDArray[np.uint64], vectors: NDArray[np.float32]) -> None:
        """Write one block of keys (N, 2) and vectors (N, D)."""
        block = b"".join([len(keys).to_bytes(DIGEST, "little"), keys.tobytes(), vectors.tobytes()])
        self._transact(
            lambda transaction: transaction.put(block_name(transaction.id()), block, append=True), write=True
        )

    def note_use(self, blocks: NDArray[np.intp], limit: int) -> None:
        """Remember that blocks were used, once the file is half full and others have been written since."""
        numbers = blocks.tolist()
        if self._transact(lambda transaction: uses_passed_by(transaction, numbers, self._last, limit)):
            self._transact(lambda transaction: add_uses(transaction, numbers), write=True)

    def trim(self, limit: int) -> int:
        """Delete blocks, the longest unused first, until they take nine tenths of the limit; return how many."""
        if self.used_bytes() <= limit or not self._presence.alone():
            return 0
        return self._transact(lambda transaction: delete_longest_unused(transaction, 0.9 * limit), write=True)

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
        return self._transact(used_bytes)

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


def _keys(block: memoryview) -> NDArray[np.uint64]:
    """Return the keys (N, 2) of a block: a count in 16 bytes, N keys, N vectors."""
    count = int.from_bytes(block[:DIGEST], "little")
    return np.frombuffer(block, np.uint64, 2 * count, DIGEST).reshape(-1, 2)


def _vectors(transaction: "Transaction", number: int, dimension: int) -> NDArray[np.float32]:
    """Return the vectors (N, D) of a block without copying; they are gone when the transaction ends."""
    block = transaction.get(block_name(number), b"")
    keys = _keys(memoryview(block))
    vectors = np.frombuffer(block, np.float32, offset=DIGEST + keys.nbytes).reshape(len(keys), -1)
    if vectors.shape[1] != dimension:
        raise ValueError(f"its vectors have {vectors.shape[1]} numbers where {dimension} were asked for")
    return vectors


# LMDB forbids a process to open a file twice: its locks belong to the process, and the first to close would drop them.
_open_files: "WeakValueDictionary[Path, BlockFile]" = WeakValueDictionary()
_opening = threading.Lock()


def open_blocks(path: Path) -> BlockFile:
    """Open or make the file, or share it with whoever has it open in this process; raises EstitchupError."""
    with _opening:
        try:
            place = path.resolve()
            file = _open_files.get(place) or BlockFile(place)
        except (lmdb.Error, OSError) as error:
            raise _sentence(path, error) from error
        _open_files[place] = file
        return file


def _sentence(path: Path, error: Exception) -> EstitchupError:
    return EstitchupError(
        f"The store of vectors {str(path)!r} cannot be used ({error}): check that there is room and permission to "
        "write, or delete the file to compute the vectors anew."
    )
