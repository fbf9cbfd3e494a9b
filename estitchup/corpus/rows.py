"""Turns tables as they came into rows with a text, a label and a role, and says what it dropped or moved.

`Rows` is the tables on their way to a corpus; each step returns new rows with its notes behind the earlier ones.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.files import Loaded
from estitchup.corpus.roles import SYNONYMS, Role, role_named
from estitchup.corpus.spec import CorpusSpec, FileSpec, Use
from estitchup.corpus.split import in_most_protected_role, normalised
from estitchup.corpus.wording import counted, listed, quoted
from estitchup.errors import EstitchupError

_PER_ROW = ("texts", "labels", "roles", "keys")
_ROLE_OF_USE = {
    Use.TRAIN: Role.TRAIN,
    Use.VALIDATION: Role.VALIDATION,
    Use.TEST: Role.TEST,
    Use.UNKNOWN: Role.TRAIN,  # from where unknown texts are drawn for validation and test
    Use.POOL: Role.POOL,
}


@dataclass(frozen=True, eq=False)
class Rows:
    """Texts, labels, roles and keys, one a row, each (N,), and vectors (N, D) where they are given.

    Rows with the same key are the same thing: their normalised text is, or their vector.
    `strangers` are the labels of files whose texts are all unknown; `notes` are sentences for the user.
    """

    texts: NDArray[np.object_]
    labels: NDArray[np.object_]
    roles: NDArray[np.str_]
    keys: NDArray[np.object_]
    vectors: NDArray[np.float32] | None = None
    strangers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def kept(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Return the chosen rows, (N,) of True and False, with the notes."""
        vectors = None if self.vectors is None else self.vectors[chosen]
        per_row = {name: getattr(self, name)[chosen] for name in _PER_ROW}
        return replace(self, vectors=vectors, **per_row)

    def noted(self, *notes: str) -> "Rows":
        """Return the rows with more notes."""
        return replace(self, notes=self.notes + notes)


def rows_of(loaded: Sequence[Loaded], spec: CorpusSpec) -> Rows:
    """Return the rows of all files that hold a text or a vector, each text in one role only.

    Labelled rows of the first file train where no split column says otherwise. Raises EstitchupError for a column that
    does not exist, no rows, vectors that do not fit each other, or a split value without a known meaning.
    """
    first = _first_rows(loaded[0], spec)
    taken = set(first.labels) - set(spec.unknown_labels)
    further = [_further_rows(one, spec.whole(file), taken) for one, file in zip(loaded[1:], spec.more, strict=True)]
    rows = _with_vector_keys(_with_content(_joined([first, *further]), spec))
    return _without_second_roles(_with_pool_noted(rows))


def _first_rows(loaded: Loaded, spec: CorpusSpec) -> Rows:
    table = loaded.table
    _check_columns(table, spec)
    labels = _labels(table, spec.first)
    return _rows(loaded, spec.text_column, labels, _roles(table, labels, spec), "")


def _further_rows(loaded: Loaded, file: FileSpec, taken: set[str]) -> Rows:
    """Return a further file's rows in the role of its use; an unknown file's label is none of the first file's."""
    strangers: tuple[str, ...] = ()
    name = PurePath(file.file).name
    if file.use is Use.UNKNOWN:
        label = file.label or PurePath(file.file).stem
        strangers = (f"{label} ({name})" if label in taken else label,)
        labels = np.full(len(loaded.table), strangers[0], dtype=object)
    else:
        _check_two(file, name)
        labels = _labels(loaded.table, file)
    roles = np.where((labels != "") | (file.use is Use.POOL), _ROLE_OF_USE[file.use], Role.POOL)
    return replace(_rows(loaded, file.text_column, labels, roles, f" of {name}"), strangers=strangers)


def _check_two(file: FileSpec, name: str) -> None:
    if file.use is not Use.POOL and file.label is None and file.text_column == file.label_column:
        column = quoted(file.text_column or "")
        raise EstitchupError(f"Column {column} of {name} cannot be both text and label: choose another for one.")


def _rows(
    loaded: Loaded, text_column: str | None, labels: NDArray[np.object_], roles: NDArray[np.str_], where: str
) -> Rows:
    """Return the rows of one file; a row with a vector and no text is called by its number."""
    table = loaded.table
    texts = np.full(len(table), "", dtype=object) if text_column is None else _cells(table, text_column)
    keys = np.array(normalised(texts), dtype=object)
    if loaded.vectors is not None:
        for row in np.flatnonzero(keys == ""):
            texts[row] = f"row {row + 1:,}{where}"
    return Rows(texts, labels, roles, keys, loaded.vectors)


def _with_vector_keys(rows: Rows) -> Rows:
    """Tell rows apart by their vector where they have one and no text that repeats: a file's name is no text."""
    if rows.vectors is None:
        return rows
    repeats = pd.Series(rows.keys).duplicated(keep=False).to_numpy() & (rows.keys != "")
    keys = rows.keys.copy()
    for row in np.flatnonzero(~repeats):
        keys[row] = "vector " + hashlib.blake2b(rows.vectors[row].tobytes(), digest_size=16).hexdigest()
    return replace(rows, keys=keys)


def _joined(parts: Sequence[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    dimensions = sorted({0 if part.vectors is None else part.vectors.shape[1] for part in parts})
    if len(dimensions) > 1:
        raise EstitchupError(
            f"The files' vectors have {' and '.join(map(str, dimensions))} dimensions: give all files vectors of one."
        )
    texts, labels, roles, keys = (np.concatenate([getattr(part, name) for part in parts]) for name in _PER_ROW)
    vectors = [part.vectors for part in parts if part.vectors is not None]
    strangers = tuple(dict.fromkeys(label for part in parts for label in part.strangers))
    return Rows(texts, labels, roles, keys, np.concatenate(vectors) if vectors else None, strangers)


def _check_columns(table: pd.DataFrame, spec: CorpusSpec) -> None:
    columns = [column for column in (spec.text_column, spec.label_column, spec.split_column) if column is not None]
    for column in columns:
        if list(table.columns).count(column) != 1:
            raise EstitchupError(
                f"There is no one column {quoted(column)}: choose among {listed(map(str, table.columns))}."
            )
        if columns.count(column) > 1:
            raise EstitchupError(
                f"Column {quoted(column)} cannot be two of text, label and split: choose another for one."
            )
    if table.empty:
        raise EstitchupError("The table has no rows: bring at least 10 labelled texts.")


def _cells(table: pd.DataFrame, column: str) -> NDArray[np.object_]:
    """Return a column as `str`; a missing cell is ""."""
    cells = table[column]
    if cells.dtype == "str":
        return np.asarray(cells.fillna("").to_numpy(dtype=object), dtype=object)
    return np.asarray(cells.astype(object).where(cells.notna(), "").map(str), dtype=object)


def _labels(table: pd.DataFrame, file: FileSpec) -> NDArray[np.object_]:
    """Return the labels without white space around, each distinct one once in memory; "" where there is none."""
    if file.label is not None:
        return np.full(len(table), file.label.strip(), dtype=object)
    if file.label_column is None or file.label_column not in table.columns:
        return np.full(len(table), "", dtype=object)
    codes, labels = pd.factorize(_cells(table, file.label_column))
    return np.asarray(np.array([label.strip() for label in labels], dtype=object)[codes], dtype=object)


def _roles(table: pd.DataFrame, labels: NDArray[np.object_], spec: CorpusSpec) -> NDArray[np.str_]:
    labelled = labels != ""
    if spec.split_column is None:
        return np.where(labelled, Role.TRAIN, Role.POOL)
    values = _cells(table, spec.split_column)
    meaning = {value: role_named(value) for value in set(values)}
    strange = sorted({value for value in values[labelled] if meaning[value] is None})
    if strange:
        accepted = ", ".join(word for words in SYNONYMS.values() for word in words)
        raise EstitchupError(
            f"Split column {quoted(spec.split_column)} holds {listed(strange)}, whose role is not known: "
            f"use {accepted}, or choose no split column."
        )
    return np.array([meaning[value] if label else Role.POOL for value, label in zip(values, labels, strict=True)])


def _with_content(rows: Rows, spec: CorpusSpec) -> Rows:
    """Drop rows without text, or, where vectors are given, those whose vector is all zeros, which stands for none."""
    full = np.asarray(rows.keys != "" if rows.vectors is None else rows.vectors.any(axis=1), dtype=np.bool_)
    what = "text" if rows.vectors is None else "a vector other than zeros"
    if not full.any():
        column = spec.text_column if rows.vectors is None else spec.vectors
        raise EstitchupError(
            f"Column {quoted(column or '')} holds no {what.removeprefix('a ')}: choose the column that does."
        )
    if full.all():
        return rows
    return rows.kept(full).noted(f"Dropped {counted(int((~full).sum()), 'row')} without {what}.")


def _with_pool_noted(rows: Rows) -> Rows:
    pool = rows.roles == Role.POOL
    if not pool.any():
        return rows
    unlabelled = int((rows.labels == "").sum())
    count = counted(int(pool.sum()), "row")
    without = "all" if unlabelled == pool.sum() else f"{unlabelled:,} of them"
    return rows.noted(f"Put {count} into the pool of texts to label, {without} without a label.")


def _without_second_roles(rows: Rows) -> Rows:
    keep = in_most_protected_role(rows.keys, rows.roles)
    if keep.all():
        return rows
    dropped = rows.roles[~keep]
    what = "text" if rows.vectors is None else "text or vector"
    parts = [f"{int((dropped == role).sum()):,} from {role}" for role in Role if (dropped == role).any()]
    return rows.kept(keep).noted(
        f"Dropped {counted(len(dropped), 'row')} whose {what} stands in another role, too: {', '.join(parts)} "
        "(test keeps it, else validation, else train)."
    )
