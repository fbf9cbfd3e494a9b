"""From labels to a new experiment: the corpus with what people said, and what that changed on the same test texts.

A labelled text leaves the pool and trains. A class that nobody had named before gives a fifth of its texts to
validation once it has ten. Test rows stay as they are, so that before and after answer the same texts; test texts of a
class that has become known count apart, because the experiment before could only get them wrong.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.comparison import Difference, paired_difference
from estitchup.corpus import CorpusSpec, Role
from estitchup.errors import EstitchupError
from estitchup.labels import Decision, Kind, text_keys
from estitchup.result import ExperimentResult
from estitchup.scores import RunScores
from estitchup.spec import ExperimentSpec

FEWEST_TO_VALIDATE = 10
VALIDATED = 5  # every fifth text of a new class
VECTOR = "vector"  # the column of embeddings that came with the corpus


@dataclass(frozen=True, eq=False)
class Relabelled:
    """The table of the new corpus, how many texts it gained, and its new classes.

    Its columns are text, label and split, and VECTOR where the embeddings came with the corpus.
    """

    table: pd.DataFrame
    gained: int
    new_classes: tuple[str, ...]
    unknown_labels: tuple[str, ...]

    def spec(self, before: ExperimentSpec, file: str) -> ExperimentSpec:
        """Return the experiment on this table, kept in `file`, with the settings of the one before."""
        corpus = CorpusSpec(
            file=file,
            text_column="text",
            label_column="label",
            split_column="split",
            vectors=VECTOR if VECTOR in self.table else None,
            unknown_labels=self.unknown_labels,
            seed=before.corpus.seed,
        )
        return before.model_copy(update={"corpus": corpus})


def relabelled(
    result: ExperimentResult, decisions: Mapping[str, Decision], vectors: NDArray[np.float32] | None = None
) -> Relabelled:
    """Enter the classes that people named into the corpus of an experiment; raises EstitchupError without any.

    Texts to which somebody said "none of these" or "skip" stay in the pool. Where embeddings came with the corpus, the
    new one needs them again: `vectors` (N, D) of all rows.
    """
    rows = result.rows[["text", "label", "role"]].rename(columns={"role": "split"}).reset_index(drop=True)
    keys = text_keys(rows["text"])
    waiting = ((rows["split"] == Role.POOL.value) & (rows["label"] == "")).to_numpy()
    named = {key: own.label for key, own in decisions.items() if own.kind is Kind.LABEL}
    gained = np.array([place for place, key in enumerate(keys) if waiting[place] and key in named], dtype=np.int64)
    if not len(gained):
        raise EstitchupError("No text of this pool has a class yet: label some texts first.")
    _withhold(rows, result)
    labels = pd.Series([named[keys[place]] for place in gained], index=gained)
    rows.loc[gained, "label"], rows.loc[gained, "split"] = labels, Role.TRAIN.value
    new = tuple(sorted(set(labels) - set(result.facts.classes)))
    rows.loc[_to_validate(labels, new), "split"] = Role.VALIDATION.value
    known = {*result.facts.classes, *new}
    unknown = tuple(sorted(set(rows["label"]) - known - {""}))
    if result.spec.corpus.vectors is not None:
        rows[VECTOR] = _as_lists(vectors, len(rows))
    return Relabelled(rows, len(gained), new, unknown)


def _as_lists(vectors: NDArray[np.float32] | None, rows: int) -> list[NDArray[np.float32]]:
    if vectors is None or len(vectors) != rows:
        raise EstitchupError("The vectors of these texts came with the file: give the one of every row.")
    return list(vectors)


def _withhold(rows: pd.DataFrame, result: ExperimentResult) -> None:
    """Move training rows of classes that were held out into the pool: nobody has labelled them here."""
    held_out = (rows["split"] == Role.TRAIN.value) & (result.rows["target"].to_numpy() < 0)
    rows.loc[held_out, "split"] = Role.POOL.value


def _to_validate(labels: pd.Series, new: tuple[str, ...]) -> list[int]:
    count = Counter(labels)
    chosen: list[int] = []
    for name in new:
        if count[name] >= FEWEST_TO_VALIDATE:
            chosen += labels.index[labels == name][VALIDATED - 1 :: VALIDATED].tolist()
    return chosen


@dataclass(frozen=True)
class Change:
    """What labels changed for one augmentation, with paired intervals; NaN where it cannot be measured.

    `accuracy` is on test texts whose class was known before, `auroc` on telling these from texts unknown before and
    after. `new_right` of `new_texts` test texts of newly known classes are answered right, mean over seeds.
    """

    name: str
    before: float
    after: float
    accuracy: Difference
    auroc: Difference
    new_texts: int
    new_right: float


def changes(before: ExperimentResult, after: ExperimentResult) -> list[Change]:
    """Compare two experiments on the same test texts; raises EstitchupError when they have different ones or seeds."""
    old, new = before.role_rows(Role.TEST), after.role_rows(Role.TEST)
    if old["text"].tolist() != new["text"].tolist() or before.spec.seeds != after.spec.seeds:
        raise EstitchupError("The two experiments have different test texts or seeds: retrain on the Label page.")
    was_known, is_known = old["target"].to_numpy() >= 0, new["target"].to_numpy() >= 0
    return [_change(name, before, after, was_known, is_known) for name in before.names if name in after.names]


def _change(
    name: str,
    before: ExperimentResult,
    after: ExperimentResult,
    was_known: NDArray[np.bool_],
    is_known: NDArray[np.bool_],
) -> Change:
    kept, refused, gained = was_known & is_known, ~was_known & ~is_known, ~was_known & is_known

    def scores(result: ExperimentResult) -> list[RunScores]:
        targets = result.role_rows(Role.TEST)["target"].to_numpy()[kept]
        logits = result.logits[Role.TEST.value][result.runs_of(name)]
        return [RunScores.of(run[kept], targets, run[refused]) for run in logits]

    old, new = scores(before), scores(after)
    targets = after.role_rows(Role.TEST)["target"].to_numpy()[gained]
    answers = after.logits[Role.TEST.value][after.runs_of(name)][:, gained].argmax(axis=-1)
    return Change(
        name,
        float(np.mean([run.metrics["accuracy"] for run in old])),
        float(np.mean([run.metrics["accuracy"] for run in new])),
        paired_difference("accuracy", new, old),
        paired_difference("auroc", new, old),
        int(gained.sum()),
        float((answers == targets).sum(axis=1).mean()),
    )
