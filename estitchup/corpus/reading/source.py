"""A file to be read: opened as often as is needed, unpacked on the way, and never written to disk.

Whatever unpacks is watched: a few KB that unpack to gigabytes are a bomb, and a damaged stream is told in a sentence.
"""

import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import BadZipFile

from estitchup.errors import EstitchupError

MOST_EXPANSION = 100
"""Times its size to which a file may unpack; text packed by gzip or zip rarely exceeds 20."""
FREE_EXPANSION = 64 << 20
"""Bytes to which any file may unpack."""
MOST_IN_MEMORY = 256 << 20
"""Bytes of a packed file whose format must be at hand as a whole, such as a Parquet file in a gzip."""
BLOCK = 1 << 20
START = 64_000

_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError)


@dataclass(frozen=True)
class Source:
    """A file called `name` in sentences; `size` counts its bytes on disk, `path` is None where it lies in another.

    `changed` is when the file was last written, in nanoseconds, None where it has no path.
    """

    name: str
    opener: Callable[[], BinaryIO]
    size: int
    path: Path | None = None
    changed: int | None = None

    def open(self) -> BinaryIO:
        """Open the file for one more pass over its bytes."""
        return self.opener()

    def start(self, count: int = START) -> bytes:
        """Return the first bytes."""
        with self.open() as stream:
            return stream.read(count)

    def blocks(self) -> Iterator[bytes]:
        """Return all bytes, about a million at a time."""
        with self.open() as stream:
            while block := stream.read(BLOCK):
                yield block

    def whole(self, limit: int = MOST_IN_MEMORY) -> bytes:
        """Return all bytes at once; raises EstitchupError beyond the limit."""
        with self.open() as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise EstitchupError(
                f"{self.name} unpacks to more than {limit >> 20:,} MB, too much to be read at once: unpack it first."
            )
        return content

    def unpacked(self, name: str, unpack: Callable[[], BinaryIO], packed: int | None = None) -> "Source":
        """Return what the source holds as a source of its own, watched while it unpacks."""
        size = self.size if packed is None else packed
        return Source(name, lambda: io.BufferedReader(_Watched(unpack(), self.name, size), BLOCK), size)


def source_of(content: Path | str | bytes, name: str | None = None) -> Source:
    """Return the file at a path, or these bytes, as a source; raises EstitchupError when there is no such file."""
    if isinstance(content, bytes):
        return Source(name or "The file", lambda: io.BytesIO(content), len(content))
    path = Path(content).expanduser()
    with _told(path):
        about = path.stat()
        with path.open("rb") as stream:
            stream.read(1)
    return Source(name or path.name, lambda: path.open("rb"), about.st_size, path, about.st_mtime_ns)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise EstitchupError(f"There is no file {str(path)!r}: check the path.") from None
    except IsADirectoryError:
        raise EstitchupError(f"{str(path)!r} is a folder: name one file in it.") from None
    except (OSError, ValueError) as error:
        raise EstitchupError(f"{str(path)!r} cannot be read ({error}): check the path and its permissions.") from None


def gunzipped(source: Source) -> Source:
    """Return what a gzip file holds."""
    name = source.name[:-3] if source.name.lower().endswith(".gz") else source.name
    return source.unpacked(name, lambda: cast(BinaryIO, gzip.GzipFile(fileobj=source.open())))


class _Watched(io.RawIOBase):
    """A stream that unpacks: it ends in a sentence where it is damaged or grows beyond what its size allows."""

    def __init__(self, stream: BinaryIO, name: str, packed: int) -> None:
        self._stream, self._name, self._seen = stream, name, 0
        self._limit = max(FREE_EXPANSION, MOST_EXPANSION * packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        try:
            content = self._stream.read(len(view))
        except EstitchupError:
            raise
        except _DAMAGE as error:
            reason = "it needs a password" if "encrypted" in str(error) else "it is cut off or damaged"
            raise EstitchupError(f"{self._name} cannot be unpacked, {reason}: pack it again.") from None
        self._seen += len(content)
        if self._seen > self._limit:
            raise EstitchupError(
                f"{self._name} unpacks to more than {self._limit >> 20:,} MB, over {MOST_EXPANSION} times its size: "
                "unpack it first, if you trust it."
            )
        view[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._stream.close()
        super().close()
