"""Draws the roles that a table does not give, class by class, and keeps a text from standing in two of them.

The same text in train and test would be a test on a training row, so everything here counts distinct texts: rows
whose normalised text is the same have one lot together.
"""

import unicodedata
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.roles import PROTECTION, Role

DRAWN_ROLES = (Role.TRAIN, Role.TEST, Role.VALIDATION)
"""The order of shares; a class with fewer texts than roles fills the first ones."""


def normalised(texts: Iterable[str]) -> list[str]:
    """Return what makes two texts the same: NFKC, case folded, white space collapsed."""
    return [
        " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold().split()) for text in texts
    ]


def in_most_protected_role(keys: NDArray[np.object_], roles: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Mark the rows to keep, (N,), so that every key stands in one role: the most protected of those it has."""
    rank = pd.Series(roles).map({str(role): place for place, role in enumerate(PROTECTION)})
    return np.asarray(rank == rank.groupby(keys).transform("min"), dtype=np.bool_)


def draw_roles(
    keys: NDArray[np.object_],
    labels: NDArray[np.object_],
    shares: Callable[[str], NDArray[np.float64]],
    generator: np.random.Generator,
) -> NDArray[np.str_]:
    """Draw a role for each row, (N,), stratified by class; rows with the same key get the same role.

    `shares(label)` gives the class's shares of `DRAWN_ROLES`, with sum 1. Distinct texts of a class come within one of
    their share in every role, unless the class is so small that a share is less than one text (see `apportion`).
    A key that has several labels counts for the first.
    """
    lots = pd.DataFrame({"key": keys, "label": labels}, dtype=object).drop_duplicates("key", ignore_index=True)
    roles = np.empty(len(lots), dtype="<U10")
    for label, places in lots.groupby("label").indices.items():
        counts = apportion(len(places), shares(str(label)))
        roles[generator.permutation(places)] = np.repeat(DRAWN_ROLES, counts)
    role_of = dict(zip(lots["key"], roles, strict=True))
    return np.array([role_of[key] for key in keys], dtype="<U10")


def apportion(count: int, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Share out `count` texts by largest remainder, each positive share getting one first while texts last.

    With three roles, 1 text gives (1, 0, 0), 2 give (1, 1, 0) and 3 give (1, 1, 1).
    """
    quotas = shares * count
    least = np.zeros(len(shares), dtype=np.int64)
    least[np.flatnonzero(shares > 0)[:count]] = 1
    counts = np.maximum(np.floor(quotas).astype(np.int64), least)
    while counts.sum() < count:
        counts[np.argmax(quotas - counts)] += 1
    while counts.sum() > count:
        counts[np.argmax(np.where(counts > least, counts - quotas, -np.inf))] -= 1
    return counts
