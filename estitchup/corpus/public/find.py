"""Finds a public set: in the folder of local copies, among what was fetched before, or at its public home.

What is kept is one CSV a set, named after the checksums it came from, so that a changed source is another file.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from estitchup.corpus.public.fetch import check, fetch, whole_or_nothing
from estitchup.corpus.public.sets import PublicSet
from estitchup.errors import EstitchupError
from estitchup.home import home_folder
from estitchup.progress import Listener

DATA_FOLDER = "ESTITCHUP_DATA_DIR"


def public_file(wanted: PublicSet, listener: Listener | None = None) -> Path:
    """Return the path of the set's table: text, label and, where it has one, split.

    Looked for in this order: `clinc150.csv` and the like, then unchanged copies of the downloads, in the folder that
    ESTITCHUP_DATA_DIR names; what was fetched before; the set's home. Raises EstitchupError when it cannot be had, or a
    file is not what it should be.
    """
    copy = _local_table(wanted)
    if copy is not None:
        return copy
    kept = _kept(wanted)
    if kept.is_file():
        return kept
    copies = _local_downloads(wanted)
    if copies is not None:
        for download, path in zip(wanted.downloads, copies, strict=True):
            check(download, path, wanted.title)
        _keep(wanted, copies, kept)
        return kept
    with TemporaryDirectory(prefix="estitchup-") as folder:
        fetched = [Path(folder) / download.copy_name for download in wanted.downloads]
        for download, path in zip(wanted.downloads, fetched, strict=True):
            fetch(download, path, wanted.title, listener)
        _keep(wanted, fetched, kept)
    return kept


def is_at_hand(wanted: PublicSet) -> bool:
    """Return whether the set can be had without the network."""
    return _local_table(wanted) is not None or _kept(wanted).is_file() or _local_downloads(wanted) is not None


def _keep(wanted: PublicSet, files: Sequence[Path], kept: Path) -> None:
    table = wanted.table(files)
    try:
        with whole_or_nothing(kept) as partial:
            table.to_csv(partial, index=False, encoding="utf-8", lineterminator="\n")
    except OSError as error:
        raise EstitchupError(
            f"{wanted.title} cannot be kept in {str(kept.parent)!r} ({error}): make room, or set ESTITCHUP_HOME to a "
            "writable folder."
        ) from None


def _kept(wanted: PublicSet) -> Path:
    source = hashlib.sha256("".join(download.sha256 for download in wanted.downloads).encode()).hexdigest()
    return home_folder() / "public" / f"{wanted.name}-{source[:8]}.csv"


def _local_table(wanted: PublicSet) -> Path | None:
    folder = os.environ.get(DATA_FOLDER)
    path = Path(folder or "") / f"{wanted.name}.csv"
    return path.resolve() if folder and path.is_file() else None


def _local_downloads(wanted: PublicSet) -> list[Path] | None:
    folder = os.environ.get(DATA_FOLDER)
    paths = [Path(folder or "") / download.copy_name for download in wanted.downloads]
    return paths if folder and all(path.is_file() for path in paths) else None
