"""How large the store of vectors may grow: a number in a file beside it, or in the environment."""

import os
from pathlib import Path

from pydantic import Field

from estitchup.errors import EstitchupError
from estitchup.settings import Settings

ENVIRONMENT = "ESTITCHUP_STORE_GB"
_FILE = "store.json"


class StoreLimit(Settings):
    """The most that the vectors may occupy, in gigabytes (10⁹ bytes); 10 hold six million vectors of 384 numbers."""

    called = "limit of the store of vectors"

    gigabytes: float = Field(10.0, ge=0.01, le=100_000, allow_inf_nan=False)

    @property
    def bytes(self) -> int:
        """Return the limit in bytes."""
        return round(self.gigabytes * 1e9)


def store_limit(root: Path) -> StoreLimit:
    """Return the limit for the workspace: what the environment says, else what was kept; raises EstitchupError."""
    said = os.environ.get(ENVIRONMENT)
    if said:
        try:
            return StoreLimit(gigabytes=float(said))
        except ValueError:
            raise EstitchupError(f"{ENVIRONMENT} is {said!r}: give a number of gigabytes, such as 10.") from None
    path = root / _FILE
    return StoreLimit.from_json(path.read_bytes(), str(path)) if path.is_file() else StoreLimit()


def keep_store_limit(root: Path, limit: StoreLimit) -> None:
    """Keep the limit for the workspace."""
    path = root / _FILE
    partial = path.with_suffix(".partial")
    partial.write_text(limit.model_dump_json(), "utf-8")
    os.replace(partial, path)
