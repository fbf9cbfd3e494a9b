"""Guesses what a table's columns are, so that a user mostly confirms.

A column's name counts first, its content next: texts are long and all different, labels few and repeated, and a
split holds the words for train, validation and test.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from estitchup.corpus.roles import role_named

_TEXT_NAMES = "text utterance query message sentence question content body description comment review title input"
_LABEL_NAMES = "label intent category class topic target tag queue department domain type"
_SPLIT_NAMES = "split fold set partition subset role"
_UNKNOWN_LABELS = {"oos", "ood", "outofscope", "outofdomain", "outofdistribution"}
_UNKNOWN_LABELS |= {"unknown", "unk", "unknownintent", "nointent", "noneoftheabove", "nota"}

_LOOKED_AT_ROWS = 2_000
_MOST_SPLIT_VALUES = 6
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+\s*")
_MACHINE_MADE = re.compile(r"[!-~]*[\d@/][!-~]*|[\W\d_]*")  # one token with a digit, @ or /, or no letter at all


@dataclass(frozen=True)
class ColumnGuess:
    """The names of the columns that hold text, label and split; None where no column looks like it."""

    text: str | None
    label: str | None
    split: str | None


@dataclass(frozen=True)
class _Look:
    """What a column looks like: mean length of its prose, distinct share, distinct values, all numbers or not."""

    length: float
    distinct_share: float
    distinct: int
    numeric: bool
    is_split: bool


def guess_columns(table: pd.DataFrame) -> ColumnGuess:
    """Guess which columns of a table of texts hold text, label and split."""
    looks = {str(name): _look([str(cell) for cell in table[name].dropna()]) for name in table.columns}
    split = _guess_split(looks)
    rest = {name: look for name, look in looks.items() if name != split and look.distinct}
    text = _guess_text(rest)
    rest.pop(text or "", None)
    return ColumnGuess(text, _guess_label(rest, len(table)), split)


def guess_unknown_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the labels, each once and in order, whose name says "none of the classes", such as oos or Out-of-Scope.

    "other" is not among them: it is too often a class like any other.
    """
    return tuple(label for label in dict.fromkeys(labels) if "".join(_words(label)) in _UNKNOWN_LABELS)


def is_named(cell: str) -> bool:
    """Return True where the cell of a first row names a column of texts, labels or roles."""
    return any(_closeness(names)(cell)[0] == 0 for names in (_TEXT_NAMES, _LABEL_NAMES, _SPLIT_NAMES))


def headless(table: pd.DataFrame) -> str | None:
    """Return the longest cell of a first row that was taken for names and looks like a row; None where it does not.

    It does where no name says what a column is, and a name stands in its own column once more.
    """
    names = [str(name) for name in table.columns]
    if any(is_named(name) for name in names) or not any((table[name] == name).any() for name in names):
        return None
    return max(names, key=len)


def _look(cells: list[str]) -> _Look:
    values = set(cells) - {""}
    looked_at = [cell for cell in cells[:: max(1, len(cells) // _LOOKED_AT_ROWS)] if cell]
    prose = [cell for cell in looked_at if not _MACHINE_MADE.fullmatch(cell)]
    return _Look(
        length=sum(map(len, prose)) / max(1, len(looked_at)),
        distinct_share=len(set(looked_at)) / max(1, len(looked_at)),
        distinct=len(values),
        numeric=all(_NUMBER.fullmatch(cell) for cell in looked_at),
        is_split=0 < len(values) <= _MOST_SPLIT_VALUES and all(role_named(value) for value in values),
    )


def _guess_split(looks: dict[str, _Look]) -> str | None:
    able = [name for name, look in looks.items() if look.is_split]
    return min(able, key=_closeness(_SPLIT_NAMES), default=None)


def _guess_text(looks: dict[str, _Look]) -> str | None:
    closeness, label_closeness = _closeness(_TEXT_NAMES), _closeness(_LABEL_NAMES)
    named = [name for name in looks if closeness(name) < _FAR and label_closeness(name) == _FAR]
    if named:
        return min(named, key=closeness)
    prose = [name for name, look in looks.items() if look.length > 0]
    return max(prose, key=lambda name: looks[name].length * looks[name].distinct_share, default=None)


def _guess_label(looks: dict[str, _Look], rows: int) -> str | None:
    """Guess among the columns left; words go before numbers, which are often the same label once more."""
    closeness = _closeness(_LABEL_NAMES)
    named = [name for name in looks if closeness(name) < _FAR]
    if named:
        return min(named, key=lambda name: (looks[name].numeric, closeness(name)))
    repeated = [name for name, look in looks.items() if 2 <= look.distinct <= max(2, rows // 2)]
    return min(repeated, key=lambda name: (looks[name].numeric, looks[name].distinct), default=None)


_FAR = (3, 0)


def _closeness(vocabulary: str) -> Callable[[str], tuple[int, int]]:
    """Return a key for column names: 0 a word of the vocabulary, 1 words with one among them, `_FAR` neither.

    The second number is the word's place. Names with "id" are far: a text_id is no text.
    """
    places = {word.rstrip("s"): place for place, word in enumerate(vocabulary.split())}

    def closeness(name: str) -> tuple[int, int]:
        words = [word.rstrip("s") for word in _words(name)]
        found = [places[word] for word in words if word in places]
        return _FAR if not found or "id" in words else (min(1, len(words) - 1), min(found))

    return closeness


def _words(name: str) -> list[str]:
    """Cut "userQuery", "user_query" and "User query" into "user", "query"."""
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())
