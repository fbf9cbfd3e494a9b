"""How fast an encoder is on this machine: measured when a person asks, and kept with machine and date."""

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from estitchup.encoding.source import load_encoder

_FILE = "encoder-speeds.json"
_SECONDS = 3.0
_SENTENCE = "please tell me how long the parcel to my new address will take"


@dataclass(frozen=True)
class Speed:
    """Say how many short texts a second an encoder embedded, on which device of which machine, and when (UTC)."""

    texts_per_second: float
    device: str
    machine: str
    measured: str


class Speeds:
    """Keep the speeds of encoders in a file of the workspace."""

    def __init__(self, root: Path) -> None:
        self._path = root / _FILE

    def all(self) -> dict[str, Speed]:
        """Return the speeds measured on this machine, by the encoder's name; a damaged file counts as empty."""
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            speeds = {name: Speed(**speed) for name, speed in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}
        return {name: speed for name, speed in speeds.items() if speed.machine == this_machine()}

    def measure(self, name: str, seconds: float = _SECONDS) -> Speed:
        """Load the encoder, embed made-up texts for about `seconds`, and keep the speed; raises EstitchupError."""
        speed = measure_speed(name, seconds)
        kept = self.all() | {name: speed}
        partial = self._path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps({key: asdict(value) for key, value in kept.items()}, indent=1), "utf-8")
        os.replace(partial, self._path)
        return speed


def measure_speed(name: str, seconds: float = _SECONDS) -> Speed:
    """Embed texts of 3 to 24 words for about `seconds`, and return the rate; raises EstitchupError."""
    encoder = load_encoder(name)
    words = f"{_SENTENCE} {_SENTENCE}".split()
    texts = [" ".join(words[: 3 + row % 22]) + f" {row}" for row in range(256)]
    encoder.encode(texts[:32])  # the first call is slower than any other
    begun, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - begun) < seconds:
        encoder.encode(texts)
        done += len(texts)
    return Speed(done / spent, encoder.device, this_machine(), datetime.now(UTC).isoformat(timespec="seconds"))


def this_machine() -> str:
    """Return what tells this machine from another that shares the folder."""
    return f"{platform.node()} ({platform.machine()}, {os.cpu_count()} cores)"
