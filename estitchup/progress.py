"""How long work tells where it is, and how it is asked to stop.

Work that takes more than a second accepts a `Listener` and a `Cancel`. It calls the listener with a `Progress` as it
goes on, and looks at the cancel event between two steps.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Progress:
    """Where a stage of the work stands.

    `done` of `total` `unit`s are finished, at `rate` units a second (0.0 while unknown). `remaining` is in seconds,
    None while unknown.
    """

    stage: str
    done: int
    total: int
    unit: str
    rate: float = 0.0
    remaining: float | None = None

    @property
    def share(self) -> float:
        """Return the finished share, from 0 to 1; an empty stage is finished."""
        return self.done / self.total if self.total else 1.0


Listener = Callable[[Progress], None]


class Cancel(Protocol):
    """Anything with `is_set()`, such as `threading.Event`."""

    def is_set(self) -> bool:
        """Return True once the work should stop."""
        ...


class Cancelled(Exception):
    """The work stopped because it was asked to; what was finished before is kept."""


@dataclass
class Meter:
    """Turn counts of finished units into `Progress` with a rate and a remaining time.

    Example: `meter = Meter("Embedding", 500, "texts", listener)`, then `meter.advance(32)` after each batch.
    """

    stage: str
    total: int
    unit: str
    listener: Listener | None = None
    done: int = 0
    started: float = field(default_factory=time.perf_counter)

    def advance(self, units: int) -> None:
        """Add finished units and tell the listener."""
        self.done += units
        if self.listener is None:
            return
        elapsed = time.perf_counter() - self.started
        rate = self.done / elapsed if elapsed > 0 else 0.0
        remaining = (self.total - self.done) / rate if rate > 0 else None
        self.listener(Progress(self.stage, self.done, self.total, self.unit, rate, remaining))
