"""The thresholds that a person decided on, kept as `thresholds.json` in the experiment's folder.

One entry for each augmentation. The file goes with the experiment: a result that is written anew starts without it.
"""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from estitchup.errors import EstitchupError

FILE = "thresholds.json"


@dataclass(frozen=True)
class KeptThreshold:
    """A threshold in [0, 1], and how it came about.

    `policy` with its `parameters` chose it, or a person did (None); `temperature` tells whether it cuts confidences
    after temperature scaling.
    """

    threshold: float
    policy: str | None = None
    parameters: dict[str, float | None] = field(default_factory=dict)
    temperature: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise EstitchupError(f"The threshold is {self.threshold}: give one from 0 to 1.")


def kept_thresholds(folder: Path) -> dict[str, KeptThreshold]:
    """Return each augmentation's kept threshold, {} when none was kept; raises EstitchupError on a damaged file."""
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: KeptThreshold(**entry) for name, entry in content.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise EstitchupError(
            f"The kept thresholds in {FILE} cannot be read ({error}): delete the file, and keep thresholds again."
        ) from None


def keep_thresholds(folder: Path, chosen: Mapping[str, KeptThreshold]) -> None:
    """Keep these thresholds beside those of other augmentations; a damaged file is replaced."""
    try:
        kept = kept_thresholds(folder)
    except EstitchupError:
        kept = {}
    entries = {name: asdict(entry) for name, entry in (kept | dict(chosen)).items()}
    partial = folder / f"{uuid.uuid4().hex}.partial"
    try:
        partial.write_text(json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        os.replace(partial, folder / FILE)  # a crash in between leaves the old file whole
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise EstitchupError(f"The thresholds cannot be kept ({error}): make the workspace writable.") from None
