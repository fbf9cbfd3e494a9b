"""Embed texts, computing only what is not in the store yet.

The encoder may be a mere description (`EncoderSource`): its model, and PyTorch with it, is loaded when a text is new.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from estitchup.encoding.encoder import Encoder
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
    missing = np.flatnonzero(~found)
    listener = _counting_from(len(texts) - len(missing), len(texts), listener)
    if len(missing):
        vectors[missing] = _compute([distinct[row] for row in missing], encoder, store, listener, cancel, device)
    return vectors[rows]


def _distinct(texts: Sequence[str]) -> tuple[list[int], NDArray[np.intp]]:
    """Return the first row of each distinct text, and for each text its place among the distinct ones (N,)."""
    places: dict[str, int] = {}
    rows = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.intp, len(texts))
    return np.unique(rows, return_index=True)[1].tolist(), rows


def _look_up(
    texts: list[str], encoder: Encoder | EncoderSource, store: VectorStore | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    if store is None:
        return np.zeros((len(texts), encoder.dimension), np.float32), np.zeros(len(texts), np.bool_)
    return store.get(encoder.key, texts, encoder.dimension)


def _compute(
    texts: list[str],
    encoder: Encoder | EncoderSource,
    store: VectorStore | None,
    listener: Listener | None,
    cancel: Cancel | None,
    device: str | None,
) -> NDArray[np.float32]:
    """Encode the texts and keep each vector, whether or not the work comes to its end."""
    loaded = encoder.load(device) if isinstance(encoder, EncoderSource) else encoder
    if store is None:
        return loaded.encode(texts, listener, cancel)
    waiting: list[tuple[int, NDArray[np.float32]]] = []

    def flush() -> None:
        store.put(encoder.key, [texts[row] for row, _ in waiting], np.array([vector for _, vector in waiting]))
        waiting.clear()

    def keep(rows: list[int], vectors: NDArray[np.float32]) -> None:
        waiting.extend(zip(rows, vectors, strict=True))
        if len(waiting) >= _TEXTS_IN_A_WRITE:
            flush()

    try:
        return loaded.encode(texts, listener, cancel, keep)
    finally:
        if waiting:
            flush()


def _counting_from(done: int, total: int, listener: Listener | None) -> Listener | None:
    """Tell the listener at once what is done, and have it count the rest from there at the rate of the rest."""
    if listener is None:
        return None
    listener(Progress("Embedding", done, total, "texts"))
    return lambda progress: listener(replace(progress, done=done + progress.done, total=total))
