"""Turns the files of public sets, each in its own shape, into one table of text, label and split."""

import csv
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from estitchup.corpus.roles import Role

Files = Sequence[Path]
Table = Callable[[Files], pd.DataFrame]
Row = tuple[str, str, str]

# fmt: off
EMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)
# fmt: on
"""GoEmotions' labels in the order of its emotions.txt."""

_ANNOTATION = re.compile(r"\[[^\]:]*?\s*:+\s*([^\]]*?)\s*\]")  # “wake me [time : at five]”
_NLU_WIDTH = 11
_SCENARIO, _INTENT, _TEXT = 2, 3, 5  # the columns scenario, intent and answer_annotation
_MASSIVE_MEMBER = "1.1/data/en-US.jsonl"
_PARTS = {"train": Role.TRAIN, "dev": Role.VALIDATION, "val": Role.VALIDATION, "test": Role.TEST}


def clinc150(files: Files) -> pd.DataFrame:
    """Read data_full.json: lists of [text, intent] by split, those without an intent in lists of their own."""
    content = json.loads(files[0].read_text("utf-8"))
    rows = (
        (text, intent, _PARTS[part])
        for part in ("train", "val", "test")
        for key in (part, f"oos_{part}")
        for text, intent in content[key]
    )
    return _table(rows, "intent")


def banking77(files: Files) -> pd.DataFrame:
    """Read train.csv and test.csv; the set has no validation part."""

    def rows() -> Iterator[Row]:
        for path, role in zip(files, (Role.TRAIN, Role.TEST), strict=True):
            with path.open(encoding="utf-8", newline="") as file:
                yield from ((row["text"], row["category"], role) for row in csv.DictReader(file))

    return _table(rows(), "category")


def massive(files: Files) -> pd.DataFrame:
    """Read the English part of the archive, without unpacking the other fifty languages."""

    def rows() -> Iterator[Row]:
        with tarfile.open(files[0], "r:gz") as archive:
            member = archive.extractfile(_MASSIVE_MEMBER)
            for line in member or ():
                record = json.loads(line)
                yield record["utt"], record["intent"], _PARTS[record["partition"]]

    return _table(rows(), "intent")


def nlu_evaluation(files: Files) -> pd.DataFrame:
    """Read the annotated table; an intent's name is only unique within its scenario, and a few rows hold no text."""
    with files[0].open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, delimiter=";", skipinitialspace=True)
        next(lines)
        kept = [cells for cells in lines if len(cells) == _NLU_WIDTH and cells[_TEXT] not in ("", "null")]
    texts = [_ANNOTATION.sub(r"\1", cells[_TEXT]) for cells in kept]
    return pd.DataFrame({"text": texts, "intent": [f"{cells[_SCENARIO]}_{cells[_INTENT]}" for cells in kept]})


def go_emotions(files: Files) -> pd.DataFrame:
    """Read train.tsv, dev.tsv and test.tsv; of the comments only those with one emotion, as a classifier needs."""

    def rows() -> Iterator[Row]:
        for path, role in zip(files, (Role.TRAIN, Role.VALIDATION, Role.TEST), strict=True):
            with path.open(encoding="utf-8", newline="") as file:
                for text, emotions, _ in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                    if "," not in emotions:
                        yield text, EMOTIONS[int(emotions)], role

    return _table(rows(), "emotion")


def _table(rows: Iterator[Row], label: str) -> pd.DataFrame:
    return pd.DataFrame([(text, name, str(role)) for text, name, role in rows], columns=["text", label, "split"])
