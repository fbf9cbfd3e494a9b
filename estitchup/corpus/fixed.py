"""Applies the fixes of a spec to its rows, in their order; each says in a note what it changed.

What changes labels or classes comes before roles are drawn, because the draw is stratified by class. Leaving out single
texts comes after it: taken out before, they would move the draw, and other texts would then leak in their place.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.fixes import (
    DropClasses,
    DropDuplicates,
    DropTexts,
    Fix,
    MergeLabels,
    RelabelTexts,
    SettleLabels,
    text_digests,
)
from estitchup.corpus.roles import Role
from estitchup.corpus.rows import Rows
from estitchup.corpus.spec import CorpusSpec
from estitchup.corpus.wording import counted
from estitchup.errors import EstitchupError


def with_fixed_unknown(spec: CorpusSpec) -> CorpusSpec:
    """Return the spec whose unknown labels have the names, and are among the classes, that its fixes leave."""
    labels = spec.unknown_labels
    for fix in spec.fixes:
        if isinstance(fix, MergeLabels):
            labels = tuple(dict.fromkeys(fix.renamed.get(label, label) for label in labels))
        elif isinstance(fix, DropClasses):
            labels = tuple(label for label in labels if label not in fix.labels)
    return spec if labels == spec.unknown_labels else spec.model_copy(update={"unknown_labels": labels})


def with_fixed_labels(rows: Rows, fixes: Iterable[Fix]) -> Rows:
    """Return the rows after all fixes but those of single texts."""
    for fix in fixes:
        if isinstance(fix, MergeLabels):
            rows = _merged(rows, fix)
        elif isinstance(fix, SettleLabels):
            rows = _settled(rows)
        elif isinstance(fix, DropDuplicates):
            repeated = pd.DataFrame({"key": rows.keys, "label": rows.labels}).duplicated()
            rows = _without(rows, repeated.to_numpy(dtype=bool), "that repeat another")
        elif isinstance(fix, DropClasses):
            rows = _without(rows, np.isin(rows.labels, fix.labels), "of classes that are left out")
    return rows


def with_fixed_texts(rows: Rows, fixes: Iterable[Fix]) -> Rows:
    """Return the rows after the fixes that leave out or relabel single texts; their roles are final."""
    fixes = tuple(fixes)
    for fix in fixes:
        if isinstance(fix, DropTexts):
            named = np.isin(text_digests(rows.texts), fix.texts)
            within = np.isin(rows.roles, fix.roles) if fix.roles else True
            rows = _without(rows, named & within, fix.reason)
        elif isinstance(fix, RelabelTexts):
            rows = _relabelled(rows, fix, fixes)
    return rows


def _relabelled(rows: Rows, fix: RelabelTexts, fixes: tuple[Fix, ...]) -> Rows:
    """Give training rows the labels of the fix, in the spelling that the other fixes leave."""
    spelled = with_merged_names(fix.texts, fixes)
    there = set(rows.labels)
    new = {text: label for label, texts in zip(spelled, fix.texts.values(), strict=True) for text in texts}
    digests, train = text_digests(rows.texts).tolist(), rows.roles == Role.TRAIN
    labels = rows.labels.copy()
    for row in np.flatnonzero(train & (rows.labels != "")).tolist():
        label = new.get(digests[row])
        if label in there:
            labels[row] = label
    changed = int((labels != rows.labels).sum())
    if not changed:
        return rows
    return replace(rows, labels=labels).noted(
        f"Fixed: gave {counted(changed, 'training row')} the label of the neighbours."
    )


def with_merged_names(labels: Iterable[str], fixes: Iterable[Fix]) -> list[str]:
    """Return the names that the labels have after the fixes."""
    names = list(labels)
    for fix in fixes:
        if isinstance(fix, MergeLabels):
            names = [fix.renamed.get(name, name) for name in names]
    return names


def _merged(rows: Rows, fix: MergeLabels) -> Rows:
    renamed = fix.renamed
    labels = np.array([renamed.get(label, label) for label in rows.labels], dtype=object)
    changed = int((labels != rows.labels).sum())
    if not changed:
        return rows
    return replace(rows, labels=labels).noted(f"Fixed: gave {counted(changed, 'row')} another spelling of the label.")


def _settled(rows: Rows) -> Rows:
    """Give each key its most frequent label; a key whose most frequent labels tie is left out."""
    labelled = rows.labels != ""
    counts = pd.DataFrame({"key": rows.keys, "label": rows.labels})[labelled].value_counts(["key", "label"])
    table = counts.rename("count").reset_index()
    table["most"] = table["count"] == table.groupby("key")["count"].transform("max")
    several = table["key"].isin(table.loc[table["key"].duplicated(), "key"])
    winners = table[several & table["most"]]
    tied = set(winners.loc[winners["key"].duplicated(), "key"])
    chosen = dict(zip(winners["key"], winners["label"], strict=True))
    labels = np.array(
        [chosen.get(key, label) if label else "" for key, label in zip(rows.keys, rows.labels, strict=True)], object
    )
    changed = int((labels != rows.labels).sum())
    out = np.array([key in tied for key in rows.keys], dtype=bool) & labelled
    rows = replace(rows, labels=labels)
    if changed:
        rows = rows.noted(f"Fixed: gave {counted(changed, 'row')} the label its text has most often.")
    return _without(rows, out, "whose labels contradict each other evenly")


def _without(rows: Rows, dropped: NDArray[np.bool_], why: str) -> Rows:
    if not dropped.any():
        return rows
    if dropped.all():
        raise EstitchupError(f"The fixes leave out every row {why}: undo one.")
    return rows.kept(~dropped).noted(f"Fixed: left out {counted(int(dropped.sum()), 'row')} {why}.")
