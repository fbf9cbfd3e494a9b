"""Reads Parquet, Arrow and Feather with pyarrow: columns of text as they are, everything else as text.

Class numbers become names where the file carries them, as data sets of Hugging Face do. Columns of lists of numbers
are embeddings. Arrow's own files are checked through and through, because their offsets come from outside.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from estitchup.corpus.reading.options import Found
from estitchup.corpus.reading.source import FREE_EXPANSION, MOST_EXPANSION, Source
from estitchup.corpus.reading.table import BATCH_ROWS, OpenTable, Places, distinct_names
from estitchup.errors import EstitchupError

_FAULTS = (pa.ArrowException, OSError, ValueError, TypeError, MemoryError, OverflowError, KeyError, RecursionError)
_TEXT = pa.large_string()


def open_parquet(source: Source) -> OpenTable:
    """Open a Parquet file; raises EstitchupError where it is damaged."""
    with _told(source):
        file = pq.ParquetFile(_input(source))
        schema = file.schema_arrow
        _check_size(source, file.metadata)

    def batches(columns: list[str]) -> Iterator[pa.RecordBatch]:
        opened = pq.ParquetFile(_input(source))
        yield from opened.iter_batches(BATCH_ROWS, columns=columns, use_threads=False)

    return _opened(source, "Parquet", schema, batches)


def open_arrow(source: Source, streamed: bool) -> OpenTable:
    """Open an Arrow file (also Feather), or an Arrow stream; raises EstitchupError where it is damaged."""
    with _told(source):
        schema = (pa.ipc.open_stream if streamed else pa.ipc.open_file)(_input(source)).schema

    def batches(columns: list[str]) -> Iterator[pa.RecordBatch]:
        if streamed:
            every: Iterator[pa.RecordBatch] = iter(pa.ipc.open_stream(_input(source)))
        else:
            file = pa.ipc.open_file(_input(source))
            every = (file.get_batch(place) for place in range(file.num_record_batches))
        for batch in every:
            batch.validate(full=True)
            yield batch.select(columns)

    return _opened(source, "Arrow", schema, batches)


@contextmanager
def _told(source: Source) -> Iterator[None]:
    """Say what pyarrow finds wrong in a sentence."""
    try:
        yield
    except EstitchupError:
        raise
    except _FAULTS as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise EstitchupError(f"{source.name} is damaged ({reason}): save it again.") from None


def _input(source: Source) -> Any:
    return pa.OSFile(str(source.path)) if source.path else pa.BufferReader(source.whole())


def _check_size(source: Source, metadata: Any) -> None:
    limit = max(4 * FREE_EXPANSION, MOST_EXPANSION * source.size)
    unpacked = sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))
    if unpacked > limit or unpacked < 0:
        raise EstitchupError(
            f"{source.name} says that it unpacks to {unpacked >> 20:,} MB, over {MOST_EXPANSION} times its size: "
            "save it again with fewer rows."
        )


def _opened(
    source: Source, kind: str, schema: pa.Schema, read: Callable[[list[str]], Iterator[pa.RecordBatch]]
) -> OpenTable:
    with _told(source):
        own = list(schema.names)  # decoded only now
    names = distinct_names(own, source.name)
    if len(set(own)) < len(names):
        raise EstitchupError(f"{source.name} has two columns of the same name: rename one.")
    classes = _class_names(schema)

    def batches(places: Places) -> Iterator[list[pa.Array]]:
        with _told(source):
            for batch in read([own[place] for place in places]):
                yield [_as_text(batch.column(at), classes.get(own[place])) for at, place in enumerate(places)]

    def vectors(column: str) -> Callable[[], Iterator[pa.Array]]:
        def arrays() -> Iterator[pa.Array]:
            with _told(source):
                yield from (batch.column(0) for batch in read([column]))

        return arrays

    listed = {
        name: vectors(column) for name, column in zip(names, own, strict=True) if _is_vector(schema.field(column).type)
    }
    return OpenTable(source.name, source.size, Found(kind), names, batches, listed)


def _is_vector(kind: pa.DataType) -> bool:
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)))


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names of classes by column, from what the `datasets` library writes beside a Parquet schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        kinds = {name: feature for name, feature in features.items() if feature.get("_type") == "ClassLabel"}
        return {name: [str(label) for label in feature["names"]] for name, feature in kinds.items()}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _as_text(array: pa.Array, names: list[str] | None) -> pa.Array:
    """Return a column as text without nulls: "1" for a whole number, ISO 8601 for a day, "768 numbers" for a vector."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if names and pa.types.is_integer(array.type):
        labels = [names[n] if n is not None and 0 <= n < len(names) else n for n in array.to_pylist()]
        return pa.array(["" if label is None else str(label) for label in labels], _TEXT)
    if _is_vector(array.type):
        lengths = pc.cast(pc.list_value_length(array), pa.string())
        return pc.fill_null(pc.binary_join_element_wise(lengths, "numbers", " ").cast(_TEXT), "")
    try:
        text = array.cast(_TEXT)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        text = pa.array([_told_value(value) for value in array.to_pylist()], _TEXT)
    return _whole_text(pc.fill_null(text, ""))


def _whole_text(text: pa.Array) -> pa.Array:
    """Return the text with “�” for bytes that are no UTF-8, which Parquet does not look for."""
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        cells = text.cast(pa.large_binary()).to_pylist()
        return pa.array([cell.decode("utf-8", errors="replace") for cell in cells], _TEXT)
    return text


def _told_value(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, list):
        return ", ".join(str(inner) for inner in value)
    return str(value)
