"""Labels from elsewhere: a table that somebody filled in beside the app is merged into what stands in the catalog."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from estitchup.corpus import guess_columns, guess_unknown_labels
from estitchup.errors import EstitchupError
from estitchup.label_store import LabelStore
from estitchup.labels import Choice, Kind, Outcome, text_keys
from estitchup.spreadsheet import rearmed


@dataclass(frozen=True)
class Merged:
    """What became of the rows of a table: `conflicts` are kept in the history, and what stood before stands."""

    added: int
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


def merge(store: LabelStore, scope: str, table: pd.DataFrame, pool: Mapping[str, str], who: str, source: str) -> Merged:
    """Merge a table's labels for the texts of a pool, given by key; raises EstitchupError without text and label.

    Rows without a label are passed over, texts with two labels in the table are left alone, and so are texts outside
    the pool. Where somebody has decided otherwise, that stands, and the table's label is kept in the history.
    """
    guess = guess_columns(table)
    if guess.text is None or guess.label is None:
        raise EstitchupError(
            f"It is not clear which columns of {source!r} hold text and label: name them text and label."
        )
    texts = [rearmed(cell) for cell in table[guess.text].astype(str)]
    labels = [rearmed(cell).strip() for cell in table[guess.label].astype(str)]
    given: dict[str, set[str]] = {}
    for key, label in zip(text_keys(texts), labels, strict=True):
        if label:
            given.setdefault(key, set()).add(label)
    clear = {key: next(iter(own)) for key, own in given.items() if len(own) == 1 and key in pool}
    stands = store.current(scope)
    choices = [choice_of(pool[key], label, 0) for key, label in clear.items()]
    keys = list(clear)
    new = [
        choice
        for key, choice in zip(keys, choices, strict=True)
        if key not in stands or (stands[key].kind, stands[key].label) != (choice.kind, choice.label)
    ]
    outcomes = store.decide(scope, new, who, source) if new else []
    conflicts = tuple(outcome for outcome in outcomes if outcome.against)
    return Merged(
        added=len(new) - len(conflicts),
        agreed=len(choices) - len(new),
        elsewhere=sum(key not in pool for key in given),
        contradictory=sum(len(own) > 1 and key in pool for key, own in given.items()),
        conflicts=conflicts,
    )
