"""Embeddings that were computed elsewhere: a column of lists in the table, or an NPY or NPZ file with a row for each.

Array files are read by their documented header and never unpickled. What no classifier can be trained on, such as NaN
or rows of different length, is refused with its row.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.lib import format as npy
from numpy.typing import NDArray

from estitchup.corpus.reading import OpenTable
from estitchup.corpus.reading.archive import zip_members
from estitchup.corpus.reading.source import Source, source_of
from estitchup.corpus.reading.table import gather
from estitchup.corpus.spec import is_array_file
from estitchup.corpus.wording import counted, quoted
from estitchup.errors import EstitchupError

MOST_DIMENSIONS = 65_536
_KINDS = "fiu"  # NumPy's floats, whole numbers and whole numbers from 0


def read_vectors(table: OpenTable, said: str, rows: int) -> NDArray[np.float32]:
    """Return the vectors (N, D) of the table's N rows, from its column or from the file that is `said`.

    Raises EstitchupError where they are not N finite vectors of one dimension that differ from each other.
    """
    vectors = _from_file(Path(said), rows) if is_array_file(said) else _from_column(table, said)
    where = f"{said!r}" if is_array_file(said) else f"column {quoted(said)}"
    if len(vectors) != rows:
        raise EstitchupError(
            f"{table.name} has {counted(rows, 'row')} and {where} {counted(len(vectors), 'vector')}: give one for each."
        )
    return checked(vectors, where)


def checked(vectors: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    """Return the vectors; raises EstitchupError for NaN, infinity, too many dimensions, or all of them alike."""
    if not 1 <= vectors.shape[1] <= MOST_DIMENSIONS:
        raise EstitchupError(
            f"The vectors in {where} have {counted(vectors.shape[1], 'dimension')}: give 1 to {MOST_DIMENSIONS:,}."
        )
    if not (finite := np.isfinite(vectors).all(axis=1)).all():
        row = int(np.flatnonzero(~finite)[0]) + 1
        raise EstitchupError(
            f"{counted(int((~finite).sum()), 'vector')} in {where}, first that of row {row:,}, with NaN or infinity: "
            "compute them again, or drop these rows."
        )
    if len(vectors) > 1 and (vectors == vectors[0]).all():
        raise EstitchupError(f"All vectors in {where} are the same: compute them again.")
    return vectors


def _from_column(table: OpenTable, column: str) -> NDArray[np.float32]:
    table.place(column)
    if column in table.vectors:
        blocks = list(_blocks(table.vectors[column](), column))
    else:
        blocks = list(_parsed(gather(table, [column])[column], column))
    widths = {block.shape[1] for block in blocks}
    if len(widths) > 1:
        shown = " and ".join(str(width) for width in sorted(widths)[:2])
        raise EstitchupError(
            f"The vectors in column {quoted(column)} have {shown} dimensions: give vectors of one length."
        )
    return np.concatenate(blocks) if blocks else np.zeros((0, 0), np.float32)


def _blocks(arrays: Iterator[pa.Array], column: str) -> Iterator[NDArray[np.float32]]:
    row = 0
    for array in arrays:
        if not len(array):
            continue
        lengths = array.value_lengths().to_numpy(zero_copy_only=False)
        if array.null_count or array.flatten().null_count:
            raise EstitchupError(
                f"A vector in column {quoted(column)} is missing, in row {row + 1:,} or below: give each one."
            )
        if (other := lengths != lengths[0]).any():
            at = int(np.flatnonzero(other)[0])
            raise _uneven(column, row + at + 1, int(lengths[at]), int(lengths[0]))
        yield _single(array.flatten().to_numpy(zero_copy_only=False)).reshape(len(array), -1)
        row += len(array)


def _parsed(cells: Any, column: str) -> Iterator[NDArray[np.float32]]:
    """Return the vectors that cells such as "[0.1, -2e-3]" spell."""
    first = -1
    for row, cell in enumerate(cells, start=1):
        inside = cell.strip().removeprefix("[").removesuffix("]").replace(",", " ")
        try:
            vector = np.array(inside.split(), dtype=np.float64)
        except ValueError:
            vector = np.zeros(0)
        if not len(vector):
            raise EstitchupError(
                f"Row {row:,} of column {quoted(column)} is no list of numbers such as [0.1, 0.2]: mend it."
            )
        first = len(vector) if first < 0 else first
        if len(vector) != first:
            raise _uneven(column, row, len(vector), first)
        yield _single(vector)[None, :]


def _uneven(column: str, row: int, length: int, first: int) -> EstitchupError:
    return EstitchupError(
        f"The vector in row {row:,} of column {quoted(column)} has {counted(length, 'dimension')} where the first has "
        f"{first:,}: give vectors of one length."
    )


def _single(numbers: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(numbers, dtype=np.float32)


def _from_file(path: Path, rows: int) -> NDArray[np.float32]:
    source = source_of(path)
    if source.start(4).startswith(b"PK"):
        return _from_archive(source, rows)
    return _array(source)


def _from_archive(source: Source, rows: int) -> NDArray[np.float32]:
    """Return the one array of an NPZ that has a row for each row of the table."""
    members = [member.source for member in zip_members(source) if member.ending == ".npy"]
    fitting = [member for member in members if _shape(member) and _shape(member)[0] == rows]
    if len(members) == 1 or len(fitting) == 1:
        return _array((fitting or members)[0])
    raise EstitchupError(
        f"{source.name} holds {counted(len(fitting), 'array')} with {counted(rows, 'row')}: keep the one that counts."
    )


def _shape(source: Source) -> tuple[int, ...]:
    with source.open() as stream:
        return _header(stream, source.name)[0]


def _header(stream: Any, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        major, _ = npy.read_magic(stream)
        return npy.read_array_header_1_0(stream) if major == 1 else npy.read_array_header_2_0(stream)
    except EstitchupError:
        raise
    except (ValueError, OSError, TypeError, SyntaxError, RecursionError, MemoryError, OverflowError):
        raise EstitchupError(f"{name} is no whole NPY file: save the array with numpy.save.") from None


def _array(source: Source) -> NDArray[np.float32]:
    with source.open() as stream:
        shape, by_column, kind = _header(stream, source.name)
        if kind.hasobject or kind.kind not in _KINDS or len(shape) != 2:
            raise EstitchupError(
                f"{source.name} holds {kind} in {counted(len(shape), 'dimension')}: save numbers, rows by dimensions."
            )
        content = stream.read()
    if len(content) != kind.itemsize * shape[0] * shape[1]:
        raise EstitchupError(
            f"{source.name} does not hold the {shape[0]:,} × {shape[1]:,} numbers it says: save it again."
        )
    array = np.frombuffer(content, kind).reshape(shape, order="F" if by_column else "C")
    return np.ascontiguousarray(_single(array))
