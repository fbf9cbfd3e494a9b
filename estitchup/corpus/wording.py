"""Names, counts and lists as a sentence has them, for the notes and errors a user reads."""

import re
from collections.abc import Iterable

_SHOWN = 8
_LONGEST = 60  # characters of a name; a label may be a whole text, and a broken header a whole file
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")  # breaks a line, or turns its direction


def counted(count: int, noun: str) -> str:
    """Return "1 row", "2,000 rows", "3 classes"."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def quoted(name: str) -> str:
    """Return the name in quotation marks, on one line, cut where it is longer than a name is."""
    name = _UNSEEN.sub(" ", name)
    return f"“{name}”" if len(name) <= _LONGEST else f"“{name[: _LONGEST - 1]}…”"


def listed(names: Iterable[str]) -> str:
    """Return the names, quoted, with commas; beyond eight only how many more there are."""
    every = [quoted(name) for name in names]
    more = len(every) - _SHOWN
    return ", ".join(every[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
