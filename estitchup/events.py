"""What a job tells while it goes on: lines of JSON in its folder, written by a worker, read by anybody from there on.

A reader keeps its place in the file, so that a look at a job costs what is new, however long it has been training.
"""

import json
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from estitchup.progress import Progress

FOLLOWED_AT_ONCE = 32


@dataclass(frozen=True)
class Epoch:
    """Where all R runs stood after an epoch (1-based); seconds count from the start of training.

    `note` says why it does not run where it should, such as on a GPU without memory.
    """

    epoch: int
    epochs: int
    training_losses: list[float]
    validation_losses: list[float]
    validation_accuracies: list[float]
    seconds: float
    remaining: float
    device: str
    note: str = ""


def write_event(folder: Path, kind: str, event: Any) -> None:
    """Append a dataclass to a job's events."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps([kind, asdict(event)]) + "\n")


@dataclass
class Reader:
    """A place in a job's events: `offset` bytes are read; what they told is in `progress` and, by number, `epochs`."""

    path: Path
    offset: int = 0
    progress: Progress | None = None
    epochs: dict[int, Epoch] = field(default_factory=dict)

    def read(self) -> int:
        """Take in what is new and return how many events that were; a line still being written is left for later."""
        if not self.path.exists():
            return 0
        with self.path.open("rb") as file:
            file.seek(self.offset)
            whole, newline, _ = file.read().rpartition(b"\n")
        self.offset += len(whole) + len(newline)
        lines = whole.splitlines()
        for line in lines:
            with suppress(ValueError, TypeError):  # a line that a full disk or a kill cut off, or of another version
                self._take(*json.loads(line))
        return len(lines)

    def _take(self, kind: str, event: dict[str, Any]) -> None:
        if kind == "epoch":
            epoch = Epoch(**event)
            self.epochs[epoch.epoch] = epoch  # a resumed job may tell an epoch again
        else:
            self.progress = Progress(**event)


class Readers:
    """The readers of the jobs that are followed, for all sessions of a server; the longest unused are forgotten."""

    def __init__(self) -> None:
        self._readers: OrderedDict[Path, Reader] = OrderedDict()
        self._lock = threading.Lock()

    def told(self, folder: Path) -> tuple[Progress | None, list[Epoch]]:
        """Return the latest progress and all epochs that a job has told."""
        path = folder / "events.jsonl"
        with self._lock:
            reader = self._readers.pop(path, None) or Reader(path)
            self._readers[path] = reader
            if len(self._readers) > FOLLOWED_AT_ONCE:
                self._readers.popitem(last=False)
            reader.read()
            return reader.progress, list(reader.epochs.values())
