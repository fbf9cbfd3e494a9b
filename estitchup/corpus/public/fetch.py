"""Fetches a file whose content is known beforehand: its size bounds what is read, its SHA-256 decides what is kept.

The content goes to a file beside the final place and moves there when it is whole and right, so that whoever looks sees
the right file or none, however the fetching ends.
"""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from estitchup.errors import EstitchupError
from estitchup.progress import Listener, Meter

_SECONDS_TO_ANSWER = 15.0
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Download:
    """A file in public: its address, its SHA-256, its size in bytes, and what a copy of it is called on a disk."""

    url: str
    sha256: str
    size: int
    copy_name: str

    @property
    def host(self) -> str:
        """Return who serves it."""
        return urlsplit(self.url).netloc


def fetch(download: Download, path: Path, title: str, listener: Listener | None = None) -> None:
    """Fetch a file to `path`; raises EstitchupError, with nothing kept, when it cannot be had or is another."""
    meter = Meter(f"Fetching {title}", download.size, "bytes", listener)
    with whole_or_nothing(path) as partial:
        try:
            request = Request(download.url, headers={"User-Agent": "estitchup"})
            with urlopen(request, timeout=_SECONDS_TO_ANSWER) as answer, partial.open("wb") as file:
                while (block := answer.read(_BLOCK)) and meter.done <= download.size:
                    file.write(block)
                    meter.advance(len(block))
        except HTTPError as error:
            raise EstitchupError(_absent(download, title, f"answers with {error.code} {error.reason}")) from None
        except (URLError, HTTPException, ConnectionError, TimeoutError):
            raise EstitchupError(_absent(download, title, "cannot be reached")) from None
        if meter.done < download.size:
            raise EstitchupError(
                f"{download.host} ended after {meter.done:,} of {download.size:,} bytes of {title}: try again."
            )
        check(download, partial, title)


def check(download: Download, path: Path, title: str) -> None:
    """Raise EstitchupError unless the file at `path` has the download's content."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != download.sha256:
        raise EstitchupError(
            f"{download.copy_name} of {title} is not the file it should be: its SHA-256 is {found[:12]}… and not "
            f"{download.sha256[:12]}…, so nothing was kept. Fetch it from {download.url} yourself, look at it, and "
            "upload it."
        )


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """Give a path to write to; it becomes `path` when the block ends well, and is gone when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{uuid.uuid4().hex}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _absent(download: Download, title: str, reason: str) -> str:
    return (
        f"{title} is not on this computer, and {download.host} {reason}: connect to the internet once, or set "
        f"ESTITCHUP_DATA_DIR to a folder that holds {download.copy_name}."
    )
