"""What a report says: findings in words, charts and tables, from an experiment and what a person decided.

A `Report` is a value that the page, the slides and the figures are all drawn from, so that they cannot disagree. Its
charts are those of the app, its sentences follow the intervals: where nothing is clear, the finding says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import plotly.graph_objects as go

from estitchup.decision import Classifier
from estitchup.outcomes import Outcomes

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table as text for the eye (`rows` under `headings`), and as numbers in full precision for a file (`exact`)."""

    name: str
    caption: str
    headings: Row
    rows: tuple[Row, ...]
    exact: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart: `name` for its file, a `title`, a `finding` in a sentence, and `alt` for who cannot see it.

    `brief` says the finding in a few words, for a heading that two charts share.
    """

    name: str
    title: str
    finding: str
    alt: str
    figure: go.Figure
    brief: str = ""


@dataclass(frozen=True, eq=False)
class Cut:
    """A classifier and the threshold that was chosen for it, `kept` by a person or set as a start."""

    classifier: Classifier
    threshold: float
    kept: bool

    @property
    def name(self) -> str:
        """Return the augmentation's name."""
        return self.classifier.name

    @cached_property
    def outcomes(self) -> Outcomes:
        """Return what the threshold does to test texts."""
        return self.classifier.outcomes(self.threshold)


@dataclass(frozen=True)
class Card:
    """A question with its answer in a few words and the sentences behind it."""

    topic: str
    meaning: str
    answer: str
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Panel:
    """One finding: the sentence that heads it, the lines that say more, its charts and tables, and what to say of them.

    `cuts` are the thresholds that the page lets a reader move; each belongs to the chart at the same position.
    """

    key: str
    finding: str
    lines: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: str = ""
    cards: tuple[Card, ...] = ()
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, eq=False)
class Report:
    """A title, a person's remarks, on what it all rests, and the panels in the order that was chosen."""

    title: str
    remarks: str
    circumstances: str
    made: str
    panels: tuple[Panel, ...]

    @property
    def charts(self) -> list[Chart]:
        """Return all charts, in order."""
        return [chart for panel in self.panels for chart in panel.charts]

    @property
    def tables(self) -> list[Table]:
        """Return all tables, in order."""
        return [table for panel in self.panels for table in panel.tables]

    @property
    def file_name(self) -> str:
        """Return a name for files: letters, digits and hyphens of the title, 60 at most."""
        plain = "".join(letter if letter.isalnum() else " " for letter in self.title)
        return "-".join(plain.split()).lower()[:60].strip("-") or "report"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Write words as a list in a sentence."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def finite(number: float) -> float | None:
    """Return a number for a file, None where there is none."""
    return float(number) if np.isfinite(number) else None


def slug(*words: str) -> str:
    """Return words as the name of a file."""
    return "-".join(" ".join(words).lower().split())
