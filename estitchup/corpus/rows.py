"""Turns a table as it came into rows with a text, a label and a role, and says what it dropped or moved.

`Rows` is the table on its way to a corpus; each step returns new rows with its notes behind the earlier ones.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.roles import SYNONYMS, Role, role_named
from estitchup.corpus.spec import CorpusSpec
from estitchup.corpus.split import in_most_protected_role, normalised
from estitchup.corpus.wording import counted, listed
from estitchup.errors import EstitchupError


@dataclass(frozen=True, eq=False)
class Rows:
    """Texts, labels, roles and keys (normalised texts), one a row, each (N,); `notes` are sentences for the user."""

    texts: NDArray[np.object_]
    labels: NDArray[np.object_]
    roles: NDArray[np.str_]
    keys: NDArray[np.object_]
    notes: tuple[str, ...] = ()

    def kept(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Return the chosen rows, (N,) of True and False, with the notes."""
        return Rows(self.texts[chosen], self.labels[chosen], self.roles[chosen], self.keys[chosen], self.notes)

    def noted(self, *notes: str) -> "Rows":
        """Return the rows with more notes."""
        return replace(self, notes=self.notes + notes)


def rows_of(table: pd.DataFrame, spec: CorpusSpec) -> Rows:
    """Return the rows that hold text, each text in one role only; without a split column all labelled rows train.

    Raises EstitchupError for a column that does not exist, no rows, or a split value without a known meaning.
    """
    _check_columns(table, spec)
    texts, labels = _cells(table, spec.text_column), _stripped(_cells(table, spec.label_column))
    rows = Rows(texts, labels, _roles(table, labels, spec), np.array(normalised(texts), dtype=object))
    return _without_second_roles(_with_pool_noted(_with_text(rows, spec)))


def _check_columns(table: pd.DataFrame, spec: CorpusSpec) -> None:
    columns = [column for column in (spec.text_column, spec.label_column, spec.split_column) if column is not None]
    for column in columns:
        if list(table.columns).count(column) != 1:
            raise EstitchupError(f"There is no one column “{column}”: choose among {listed(map(str, table.columns))}.")
        if columns.count(column) > 1:
            raise EstitchupError(f"Column “{column}” cannot be two of text, label and split: choose another for one.")
    if table.empty:
        raise EstitchupError("The table has no rows: bring at least 10 labelled texts.")


def _cells(table: pd.DataFrame, column: str) -> NDArray[np.object_]:
    """Return a column as `str`; a missing cell is ""."""
    cells = table[column]
    return np.asarray(cells.astype(object).where(cells.notna(), "").map(str), dtype=object)


def _stripped(cells: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.array([cell.strip() for cell in cells], dtype=object)


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
            f"Split column “{spec.split_column}” holds {listed(strange)}, whose role is not known: "
            f"use {accepted}, or choose no split column."
        )
    return np.array([meaning[value] if label else Role.POOL for value, label in zip(values, labels, strict=True)])


def _with_text(rows: Rows, spec: CorpusSpec) -> Rows:
    full = rows.keys != ""
    if not full.any():
        raise EstitchupError(f"Column “{spec.text_column}” holds no text: choose the column that does.")
    if full.all():
        return rows
    return rows.kept(full).noted(f"Dropped {counted(int((~full).sum()), 'row')} without text.")


def _with_pool_noted(rows: Rows) -> Rows:
    pool = rows.roles == Role.POOL
    if not pool.any():
        return rows
    unlabelled = int((rows.labels == "").sum())
    count = counted(int(pool.sum()), "row")
    return rows.noted(f"Put {count} into the pool of texts to label, {unlabelled:,} of them without a label.")


def _without_second_roles(rows: Rows) -> Rows:
    keep = in_most_protected_role(rows.keys, rows.roles)
    if keep.all():
        return rows
    dropped = rows.roles[~keep]
    parts = [f"{int((dropped == role).sum()):,} from {role}" for role in Role if (dropped == role).any()]
    return rows.kept(keep).noted(
        f"Dropped {counted(len(dropped), 'row')} whose text also stands in a role that must not leak "
        f"(test before validation before train before pool): {', '.join(parts)}."
    )
