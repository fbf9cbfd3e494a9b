"""Keep vectors that were computed once, whoever computes them and however it ends.

An LMDB file holds blocks, one a write: digests of (encoder, text) and their float32 vectors; an index of the digests is
kept in memory. A process killed while writing leaves the last commit intact, and writers queue up. One key a vector, in
LMDB or SQLite, took twice the time or more, and in LMDB twice the disk (benchmarks/store.py). When the blocks outgrow a
limit, those that were used longest ago leave.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from estitchup.encoding.block_file import DIGEST, BlockFile, open_blocks

_ROWS_IN_BLOCK = 4096  # in a block; reading one row touches its whole block, small blocks are many


class VectorStore:
    """Look up and keep vectors in one file, together with other threads and processes.

    Every method raises EstitchupError when the file is no store, is damaged, or cannot be written.
    """

    def __init__(self, path: Path, limit: int | None = None) -> None:
        """Open or make the file; `limit` is the most bytes the vectors may occupy, None for as many as there are."""
        self._file: BlockFile | None = open_blocks(Path(path))
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

    def _opened(self) -> BlockFile:
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
    begun = blake2b(digest_size=DIGEST, person=person).copy  # a copy takes two thirds of a new one's time
    keys = []
    for text in texts:
        digest = begun()
        digest.update(text.encode("utf-8", "surrogatepass"))
        keys.append(digest.digest())
    return np.frombuffer(b"".join(keys), np.uint64).reshape(-1, 2)
