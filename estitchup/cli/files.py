"""What the command line says about files of texts, with the rest guessed as in the app, and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape

from estitchup.cli.root import told
from estitchup.corpus import (
    CorpusSpec,
    FileSpec,
    Found,
    Reading,
    Use,
    described,
    guess_spec,
    guess_unknown_labels,
    is_array_file,
    labels_in,
    look_at,
    path_of,
)
from estitchup.corpus.public import PUBLIC_SETS
from estitchup.errors import EstitchupError

NOTHING = "-"  # said where a guess is not wanted
_DELIMITERS = {"tab": "\t", "\\t": "\t", "line": "\n", "comma": ",", "semicolon": ";"}


@dataclass(frozen=True)
class Said:
    """What was said about the files; None where nothing was, and it is guessed."""

    text: str | None
    label: str | None
    split: str | None
    unknown: Sequence[str] | None
    unknown_share: float
    vectors: str | None
    beside: Mapping[Use, Sequence[str]]
    reading: Reading


def reading_of(encoding: str | None, delimiter: str | None, sheet: str | None, records: str | None) -> Reading:
    """Return how the files are read; the delimiter may be a word, such as tab. Raises EstitchupError."""
    character = None if delimiter is None else _DELIMITERS.get(delimiter, delimiter)
    return Reading(encoding=encoding, delimiter=character, sheet=sheet, records=records)


def corpus_spec(file: str, said: Said) -> CorpusSpec:
    """Return the spec of the files; raises EstitchupError where something is neither said nor clear."""
    path = _whole(file)
    vectors = _whole(said.vectors) if said.vectors and is_array_file(said.vectors) else said.vectors
    guess = guess_spec(path, said.reading, vectors=None if vectors == NOTHING else vectors)
    text, label, split = said.text or guess.text_column, said.label or guess.label_column, said.split
    changes: dict[str, Any] = {
        "text_column": None if text == NOTHING else text,
        "label_column": label or None,
        "label": None if said.label else guess.label,
        "split_column": guess.split_column if split is None else None if split == NOTHING else split,
        "vectors": None if vectors == NOTHING else guess.vectors,
        "unknown_share": said.unknown_share,
    }
    if (not changes["text_column"] and not changes["vectors"]) or not (label or changes["label"]):
        missing = "--label" if text else "--text"
        raise EstitchupError(f"It is not clear which column of {file!r} is which: name it with {missing}.")
    changes["unknown_labels"] = _unknown(path, label, said)
    spec = CorpusSpec.model_validate({**guess.model_dump(), **changes})
    spec = spec.model_copy(update={"more": tuple(_further(said, spec))})
    _tell(spec, look_at(path_of(path), reading=said.reading).found)
    return spec


def _unknown(path: str, label: str | None, said: Said) -> tuple[str, ...]:
    """Return the labels to refuse; they are guessed where neither they nor a share of the classes is said."""
    if said.unknown is not None:
        return tuple(name for name in said.unknown if name != NOTHING)
    if said.unknown_share or not label:
        return ()
    look = look_at(path_of(path), reading=said.reading)
    return guess_unknown_labels(labels_in(path, label, said.reading)) if label in look.columns else ()


def _further(said: Said, first: CorpusSpec) -> list[FileSpec]:
    files = [file_beside(name, use) for use, names in said.beside.items() for name in names]
    return [described(look_at(path_of(file.file)), file, first) for file in files]


def file_beside(name: str, use: Use) -> FileSpec:
    """Return what is said of a file beside the first: its path, after which `?text=…&label=…` may name its columns.

    Raises EstitchupError for any other word there.
    """
    path, mark, columns = name.rpartition("?")
    if not mark or Path(name).exists():
        return FileSpec(file=_whole(name), use=use)
    named = dict(pair.partition("=")[::2] for pair in columns.split("&"))
    if not set(named) <= {"text", "label"} or not all(named.values()):
        raise EstitchupError(
            f"It is not clear what {columns!r} says of {path!r}: write '{path}?text=COLUMN&label=COLUMN'."
        )
    return FileSpec(file=_whole(path), use=use, text_column=named.get("text"), label_column=named.get("label"))


def _whole(file: str) -> str:
    return file if file in {"sample", *PUBLIC_SETS} else str(Path(file).expanduser().resolve())


def _tell(spec: CorpusSpec, found: Found) -> None:
    """Say on standard error what was taken for what."""
    if found.note:
        told.print(f"Note: {escape(found.note)}")
    label = spec.label_column or f"“{spec.label}” for all"
    told.print(
        f"Columns: text {escape(spec.text_column or 'none')}, label {escape(label)}, split "
        f"{escape(spec.split_column or 'none')}; unknown labels: {escape(', '.join(spec.unknown_labels) or 'none')}."
    )
    if spec.vectors:
        told.print(f"Vectors: {escape(spec.vectors)}, in place of an encoder.")
