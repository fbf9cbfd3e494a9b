"""What was computed is kept, so that a study that was stopped goes on: one table a piece of work.

A piece is named by all that decides it; another setting is another piece.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

REVISION = 3  # raised by hand when training or scoring changes what a piece would hold


@dataclass(frozen=True)
class Kept:
    """A folder of finished pieces."""

    folder: Path

    def table(self, name: str, settings: dict[str, object], compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return the piece, computing it when it is not there yet."""
        content = json.dumps([REVISION, name, settings], sort_keys=True, default=str)
        path = self.folder / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}.parquet"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            compute().to_parquet(partial)
            os.replace(partial, path)
        return pd.read_parquet(path)
