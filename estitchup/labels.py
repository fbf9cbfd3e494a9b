"""What people say about texts, as values: a choice, the decision that it becomes, and when two contradict each other.

A text is known by a digest of its normalised form, a corpus by a digest of its texts. `label_store` keeps decisions.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from estitchup.corpus import normalised
from estitchup.errors import EstitchupError

SHOWN = 60  # characters of a text that a sentence names
_UNKEPT = re.compile("[\0\ud800-\udfff]")


class Kind(StrEnum):
    """What a person said: a class (`label` names it), none of the classes, not now, or what I said is void."""

    LABEL = "label"
    NONE = "none of these"
    SKIP = "skip"
    UNDONE = "undone"


@dataclass(frozen=True)
class Choice:
    """What a person says about a text, having seen decision number `seen` of it (0: none)."""

    text: str
    kind: Kind
    label: str = ""
    seen: int = 0


@dataclass(frozen=True)
class Decision:
    """A decision in the catalog: the `number`-th about its text; when it does not stand, an earlier one does.

    `when` is UTC, ISO 8601; `before` is what stood before, in words ("" for nothing); `source` says where it was made.
    """

    id: int
    text: str
    key: str
    number: int
    kind: Kind
    label: str
    who: str
    when: str
    before: str
    stands: bool
    source: str

    @property
    def words(self) -> str:
        """Return the class, or "none of these", "skip", "undone"."""
        return self.label if self.kind is Kind.LABEL else str(self.kind)

    def contested_by(self, choice: Choice) -> bool:
        """Return True when a choice contradicts this decision unseen; a text that was skipped is still open."""
        if self.number <= choice.seen or (self.kind is Kind.SKIP and choice.kind is not Kind.UNDONE):
            return False
        return (self.kind, self.label) != (choice.kind, choice.label.strip())


@dataclass(frozen=True)
class Outcome:
    """What became of a choice: the decision it is now, and the other's decision that it ran into, if any."""

    decision: Decision
    against: Decision | None = None


def insisting(outcomes: Iterable[Outcome]) -> list[Choice]:
    """Return the same choices again, by who has seen what they ran into."""
    said = (outcome.decision for outcome in outcomes)
    return [Choice(own.text, own.kind, own.label, own.number) for own in said]


def shortened(text: str) -> str:
    """Return the text in quotation marks, cut short."""
    return f"“{text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'}”"


def text_key(text: str) -> str:
    """Return the key under which a text is known; texts that are the same once normalised have one key."""
    return text_keys([text])[0]


def text_keys(texts: Iterable[str]) -> list[str]:
    """Return the keys of texts, in order."""
    return [hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest() for plain in normalised(texts)]


def scope_of(texts: Iterable[str]) -> str:
    """Return the name under which labels of a corpus are kept: a digest of its texts.

    Roles, classes and labels do not matter, so that labels stay with the texts when they are trained on.
    """
    return hashlib.sha256("".join(sorted(set(text_keys(texts)))).encode()).hexdigest()


def check_choices(choices: Sequence[Choice], who: str) -> None:
    """Raise EstitchupError where nobody is named, a label is empty, or a word holds what no database keeps."""
    if not who.strip():
        raise EstitchupError("Nobody is named: say who labels, so that others can see whose labels these are.")
    if any(choice.kind is Kind.LABEL and not choice.label.strip() for choice in choices):
        raise EstitchupError("The label is empty: choose a class, or name a new one.")
    for word in (who, *(choice.label for choice in choices), *(choice.text for choice in choices)):
        if _UNKEPT.search(word):
            shown = ascii(word[:SHOWN])
            raise EstitchupError(f"{shown} cannot be kept, as it holds NUL or half a character: write it anew.")
