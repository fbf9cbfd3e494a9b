"""What can be wrong with labels: several spellings, several for one text, too few texts, what the neighbours say."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.corpus import Corpus
from estitchup.corpus.fixes import (
    MOST_TEXTS,
    DropClasses,
    DropTexts,
    MergeLabels,
    RelabelTexts,
    SettleLabels,
    text_digests,
)
from estitchup.corpus.profile.finding import Example, Finding, Remedy, Severity
from estitchup.corpus.profile.neighbours import Vectors, suspected_labels
from estitchup.corpus.roles import Role
from estitchup.corpus.split import normalised
from estitchup.corpus.wording import counted, listed, quoted

SHOWN = 50
_SEPARATORS = r"[\s_\-./'’\"“”]+"
_BESIDE_NO_DIGIT = re.compile(rf"(?<!\d){_SEPARATORS}|{_SEPARATORS}(?!\d)")  # “1.0” and “10” are two names


def spelling_variants(corpus: Corpus) -> Finding | None:
    """Find labels that differ only by case, white space, hyphens and the like."""
    counts = Counter(label for label in corpus.labels.tolist() if label)
    groups: dict[str, list[str]] = {}
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        groups.setdefault(_skeleton(label), []).append(label)
    variants = tuple(tuple(group) for group in groups.values() if len(group) > 1)
    if not variants:
        return None
    names = "; ".join(listed(group) for group in variants[:4]) + (" …" if len(variants) > 4 else "")
    extra = sum(len(group) - 1 for group in variants)
    return Finding(
        "spelling variants",
        Severity.SERIOUS,
        f"{counted(len(variants), 'class')} spelled in several ways: {names}.",
        "A classifier is made to tell apart what is the same, and half of its right answers count as wrong.",
        tuple(Example("", name, "", f"{counts[name]:,} rows") for group in variants for name in group)[:SHOWN],
        MergeLabels(names=variants),
        f"Merge {counted(extra, 'spelling')}",
    )


def _skeleton(label: str) -> str:
    """Return what is left of a label without case and separators."""
    folded = unicodedata.normalize("NFKC", label).casefold().strip()
    return _BESIDE_NO_DIGIT.sub("", folded) or folded


def contradictions(corpus: Corpus) -> Finding | None:
    """Find texts that stand there with several labels."""
    table = pd.DataFrame({"key": normalised(corpus.texts), "label": corpus.labels})[corpus.labels != ""]
    several = table[table.groupby("key")["label"].transform("nunique") > 1]
    if several.empty:
        return None
    labels = several.groupby("key", sort=False)["label"].unique()
    examples = [_example(corpus, row, listed(labels[key])) for key, row in _first_rows(several).items()]
    return Finding(
        "contradictions",
        Severity.SERIOUS,
        f"{counted(len(labels), 'text')} with more than one label.",
        "No classifier can be right on all of them; in test they bound the accuracy from above.",
        tuple(examples[:SHOWN]),
        SettleLabels(),
        "Keep the most frequent label, leave out ties",
    )


def _first_rows(table: pd.DataFrame) -> dict[str, int]:
    return {key: int(row) for row, key in reversed(list(table["key"].items()))}


def small_classes(corpus: Corpus) -> Finding | None:
    """Find known classes that some role among training, validation and test has no text of."""
    roles = [role.value for role in (Role.TRAIN, Role.VALIDATION, Role.TEST)]
    counts = corpus.class_counts().loc[list(corpus.classes), roles]
    small = counts[(counts == 0).any(axis=1)]
    if small.empty:
        return None
    labels = tuple(str(label) for label in small.index)
    lacking = "never validated or never tested"
    enough = len(corpus.classes) - len(labels) >= 2
    return Finding(
        "small classes",
        Severity.MATTERS,
        f"{counted(len(labels), 'class')} too small to split, {lacking}: {listed(labels)}.",
        "What a classifier makes of them cannot be measured. Three different texts are the least, twenty are better.",
        tuple(Example("", label, "", f"{int(small.loc[label].sum()):,} rows") for label in labels[:SHOWN]),
        DropClasses(labels=labels) if enough else None,
        f"Leave out {counted(len(labels), 'class')}",
    )


def likely_errors(corpus: Corpus, units: Vectors) -> Finding | None:
    """Find labelled texts whose nearest training texts nearly all have one other label.

    Only training texts vote, and only training texts can be left out: a test without its hard texts would flatter.
    """
    reference = corpus.rows(Role.TRAIN, known=True)
    rows, likely = suspected_labels(units, corpus.targets, reference)
    if not len(rows):
        return None
    order = np.argsort(corpus.roles[rows] != Role.TRAIN, kind="stable")
    rows, likely = rows[order], likely[order]
    in_training = corpus.roles[rows] == Role.TRAIN
    train = rows[in_training]
    elsewhere = len(rows) - len(train)
    examples = tuple(
        _example(corpus, row, f"its neighbours: {quoted(corpus.classes[target])}")
        for row, target in zip(rows[:SHOWN].tolist(), likely.tolist(), strict=False)
    )
    beyond = f", {elsewhere:,} of them outside training" if elsewhere else ""
    return Finding(
        "likely label errors",
        Severity.MATTERS,
        f"{counted(len(rows), 'text')} whose label is doubtful{beyond}: the ten nearest training texts nearly all have "
        "another.",
        "Some are mistakes, some are hard: look at the examples. Only training texts are left out or relabelled, so "
        "that the test stays as hard as it is.",
        examples,
        drop(corpus, train, "whose neighbours have another label", (Role.TRAIN,)),
        f"Leave out {counted(len(train), 'training text')}",
        _relabelling(corpus, train, likely[in_training]),
    )


def _relabelling(corpus: Corpus, rows: NDArray[np.int64], targets: NDArray[np.int64]) -> tuple[Remedy, ...]:
    """Return the remedy that gives these rows' texts the labels of the targets, none for no rows or too many."""
    texts: dict[str, tuple[str, ...]] = {}
    digests = text_digests(corpus.texts[row] for row in rows.tolist()).tolist()
    suggested = dict(zip(digests, targets.tolist(), strict=True))  # a text that repeats gets one label
    for target in sorted(set(suggested.values())):
        texts[corpus.classes[target]] = tuple(text for text, chosen in suggested.items() if chosen == target)
    if not 0 < len(suggested) <= MOST_TEXTS:
        return ()
    return (Remedy(f"Relabel {counted(len(suggested), 'training text')} as suggested", RelabelTexts(texts=texts)),)


def drop(corpus: Corpus, rows: NDArray[np.int64], reason: str, roles: Iterable[Role] = ()) -> DropTexts | None:
    """Return the fix that leaves out these rows' texts; None for no rows, and for more than one fix may name."""
    texts = dict.fromkeys(text_digests(corpus.texts[row] for row in rows.tolist()).tolist())
    return DropTexts(texts=tuple(texts), reason=reason, roles=tuple(roles)) if 0 < len(texts) <= MOST_TEXTS else None


def _example(corpus: Corpus, row: int, beside: str) -> Example:
    return Example(corpus.texts[row], str(corpus.labels[row]), str(corpus.roles[row]), beside)
