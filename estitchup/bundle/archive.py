"""A bundle's files in a folder or a zip archive: written whole, read without trusting them.

Nothing is unpacked to disk. An archive from anywhere may name files outside of itself, or unpack to far more than it
seems; both are refused before anything is read.
"""

import io
import lzma
import os
import uuid
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from estitchup.errors import EstitchupError

MANIFEST, WEIGHTS, CARD = "bundle.json", "heads.safetensors", "README.md"
NEEDED = (MANIFEST, WEIGHTS)
MOST_TIMES = 20  # a bundle unpacks to 1.1 times its size; text alone to 5 times
_FREE_BYTES = 1 << 20
_DATE = (1980, 1, 1, 0, 0, 0)  # the same bundle gives the same archive

_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError, IndexError)


def read_files(path: Path) -> dict[str, bytes]:
    """Return the content of NEEDED from a folder or a zip archive; raises EstitchupError where they are not there."""
    if path.is_dir():
        return _from_folder(path)
    if not path.is_file():
        raise EstitchupError(f"There is no bundle {str(path)!r}: give a folder or zip that `estitchup bundle` wrote.")
    try:
        with zipfile.ZipFile(path) as archive:
            return _from_archive(archive, path)
    except _DAMAGE as error:
        raise EstitchupError(
            f"{str(path)!r} is no whole zip archive ({error}): save or download the bundle again."
        ) from None


def _from_folder(folder: Path) -> dict[str, bytes]:
    try:
        return {name: (folder / name).read_bytes() for name in NEEDED}
    except FileNotFoundError as error:
        raise _missing(str(folder), Path(error.filename).name) from None
    except OSError as error:
        raise EstitchupError(f"The bundle {str(folder)!r} cannot be read ({error}): check its permissions.") from None


def _from_archive(archive: zipfile.ZipFile, path: Path) -> dict[str, bytes]:
    entries = archive.infolist()
    for entry in entries:
        if _climbs(entry.filename):
            raise EstitchupError(
                f"{str(path)!r} holds {entry.filename!r}, a path outside of the archive: do not trust it, and get the "
                "bundle from where it was saved."
            )
    size, unpacked = path.stat().st_size, sum(entry.file_size for entry in entries)
    if unpacked > MOST_TIMES * size + _FREE_BYTES:
        raise EstitchupError(
            f"{str(path)!r} would unpack to {unpacked:,} bytes, {unpacked // size:,} times its size, and a bundle to "
            f"{MOST_TIMES} at most: do not trust it, and get the bundle from where it was saved."
        )
    top = _top_folder(entries)
    if top is None:
        raise _missing(str(path), MANIFEST)
    names = {entry.filename for entry in entries}
    for name in NEEDED:
        if top + name not in names:
            raise _missing(str(path), name)
    return {name: archive.read(top + name) for name in NEEDED}


def _climbs(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0][1:2] if parts.parts else True


def _top_folder(entries: list[zipfile.ZipInfo]) -> str | None:
    """Return where bundle.json is: at the top, or in the one folder that somebody packed; else None."""
    places = [entry.filename for entry in entries if PurePosixPath(entry.filename).name == MANIFEST]
    shallow = sorted((name for name in places if name.count("/") <= 1 and not name.startswith("__MACOSX")), key=len)
    return shallow[0].removesuffix(MANIFEST) if shallow else None


def _missing(where: str, name: str) -> EstitchupError:
    return EstitchupError(f"{where!r} is no bundle, as it holds no {name}: give what `estitchup bundle` wrote.")


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return the files as a zip archive; the same files give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            # Weights do not get smaller, and stored ones open faster.
            entry.compress_type = zipfile.ZIP_STORED if name == WEIGHTS else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return content.getvalue()


def write_files(files: Mapping[str, bytes], path: Path) -> None:
    """Write the files as a zip archive when the path ends in .zip, else into a folder; raises EstitchupError."""
    try:
        if path.suffix.lower() == ".zip":
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, zipped(files))
            return
        if path.is_dir() and (others := sorted({own.name for own in path.iterdir()} - {MANIFEST, WEIGHTS, CARD})):
            raise EstitchupError(
                f"The folder {str(path)!r} holds other files, such as {others[0]}: give a new or an empty folder."
            )
        path.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _write_whole(path / name, content)
    except OSError as error:
        raise EstitchupError(f"The bundle cannot be written to {str(path)!r} ({error}): give another path.") from None


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there."""
    partial = path.with_name(f"{uuid.uuid4().hex}.partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
