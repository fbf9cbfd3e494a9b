"""What a profile finds: a sentence with its count, examples, and what can be done about it."""

from dataclasses import dataclass
from enum import StrEnum

from estitchup.corpus.fixes import Fix


class Severity(StrEnum):
    """How much a finding matters: it bends the figures, it costs quality, or it is good to know."""

    SERIOUS = "serious"
    MATTERS = "matters"
    NOTE = "note"


@dataclass(frozen=True)
class Example:
    """A text with its label and role, and beside it what it is compared with."""

    text: str
    label: str
    role: str
    beside: str = ""


@dataclass(frozen=True)
class Remedy:
    """A fix, and what the button that makes it says."""

    action: str
    fix: Fix


@dataclass(frozen=True)
class Finding:
    """Something about the texts that a person should know.

    `kind` is its name, the same in every corpus; `advice` says what it does to figures; `examples` are some of what is
    counted. `fix`, where there is one, is offered on a button that says `action`; `remedies` are other ways to mend it.
    """

    kind: str
    severity: Severity
    sentence: str
    advice: str
    examples: tuple[Example, ...] = ()
    fix: Fix | None = None
    action: str = ""
    remedies: tuple[Remedy, ...] = ()

    @property
    def all_remedies(self) -> tuple[Remedy, ...]:
        """Return every way to mend it, the main one first."""
        first = () if self.fix is None else (Remedy(self.action, self.fix),)
        return first + self.remedies
