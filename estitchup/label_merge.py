"""Labels from elsewhere: a table that somebody filled in beside the app is merged into what stands in the catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from estitchup.corpus import guess_columns, guess_unknown_labels
from estitchup.errors import EstitchupError
from estitchup.label_store import LabelStore
from estitchup.labels import Choice, Kind, Outcome, text_keys
from estitchup.spreadsheet import as_cell, rearmed, rearmed_within


@dataclass(frozen=True)
class Merged:
    """What became of the rows of a table: `conflicts` are kept in the history, and what stood before stands.

    `corrected` labels took the place of the person's own.
    """

    added: int
    corrected: int
    agreed: int
    elsewhere: int
    contradictory: int
    conflicts: tuple[Outcome, ...]


def choice_of(text: str, label: str, seen: int) -> Choice:
    """Return what a label means: a class, or none of the classes where it is called so ("oos", "none of these")."""
    label = label.strip()
    if label.casefold() == Kind.NONE or guess_unknown_labels([label]):
        return Choice(text, Kind.NONE, "", seen)
    return Choice(text, Kind.LABEL, label, seen)


def keys_of(cells: Sequence[str], pool: Mapping[str, str]) -> list[str]:
    """Return the key of the text of a pool that each cell holds, the cell's own where it holds none.

    Cells are read as `as_csv` writes them or as they are, whichever finds more texts first, then as cut by a workbook.
    """
    readings = [text_keys(map(rearmed, cells)), text_keys(cells)]
    readings.sort(key=lambda keys: len(pool.keys() & set(keys)), reverse=True)
    whole = _by_cell(pool)
    readings.append([whole.get(key, key) for key in text_keys(cells)])
    return [next((key for key in keys if key in pool), keys[0]) for keys in zip(*readings, strict=True)]


def _by_cell(pool: Mapping[str, str]) -> dict[str, str]:
    """Return the key of each text by the key of what a workbook holds of it, where no other text leaves the same."""
    found: dict[str, list[str]] = {}
    for key, held in zip(pool, text_keys(map(as_cell, pool.values())), strict=True):
        found.setdefault(held, []).append(key)
    return {held: keys[0] for held, keys in found.items() if len(keys) == 1}


def merge(store: LabelStore, scope: str, table: pd.DataFrame, pool: Mapping[str, str], who: str, source: str) -> Merged:
    """Merge a table's labels for the texts of a pool, given by key; raises EstitchupError without text and label.

    Rows without a label are passed over, texts with two labels in the table are left alone, and so are texts outside
    the pool. Where another has decided otherwise, that stands, and the table's label is kept in the history.
    """
    guess = guess_columns(table)
    if guess.text is None or guess.label is None:
        raise EstitchupError(
            f"It is not clear which columns of {source!r} hold text and label: name them text and label."
        )
    labels = [rearmed_within(cell).strip() for cell in table[guess.label].astype(str)]
    given: dict[str, set[str]] = {}
    for key, label in zip(keys_of(table[guess.text].astype(str).tolist(), pool), labels, strict=True):
        if label:
            given.setdefault(key, set()).add(label)
    clear = {key: next(iter(own)) for key, own in given.items() if len(own) == 1 and key in pool}
    stands = store.current(scope)
    own = {key: decision for key, decision in stands.items() if decision.who == who.strip()}
    choices = [choice_of(pool[key], label, own[key].number if key in own else 0) for key, label in clear.items()]
    keys = list(clear)
    new = [
        choice
        for key, choice in zip(keys, choices, strict=True)
        if key not in stands or (stands[key].kind, stands[key].label) != (choice.kind, choice.label)
    ]
    outcomes = store.decide(scope, new, who, source) if new else []
    conflicts = tuple(outcome for outcome in outcomes if outcome.against)
    corrected = sum(
        outcome.against is None and outcome.decision.key in own and own[outcome.decision.key].kind is not Kind.SKIP
        for outcome in outcomes
    )
    return Merged(
        added=len(new) - len(conflicts) - corrected,
        corrected=corrected,
        agreed=len(choices) - len(new),
        elsewhere=sum(key not in pool for key in given),
        contradictory=sum(len(own) > 1 and key in pool for key, own in given.items()),
        conflicts=conflicts,
    )
