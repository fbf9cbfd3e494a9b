"""Builds a corpus from a table and a spec: which classes are known, and which row plays which role.

Whatever is missing is drawn from the training rows by the spec's seed; whatever cannot make an experiment is refused
with the reason.
"""

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.corpus import Corpus
from estitchup.corpus.files import Loaded, load_files
from estitchup.corpus.fixed import with_fixed_labels, with_fixed_texts, with_fixed_unknown
from estitchup.corpus.roles import Role
from estitchup.corpus.rows import Rows, rows_of
from estitchup.corpus.spec import CorpusSpec
from estitchup.corpus.split import DRAWN_ROLES, draw_roles
from estitchup.corpus.wording import counted, listed, quoted
from estitchup.errors import EstitchupError

FEWEST_ROWS = 10
"""Labelled rows of known classes below which no experiment starts."""


def load_corpus(spec: CorpusSpec) -> Corpus:
    """Read the spec's files, or the sample, and build their corpus; raises EstitchupError as the two steps do."""
    first, *further = load_files(spec)
    return build_corpus(first.table, spec, first.vectors, further)


def build_corpus(
    table: pd.DataFrame,
    spec: CorpusSpec,
    vectors: NDArray[np.float32] | None = None,
    further: Sequence[Loaded] = (),
) -> Corpus:
    """Build the corpus that the spec makes of the table; the same table and spec give the same corpus.

    `vectors` (N, D) are the table's own embeddings; `further` are the files that the spec calls `more`. Raises
    EstitchupError where the columns, labels or rows cannot make an experiment.
    """
    rows = with_fixed_labels(rows_of([Loaded(table, vectors), *further], spec), spec.fixes)
    spec = with_fixed_unknown(spec)
    named = {*spec.unknown_labels, *rows.strangers}
    candidates = _candidates(rows, named, spec)
    held_out = _held_out(candidates, spec)
    rows = _with_drawn_roles(_with_held_out_noted(rows, held_out, candidates), {*named, *held_out}, spec)
    rows = with_fixed_texts(rows, spec.fixes)
    trained = _labels_of(rows.labels[rows.roles == Role.TRAIN])
    known = tuple(label for label in candidates if label in trained and label not in held_out)
    unknown = tuple(sorted(_labels_of(rows.labels) - set(known)))
    rows = _with_texts_noted(_with_absent_noted(rows, set(unknown) - {*named, *held_out}))
    place = {label: index for index, label in enumerate(known)}
    targets = np.array([place.get(label, -1) for label in rows.labels], dtype=np.int64)
    _check_roles(rows.roles[targets >= 0], spec)
    return Corpus(tuple(rows.texts), rows.labels, rows.roles, known, targets, unknown, rows.notes, rows.vectors)


def _candidates(rows: Rows, unknown: set[str], spec: CorpusSpec) -> list[str]:
    """Return the classes that could be trained on, sorted; refuse a table that has too little of them."""
    labels = _labels_of(rows.labels)
    if not labels:
        raise EstitchupError(f"Column {quoted(spec.label_column or '')} holds no labels: choose the column that does.")
    _check_unknown_labels(labels, spec)
    trained = _labels_of(rows.labels[rows.roles == Role.TRAIN])
    if not trained:
        raise EstitchupError(
            f"Split column {quoted(spec.split_column or '')} marks no row as train: mark some, or choose none."
        )
    candidates = sorted(trained - unknown)
    if not candidates:
        raise EstitchupError(f"Every training row is of an unknown class, {listed(trained)}: name fewer as unknown.")
    if len(candidates) == 1:
        fix = "" if spec.label_column else ", from a column with labels or a further file for each"
        only = listed(candidates)
        raise EstitchupError(f"There is one known class only, {only}: a classifier needs at least 2{fix}.")
    count = int(pd.Series(rows.labels).isin(candidates).sum())
    if count < FEWEST_ROWS:
        raise EstitchupError(f"{counted(count, 'row')} with a known label: an experiment needs at least {FEWEST_ROWS}.")
    return candidates


def _check_unknown_labels(labels: set[str], spec: CorpusSpec) -> None:
    for label in spec.unknown_labels:
        if label not in labels:
            by_folded = {other.casefold(): other for other in sorted(labels)}
            near = difflib.get_close_matches(label.casefold(), by_folded, n=3)
            among = listed(by_folded[match] for match in near) or listed(sorted(labels))
            raise EstitchupError(
                f"The unknown label {quoted(label)} does not occur in column {quoted(spec.label_column or '')}: "
                f"did you mean {among}?"
            )


def _held_out(candidates: list[str], spec: CorpusSpec) -> frozenset[str]:
    """Draw the classes to hold out; a larger share with the same seed holds out these and more."""
    if spec.unknown_share == 0:
        return frozenset()
    if len(candidates) < 3:
        raise EstitchupError(
            f"An unknown share of {spec.unknown_share:g} leaves fewer than 2 of {len(candidates)} classes to train on: "
            "bring more classes, or set it to 0."
        )
    count = min(max(1, round(spec.unknown_share * len(candidates))), len(candidates) - 2)
    return frozenset(np.random.default_rng((spec.seed, 0)).permutation(np.array(candidates, dtype=object))[:count])


def _with_drawn_roles(rows: Rows, unknown: set[str], spec: CorpusSpec) -> Rows:
    """Give training rows the roles that no row has yet."""
    missing = [role for role in DRAWN_ROLES if not (rows.roles == role).any()]
    shares = _shares(unknown, set(rows.strangers), spec, missing)
    train = rows.roles == Role.TRAIN
    roles = rows.roles.astype("<U10")
    keys, labels = rows.keys[train], rows.labels[train]
    roles[train] = draw_roles(keys, labels, shares, np.random.default_rng((spec.seed, 1)))
    distinct = Counter(labels[~pd.Series(keys).duplicated().to_numpy(dtype=bool)])
    small = [label for label, count in distinct.items() if label not in unknown and count < (shares(label) > 0).sum()]
    return _with_small_noted(replace(rows, roles=roles), small)


def _shares(
    unknown: set[str], strangers: set[str], spec: CorpusSpec, missing: list[Role]
) -> Callable[[str], NDArray[np.float64]]:
    """Return each class's shares of `DRAWN_ROLES`.

    Without a split column, unknown classes stay out of training, where they would be wasted, and those of a file of
    their own always do. With one, the given roles stand, and every class gives its share to a missing role.
    """
    wanted = {Role.TEST: spec.test_share, Role.VALIDATION: spec.validation_share}
    every = np.array([wanted.get(role, 0.0) for role in DRAWN_ROLES])
    drawn = np.array([wanted[role] if role in missing else 0.0 for role in DRAWN_ROLES])
    mixed = drawn + (1 - drawn.sum()) * (np.array(DRAWN_ROLES) == Role.TRAIN)
    refused = drawn / drawn.sum() if spec.split_column is None and drawn.any() else mixed
    of_strangers = every / every.sum()
    return lambda label: of_strangers if label in strangers else refused if label in unknown else mixed


def _labels_of(labels: Iterable[str]) -> set[str]:
    return set(labels) - {""}


def _with_held_out_noted(rows: Rows, held_out: frozenset[str], candidates: list[str]) -> Rows:
    if not held_out:
        return rows
    share = f"{len(held_out)} of {counted(len(candidates), 'class')}"
    return rows.noted(f"Held out {share} as unknown: {listed(sorted(held_out))}.")


def _with_small_noted(rows: Rows, small: list[str]) -> Rows:
    if not small:
        return rows
    return rows.noted(
        f"{counted(len(small), 'class')} with too few different texts for every role, so that some are never "
        f"validated or tested (the first text trains, the second tests): {listed(sorted(small))}."
    )


def _with_absent_noted(rows: Rows, absent: set[str]) -> Rows:
    if not absent:
        return rows
    count = counted(len(absent), "class")
    return rows.noted(f"{count} without training rows, counted as unknown: {listed(sorted(absent))}.")


def _with_texts_noted(rows: Rows) -> Rows:
    """Note texts that contradict themselves or were damaged before they came here."""
    labelled = pd.DataFrame({"key": rows.keys, "label": rows.labels})[rows.labels != ""]
    contradictory = int((labelled.groupby("key")["label"].nunique() > 1).sum())
    if contradictory:
        rows = rows.noted(f"{counted(contradictory, 'text')} with more than one label, kept as given.")
    damaged = sum("\ufffd" in text for text in rows.texts)
    if damaged:
        rows = rows.noted(f"{counted(damaged, 'text')} with the character �: the file was saved in a wrong encoding.")
    return rows


def _check_roles(roles: NDArray[np.str_], spec: CorpusSpec) -> None:
    """Refuse a corpus in which no known class trains, validates or tests; `roles` are of known rows only."""
    for role in (Role.TRAIN, Role.VALIDATION, Role.TEST):
        if not (roles == role).any():
            marks = f"mark some in column {quoted(spec.split_column or '')}"
            given = f"{marks}, hold out fewer classes, or choose no split column"
            fix = "bring 3 or more different texts a class" if spec.split_column is None else given
            raise EstitchupError(f"No {role} rows of a known class: {fix}.")
