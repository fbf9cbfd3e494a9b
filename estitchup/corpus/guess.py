"""Guesses the whole spec of a corpus from its files, so that a person only confirms; app and command line alike."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from estitchup.corpus.columns import ColumnGuess, guess_columns, guess_unknown_labels
from estitchup.corpus.files import path_of
from estitchup.corpus.reading import Look, Reading, look_at, read_table
from estitchup.corpus.roles import SYNONYMS
from estitchup.corpus.spec import CorpusSpec, FileSpec, Use

_UNKNOWN_WORDS = {"ood", "oos", "unknown", "outofscope", "scope", "outlier", "outliers", "background"}
_USES = {word: Use(role.value) for role, words in SYNONYMS.items() for word in words}
_USES |= dict.fromkeys(_UNKNOWN_WORDS, Use.UNKNOWN)


def guess_use(name: str) -> Use | None:
    """Return what a file's name says it is for, such as test for "intents_test.csv"; None where it says nothing.

    A word for unknown texts counts before one for a role: "oos_test" holds unknown texts.
    """
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", PurePath(name).stem).casefold())
    uses = [_USES[word] for word in words if word in _USES]
    return Use.UNKNOWN if Use.UNKNOWN in uses else next(iter(uses), None)


def guess_first(files: Sequence[str]) -> int:
    """Return the place of the file with the training texts: one that says so, else the first that says nothing else."""
    uses = [guess_use(file) for file in files]
    return next((uses.index(use) for use in (Use.TRAIN, None) if use in uses), 0)


def guess_spec(
    file: str, reading: Reading | None = None, more: Sequence[FileSpec] = (), vectors: str | None = None
) -> CorpusSpec:
    """Return the spec that the names and contents of the first file's columns suggest; raises EstitchupError.

    A column that cannot be guessed is "". `vectors` is an array file beside the table, if there is one.
    """
    reading = reading or Reading()
    look = look_at(path_of(file), reading=reading)
    cells = look.head.drop(columns=list(look.vector_columns))
    guess = guess_columns(cells)
    vectors = vectors or next(iter(look.vector_columns), None)
    if vectors and guess.label is None and guess.text and not cells[guess.text].is_unique:
        guess = ColumnGuess(None, guess.text, guess.split)  # without texts, the words there are label the rows
    texts_alone = len(cells.columns) == 1 and guess.label is None
    return CorpusSpec(
        file=file,
        text_column=guess.text or (_identifier(look, guess.label, guess.split) if vectors else ""),
        label_column=None if texts_alone else guess.label or "",
        label=label_of(file) if texts_alone else None,
        split_column=guess.split,
        vectors=vectors,
        reading=reading,
        more=tuple(more),
        unknown_labels=guess_unknown_labels(labels_in(file, guess.label, reading)) if guess.label else (),
    )


def guess_further(file: str, first: CorpusSpec, reading: Reading | None = None) -> FileSpec:
    """Return what a further file is for, and its columns where it lacks the first one's; raises EstitchupError."""
    reading = reading or Reading()
    look = look_at(path_of(file), reading=reading)
    return described(look, FileSpec(file=file, use=guess_use(file) or _use_of(look, first), reading=reading), first)


def described(look: Look, file: FileSpec, first: CorpusSpec) -> FileSpec:
    """Return the file with its own columns where it lacks the first file's, and one label where it has none."""
    cells = look.head.drop(columns=list(look.vector_columns))
    if len(cells.columns) == 1:
        needs = file.use in (Use.TRAIN, Use.VALIDATION, Use.TEST)
        return file.model_copy(update={"label": file.label or (label_of(file.file) if needs else None)})
    guess = guess_columns(cells)
    own = {}
    if first.text_column not in look.columns:
        own["text_column"] = file.text_column or guess.text
    if first.label_column not in look.columns and file.label is None:
        own["label_column"] = file.label_column or guess.label
    return file.model_copy(update=own)


def labels_in(file: str, column: str, reading: Reading | None = None) -> list[str]:
    """Return the distinct labels of a column, sorted; reads nothing else. Raises EstitchupError."""
    cells = read_table(path_of(file), reading=reading, columns=[column])[column]
    return sorted(set(cells.unique()) - {""}) if len(cells) else []


def label_of(file: str) -> str:
    """Return the label of a file that holds the texts of one class: its name without endings."""
    return PurePath(file).name.split(".")[0]


def _use_of(look: Look, first: CorpusSpec) -> Use:
    """Return training for a file with labels, or beside another without; the pool for texts alone beside labels."""
    return Use.TRAIN if first.label_column in look.columns or first.label is not None else Use.POOL


def _identifier(look: Look, *others: str | None) -> str | None:
    """Return the first column whose cells are all different, by which rows can be called."""
    free = [name for name in look.columns if name not in (*others, *look.vector_columns)]
    return next((name for name in free if look.head[name].is_unique and (look.head[name] != "").all()), None)
