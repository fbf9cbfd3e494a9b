"""Reads a ZIP or a folder: the table in it, or text files that the folders they lie in name the class of.

Nothing is ever unpacked to disk. A path that climbs out of the archive is refused all the same: whoever made it meant
harm.
"""

import io
import lzma
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from estitchup.corpus.reading.encoding import DAMAGED, MOST_IN_LINE, encoding_of
from estitchup.corpus.reading.options import Found, Reading
from estitchup.corpus.reading.source import FREE_EXPANSION, MOST_EXPANSION, Source
from estitchup.corpus.reading.table import OpenTable, batched
from estitchup.corpus.roles import role_named
from estitchup.corpus.wording import listed, quoted
from estitchup.errors import EstitchupError

TABLE_ENDINGS = {
    *(".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather", ".xlsx", ".xlsb", ".xls", ".ods")
}
TEXT_ENDINGS = {"", ".txt", ".text", ".md", ".eml"}
MOST_MEMBERS = 500_000
_MOST_DIRECTORY = 32 << 20
_DAMAGE = (
    *(zipfile.BadZipFile, lzma.LZMAError, NotImplementedError, OSError, ValueError, EOFError, struct.error),
    OverflowError,
)
_COLUMNS = ("text", "label", "split", "file")


@dataclass(frozen=True)
class Member:
    """A file of an archive or folder: its path there, with slashes, and its bytes as a source."""

    path: str
    source: Source

    @property
    def ending(self) -> str:
        """Return the ending of its name, in lower case, that of a gzip without .gz."""
        return PurePosixPath(self.path.lower().removesuffix(".gz")).suffix


def zip_members(source: Source) -> list[Member]:
    """Return the files of a ZIP, in its order; raises EstitchupError where it is damaged, climbs or is a bomb."""
    _check_directory(source)
    with _told(source), source.open() as stream, zipfile.ZipFile(stream) as archive:
        entries = archive.infolist()
    if sum(entry.file_size for entry in entries) > (limit := max(FREE_EXPANSION, MOST_EXPANSION * source.size)):
        raise EstitchupError(
            f"{source.name} unpacks to more than {limit >> 20:,} MB, over {MOST_EXPANSION} times its size: unpack it "
            "first, if you trust it."
        )
    return [
        Member(path, source.unpacked(f"{source.name}/{path}", _opener(source, entry), max(1, entry.compress_size)))
        for entry in entries
        if _is_file(entry) and _is_meant(path := _checked(entry.filename, source.name))
    ]


def folder_members(folder: Path) -> list[Member]:
    """Return the files of a folder and those below, sorted by path; links are not followed."""
    members: list[Member] = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file() or not _is_meant(inside):
            continue
        members.append(Member(inside, Source(inside, _file_opener(path), path.stat().st_size, path)))
        if len(members) > MOST_MEMBERS:
            raise EstitchupError(f"{str(folder)!r} holds more than {MOST_MEMBERS:,} files: name a folder with fewer.")
    return members


def chosen_member(members: list[Member], reading: Reading, name: str) -> tuple[Member | None, tuple[str, ...]]:
    """Return the table to read, None where the files are texts, and the names of all tables.

    Raises EstitchupError where nothing can be read, or the member that was said is not there.
    """
    tables = [member for member in members if member.ending in TABLE_ENDINGS]
    texts = [member for member in members if member.ending in TEXT_ENDINGS]
    names = tuple(member.path for member in tables or texts[:1])
    if reading.member is not None:
        said = [member for member in members if member.path == reading.member]
        if not said:
            raise EstitchupError(f"{name} holds no {quoted(reading.member)}: choose among {listed(names)}.")
        return said[0], names
    if tables:
        return next((member for member in tables if "train" in member.path.lower()), tables[0]), names
    if len(texts) == 1 and "/" not in texts[0].path:
        return texts[0], names
    if not texts:
        raise EstitchupError(
            f"{name} holds neither a table nor text files: bring CSV, or .txt files in a folder a class."
        )
    return None, ()


def open_texts(members: list[Member], name: str, size: int, kind: str, reading: Reading) -> OpenTable:
    """Open text files as a table: each file is a text, its folder the label, and a folder above it may be the role."""
    texts = [member for member in members if member.ending in TEXT_ENDINGS]
    every = Source(name, lambda: cast(BinaryIO, io.BufferedReader(_Chain(texts))), size)
    encoding = encoding_of(every, reading.encoding)
    folders = _meaning([PurePosixPath(member.path).parts[:-1] for member in texts])

    def rows() -> Iterator[list[str]]:
        for member, (label, split) in zip(texts, folders, strict=True):
            with member.source.open() as stream:
                text = stream.read(MOST_IN_LINE).decode(encoding.name, errors=DAMAGED)
            yield [text.replace("\x00", "").removeprefix("\ufeff").strip(), label, split, member.path]

    held = {"text": True, "label": any(label for label, _ in folders), "split": any(split for _, split in folders)}
    columns = tuple(column for column in _COLUMNS if held.get(column, True))
    at = tuple(_COLUMNS.index(column) for column in columns)
    found = Found(kind, encoding.name, note=encoding.note)
    return OpenTable(name, size, found, columns, lambda places: batched(rows(), tuple(at[place] for place in places)))


def _meaning(folders: list[tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return label and split for each file; folders that all files share, and those beside neither, mean nothing."""
    shared = 0
    while folders and all(len(parts) > shared for parts in folders) and len({parts[shared] for parts in folders}) == 1:
        shared += 1
    if all(len(parts) == shared for parts in folders) and shared:  # one folder holds all: it may be the class
        return [("", "") for _ in folders]
    rest = [parts[shared:] for parts in folders]
    split = all(parts and role_named(parts[0]) for parts in rest)
    return [(parts[-1] if len(parts) > split else "", parts[0] if split else "") for parts in rest]


class _Chain(io.RawIOBase):
    """The bytes of all files one after another, with a line break between."""

    def __init__(self, members: list[Member]) -> None:
        self._blocks = (block for member in members for block in (*member.source.blocks(), b"\n"))
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        block = self._rest or next(self._blocks, b"")
        view[: len(block)] = block[: len(view)]
        self._rest = block[len(view) :]
        return min(len(block), len(view))


def _file_opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _opener(source: Source, entry: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        with _told(source):
            return cast(BinaryIO, zipfile.ZipFile(source.open()).open(entry))

    return opened


@contextmanager
def _told(source: Source) -> Iterator[None]:
    try:
        yield
    except EstitchupError:
        raise
    except RuntimeError:
        raise EstitchupError(f"{source.name} is protected by a password: pack it without one.") from None
    except _DAMAGE:
        raise EstitchupError(f"{source.name} is cut off or damaged: pack it again.") from None


def _check_directory(source: Source) -> None:
    """Refuse a ZIP whose list of files alone would fill the memory; its size stands near the end."""
    if source.size <= _MOST_DIRECTORY:
        return
    end = b""
    for block in source.blocks():
        end = (end + block)[-66_000:]
    at = end.rfind(b"PK\x05\x06")
    if at >= 0 and len(end) >= at + 16 and struct.unpack_from("<I", end, at + 12)[0] > _MOST_DIRECTORY:
        raise EstitchupError(f"{source.name} lists more than {MOST_MEMBERS:,} files: bring the texts as one CSV.")


def _checked(path: str, name: str) -> str:
    path = path.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/") or path[1:2] == ":":
        raise EstitchupError(f"{name} holds the path {path[:60]!r}, which leads out of the archive: pack it again.")
    return path


def _is_file(entry: zipfile.ZipInfo) -> bool:
    """Return False for a folder, and for an entry without a name, which nothing can be said of."""
    return entry.filename != "" and not entry.is_dir()


def _is_meant(path: str) -> bool:
    """Return False for what systems put beside a person's files."""
    return not any(part.startswith((".", "__MACOSX")) or part == "Thumbs.db" for part in path.split("/"))
