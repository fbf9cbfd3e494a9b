"""Near duplicates and neighbours by cosine, block by block: memory does not grow with the number of pairs.

A text is compared with those before it, the most protected roles first, and only its most similar one is kept. So
100,000 texts that all resemble each other take no more memory than 100,000 that do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from estitchup.progress import Listener, Meter

BLOCK_ROWS = 2048  # 16 MB of cosines at once
_CELLS_AT_ONCE = BLOCK_ROWS**2  # of any product

Vectors = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each row its most similar earlier row, −1 where none reaches the threshold, and the cosine, each (N,)."""

    rows: Places
    cosines: NDArray[np.float32]

    @property
    def found(self) -> Places:
        """Return the rows that have one."""
        return np.flatnonzero(self.rows >= 0)


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors (N, D) at length 1; zeros, which stand for no vector, stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors, dtype=np.float32), where=lengths > 0)
    return units


def near_duplicates(
    units: Vectors, ranks: Places, threshold: float, listener: Listener | None = None
) -> tuple[Nearest, Nearest]:
    """Return each row's nearest row of a lower rank, and its nearest earlier row of the same rank.

    `units` (N, D) have length 1 or 0, `ranks` (N,) are whole numbers. Only cosines ≥ `threshold` (> 0) count. It takes
    N² D / 2 multiplications and memory for two blocks.
    """
    order = np.argsort(ranks, kind="stable")
    sorted_units, sorted_ranks = units[order], ranks[order]
    across, within = _Best(len(units), threshold), _Best(len(units), threshold)
    blocks = list(_blocks(sorted_ranks))
    meter = Meter("Comparing", len(blocks) * (len(blocks) + 1) // 2, "blocks", listener)
    for place, rows in enumerate(blocks):
        for columns in blocks[: place + 1]:
            cosines = sorted_units[rows] @ sorted_units[columns].T
            if columns == rows:
                cosines[np.triu_indices(len(cosines))] = -1
            best = within if sorted_ranks[rows.start] == sorted_ranks[columns.start] else across
            best.take(cosines, rows.start, columns.start)
            meter.advance(1)
    return across.in_order(order), within.in_order(order)


def _blocks(ranks: Places) -> Iterator[slice]:
    """Yield slices of at most `BLOCK_ROWS` rows of one rank each."""
    edges = [0, *(np.flatnonzero(np.diff(ranks)) + 1).tolist(), len(ranks)]
    for start, stop in pairwise(edges):
        for first in range(start, stop, BLOCK_ROWS):
            yield slice(first, min(first + BLOCK_ROWS, stop))


class _Best:
    """The best seen so far of each row, in sorted places."""

    def __init__(self, count: int, threshold: float) -> None:
        self._places = np.full(count, -1, dtype=np.int64)
        self._cosines = np.full(count, np.nextafter(np.float32(threshold), np.float32(-1)), dtype=np.float32)

    def take(self, cosines: NDArray[np.float32], first_row: int, first_column: int) -> None:
        """Take over the rows whose highest cosine in the block beats what they have; a tie keeps the earlier."""
        highest = cosines.max(axis=1)
        better = np.flatnonzero(highest > self._cosines[first_row : first_row + len(cosines)])
        if len(better):
            self._places[first_row + better] = first_column + cosines[better].argmax(axis=1)
            self._cosines[first_row + better] = highest[better]

    def in_order(self, order: Places) -> Nearest:
        """Return what was found in the order of the original rows."""
        rows, cosines = np.empty_like(self._places), np.empty_like(self._cosines)
        rows[order] = np.where(self._places >= 0, order[self._places], -1)
        cosines[order] = np.where(self._places >= 0, self._cosines, np.nan)
        return Nearest(rows, cosines)


def suspected_labels(
    units: Vectors, targets: Places, reference: Places, neighbours: int = 10, agreeing: int = 8
) -> tuple[Places, Places]:
    """Return rows whose nearest neighbours nearly all have one other label, and that label, each (M,).

    A row (`targets` ≥ 0) is suspected when at least `agreeing` of its `neighbours` nearest of the `reference` rows,
    without itself, have one other target and at most one has its own. Only rows nearer to another class's mean than to
    their own, without themselves, are looked up, which spares nine in ten; classes of fewer than `neighbours` / 2
    reference rows are not judged.
    """
    sums = np.zeros((int(targets.max(initial=-1)) + 1, units.shape[1]), np.float32)
    np.add.at(sums, targets[reference], units[reference])
    sizes = np.bincount(targets[reference], minlength=len(sums))
    judged = np.flatnonzero((targets >= 0) & (sizes[np.maximum(targets, 0)] >= neighbours / 2) & units.any(axis=1))
    if len(reference) <= neighbours or len(sums) < 2:
        return judged[:0], judged[:0]
    is_reference = np.zeros(len(units), bool)
    is_reference[reference] = True
    doubtful = _nearer_to_another(units, targets, judged, is_reference, sums)
    suspects, likely, voters = [], [], units[reference]
    at_once = max(1, _CELLS_AT_ONCE // len(reference))
    for start in range(0, len(doubtful), at_once):
        rows = doubtful[start : start + at_once]
        nearest = reference[_nearest(units[rows] @ voters.T, rows[:, None] == reference, neighbours)]
        votes = np.zeros((len(rows), len(sums)), dtype=np.int64)
        np.add.at(votes, (np.arange(len(rows))[:, None], targets[nearest]), 1)
        own = votes[np.arange(len(rows)), targets[rows]]
        votes[np.arange(len(rows)), targets[rows]] = 0
        chosen = (votes.max(axis=1) >= agreeing) & (own <= 1)
        suspects.append(rows[chosen])
        likely.append(votes.argmax(axis=1)[chosen])
    return np.concatenate([judged[:0], *suspects]), np.concatenate([judged[:0], *likely])


def _nearer_to_another(
    units: Vectors, targets: Places, judged: Places, is_reference: NDArray[np.bool_], sums: Vectors
) -> Places:
    """Return the judged rows whose own class's mean, without themselves, is not the nearest."""
    means, chosen = unit(sums), []
    for start in range(0, len(judged), BLOCK_ROWS):
        rows = judged[start : start + BLOCK_ROWS]
        own_units, own = units[rows], targets[rows]
        cosines = own_units @ means.T
        others = unit(sums[own] - own_units * is_reference[rows, None])
        mine = np.einsum("nd,nd->n", own_units, others)
        cosines[np.arange(len(rows)), own] = -1
        chosen.append(rows[cosines.max(axis=1) > mine])
    return np.concatenate([judged[:0], *chosen])


def _nearest(cosines: NDArray[np.float32], itself: NDArray[np.bool_], count: int) -> Places:
    """Return the columns of the `count` highest cosines of each row (B, N), without the row itself: (B, count)."""
    cosines[itself] = -2
    return np.argpartition(cosines, -count, axis=1)[:, -count:]
