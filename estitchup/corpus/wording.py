"""Counts and lists as a sentence has them, for the notes and errors a user reads."""

from collections.abc import Iterable

_SHOWN = 8


def counted(count: int, noun: str) -> str:
    """Return "1 row", "2,000 rows", "3 classes"."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def listed(names: Iterable[str]) -> str:
    """Return the names, quoted, with commas; beyond eight only how many more there are."""
    every = [f"“{name}”" for name in names]
    more = len(every) - _SHOWN
    return ", ".join(every[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
