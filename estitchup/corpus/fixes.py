"""Fixes: what a person decided about a corpus after seeing its profile, as values that travel in the spec.

The uploaded file stays as it is. A fix is applied whenever the corpus is built (`fixed.py`), so undoing it is taking it
out of the spec, and an experiment's spec.json says all that was done. Texts are named by digests: which texts nearly
repeat each other takes vectors to find out, which a corpus does not need when it is loaded.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from estitchup.corpus.roles import Role
from estitchup.corpus.split import normalised
from estitchup.corpus.wording import counted, listed
from estitchup.errors import EstitchupError
from estitchup.settings import Settings

MOST_TEXTS = 50_000
"""Texts one fix may name: about a megabyte of spec. A file with more of them is better cleaned where it comes from."""


class DropTexts(Settings):
    """Leave out the texts with these digests in these roles (none named: in all), because of the `reason`."""

    called = "fix"

    kind: Literal["drop texts"] = "drop texts"
    texts: tuple[str, ...] = Field(min_length=1, max_length=MOST_TEXTS)
    reason: str
    roles: tuple[Role, ...] = ()

    @property
    def words(self) -> str:
        """Return what the fix does."""
        where = f" from {' and '.join(self.roles)}" if self.roles else ""
        return f"Leave out {counted(len(self.texts), 'text')}{where} {self.reason}"


class RelabelTexts(Settings):
    """Give training texts other labels: for each label, the digests of the texts that get it.

    A label that no row has any more, because another fix left out its class, is not given.
    """

    called = "fix"

    kind: Literal["relabel texts"] = "relabel texts"
    texts: dict[str, tuple[str, ...]] = Field(min_length=1)

    def check(self) -> None:
        """Raise EstitchupError for no texts, and for more than one fix may name."""
        if not 0 < self.count <= MOST_TEXTS:
            raise EstitchupError(f"A fix names {self.count:,} texts: name 1 to {MOST_TEXTS:,}.")

    @property
    def count(self) -> int:
        """Return how many texts it names."""
        return sum(map(len, self.texts.values()))

    @property
    def words(self) -> str:
        """Return what the fix does."""
        return f"Give {counted(self.count, 'training text')} the label of the neighbours"


class DropDuplicates(Settings):
    """Keep one of the rows that have the same normalised text and the same label."""

    called = "fix"

    kind: Literal["drop duplicates"] = "drop duplicates"

    @property
    def words(self) -> str:
        """Return what the fix does."""
        return "Keep each text once"


class MergeLabels(Settings):
    """Give the labels of each group one name, its first."""

    called = "fix"

    kind: Literal["merge labels"] = "merge labels"
    names: tuple[tuple[str, ...], ...] = Field(min_length=1)

    @property
    def renamed(self) -> dict[str, str]:
        """Return the new name of every label that gets one."""
        return {name: group[0] for group in self.names for name in group[1:]}

    @property
    def words(self) -> str:
        """Return what the fix does."""
        return "Read " + "; ".join(f"{listed(group[1:])} as “{group[0]}”" for group in self.names)


class SettleLabels(Settings):
    """Give a text with several labels the most frequent one; leave it out where there is none."""

    called = "fix"

    kind: Literal["settle labels"] = "settle labels"

    @property
    def words(self) -> str:
        """Return what the fix does."""
        return "Give each text with several labels the most frequent one, and leave it out on a tie"


class DropClasses(Settings):
    """Leave out all rows with these labels."""

    called = "fix"

    kind: Literal["drop classes"] = "drop classes"
    labels: tuple[str, ...] = Field(min_length=1)

    @property
    def words(self) -> str:
        """Return what the fix does."""
        return f"Leave out {counted(len(self.labels), 'class')}: {listed(self.labels)}"


Fix = Annotated[
    DropTexts | RelabelTexts | DropDuplicates | MergeLabels | SettleLabels | DropClasses,
    Field(discriminator="kind"),
]


def text_digests(texts: Iterable[str]) -> NDArray[np.str_]:
    """Return 64 bits of each normalised text as 16 hexadecimal characters, (N,).

    Among 100,000 texts of which half are named, another is taken for one of them once in billions of corpora.
    """
    keys = (key.encode("utf-8", "surrogatepass") for key in normalised(texts))
    return np.array([hashlib.blake2b(key, digest_size=8).hexdigest() for key in keys], dtype="<U16")
