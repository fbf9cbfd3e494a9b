"""Embed texts, computing only what is not in the store yet.

The encoder may be a mere description (`EncoderSource`): its model, and PyTorch with it, is loaded when a text is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from estitchup.encoding.encoder import DeviceFull, Encoder
from estitchup.encoding.source import EncoderSource
from estitchup.encoding.store import VectorStore
from estitchup.progress import Cancel, Listener, Progress

_TEXTS_IN_A_WRITE = 512  # about a second of work on a CPU, which is all a killed process loses


def embed(
    texts: Sequence[str],
    encoder: Encoder | EncoderSource,
    store: VectorStore | None,
    listener: Listener | None = None,
    cancel: Cancel | None = None,
    device: str | None = None,
) -> NDArray[np.float32]:
    """Return the vectors (N, D) of the texts, in their order.

    Equal texts are computed once, known ones not at all, and new ones are kept in the store as they come, also when
    Cancelled is raised. Progress is in texts; what is known or repeated counts as done at once. `device` is where a
    mere description loads its model.
    """
    first_rows, rows = _distinct(texts)
    distinct = [texts[row] for row in first_rows]
    vectors, found = _look_up(distinct, encoder, store)
    if isinstance(encoder, EncoderSource) and not found.all():
        encoder = encoder.load(device)
        if encoder.key != encoder.source.key:  # a GPU's vectors, which only who has one may take from the store
            vectors, found = _look_up(distinct, encoder, store)
    missing = np.flatnonzero(~found)
    counting = _counting_from(len(texts) - len(missing), len(texts), listener)
    if counting is not None:
        counting(Progress("Embedding", 0, len(missing), "texts"))
    if len(missing) and isinstance(encoder, Encoder):
        vectors[missing] = _compute([distinct[row] for row in missing], encoder, store, counting, cancel)
    return vectors[rows]


def _distinct(texts: Sequence[str]) -> tuple[list[int], NDArray[np.intp]]:
    """Return the first row of each distinct text, and for each text its place among the distinct ones (N,)."""
    places: dict[str, int] = {}
    rows = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.intp, len(texts))
    return np.unique(rows, return_index=True)[1].tolist(), rows


def _look_up(
    texts: list[str], encoder: Encoder | EncoderSource, store: VectorStore | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Look the texts up under the encoder's own key; float32 vectors serve an encoder of less precision, too."""
    if store is None:
        return np.zeros((len(texts), encoder.dimension), np.float32), np.zeros(len(texts), np.bool_)
    source = encoder if isinstance(encoder, EncoderSource) else encoder.source
    vectors, found = store.get(source.key, texts, encoder.dimension)
    missing = np.flatnonzero(~found)
    if encoder.key != source.key and len(missing):
        vectors[missing], found[missing] = store.get(encoder.key, [texts[row] for row in missing], encoder.dimension)
    return vectors, found


def _compute(
    texts: list[str], encoder: Encoder, store: VectorStore | None, listener: Listener | None, cancel: Cancel | None
) -> NDArray[np.float32]:
    """Encode the texts, on a CPU what a GPU has no memory for, and keep each vector, also when stopped."""
    vectors = np.empty((len(texts), encoder.dimension), np.float32)
    done = np.zeros(len(texts), np.bool_)
    try:
        _encode(texts, encoder, _Keeping(texts, encoder.key, store, vectors, done), listener, cancel)
    except DeviceFull:
        encoder = encoder.source.load("cpu")
        rest = np.flatnonzero(~done)
        left = [texts[row] for row in rest]
        said = _saying("Embedding on the CPU, because the GPU has no memory left", listener)
        vectors[rest] = _compute(left, encoder, store, _counting_from(int(done.sum()), len(texts), said), cancel)
    return vectors


def _encode(
    texts: list[str], encoder: Encoder, keeping: "_Keeping", listener: Listener | None, cancel: Cancel | None
) -> None:
    try:
        encoder.encode(texts, listener, cancel, keeping)
    finally:
        keeping.flush()


@dataclass
class _Keeping:
    """Take vectors as they come, and write them into the store some hundreds at a time."""

    texts: list[str]
    key: str
    store: VectorStore | None
    vectors: NDArray[np.float32]
    done: NDArray[np.bool_]
    waiting: list[int] = field(default_factory=list)

    def __call__(self, rows: list[int], vectors: NDArray[np.float32]) -> None:
        self.vectors[rows], self.done[rows] = vectors, True
        self.waiting += rows
        if len(self.waiting) >= _TEXTS_IN_A_WRITE:
            self.flush()

    def flush(self) -> None:
        if self.store is not None and self.waiting:
            self.store.put(self.key, [self.texts[row] for row in self.waiting], self.vectors[self.waiting])
        self.waiting.clear()


def _saying(stage: str, listener: Listener | None) -> Listener | None:
    return None if listener is None else lambda progress: listener(replace(progress, stage=stage))


def _counting_from(done: int, total: int, listener: Listener | None) -> Listener | None:
    """Have the listener count on from what is done, at the rate of the rest."""
    if listener is None:
        return None
    return lambda progress: listener(replace(progress, done=done + progress.done, total=total))
