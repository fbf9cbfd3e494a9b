"""The paper's four claims: six cells of the grid, ten paired seeds, on every set, at every size, with both heads.

A seed draws weights and batches; with "unknown classes" it also draws the quarter of the classes that nobody knows,
with few texts a class also the texts. All runs of a case train in one stack.
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.study.kept import Kept
from benchmarks.study.measures import measure
from benchmarks.study.sets import LabelledSet
from estitchup.comparison import epochs_to
from estitchup.corpus import Role
from estitchup.recipe import BASELINE, Augmentation, HeadSpec, Run, TrainingSpec, full_grid
from estitchup.training import TrainedStack, train

SEEDS = 10
SIZES: tuple[int | None, ...] = (10, 50, None)
FEWEST_MORE = 1.5  # a cut to n texts a class is a case where the classes hold clearly more


@dataclass(frozen=True)
class Case:
    """One row of the study: a set, what is unknown at test time, how many texts train a class, and the head."""

    set: str
    unknown: Literal["out-of-scope texts", "unknown classes"]
    texts_a_class: int | None
    head: Literal["linear", "mlp"]


def cases(one: LabelledSet) -> list[Case]:
    """Return the cases that a set can serve."""
    kinds: list[Literal["out-of-scope texts", "unknown classes"]] = ["unknown classes"]
    if one.has_out_of_scope:
        kinds.insert(0, "out-of-scope texts")
    typical = len(one.data.targets) / one.classes
    sizes = [size for size in SIZES if size is None or typical >= FEWEST_MORE * size]
    return [Case(one.name, kind, size, head) for kind in kinds for size in sizes for head in ("mlp", "linear")]


def claims(one: LabelledSet, kept: Kept, seeds: int = SEEDS) -> pd.DataFrame:
    """Return a row for each case, augmentation and seed: the measures, and the epochs to the baseline's accuracy."""
    tables = []
    for case in cases(one):
        settings = asdict(case) | {"seeds": seeds, "training": TrainingSpec().model_dump(), "corpus": one.corpus.digest}
        tables.append(kept.table("claims", settings, partial(run_case, one, case, seeds)))
        print(f"  {case}", flush=True)
    return pd.concat(tables, ignore_index=True)


def runs_of(one: LabelledSet, case: Case, augmentations: tuple[Augmentation, ...], seeds: int) -> list[Run]:
    """Return the runs, augmentation by augmentation, each with its seed's rows and classes."""
    every = np.ones(one.classes, bool)
    known = [one.known_classes(seed) if case.unknown == "unknown classes" else every for seed in range(seeds)]
    rows = [one.training_rows(seed, known[seed], case.texts_a_class) for seed in range(seeds)]
    return [
        Run(augmentation, seed, rows=rows[seed], classes=known[seed])
        for augmentation in augmentations
        for seed in range(seeds)
    ]


def run_case(one: LabelledSet, case: Case, seeds: int) -> pd.DataFrame:
    """Train and measure one case."""
    runs = runs_of(one, case, full_grid(), seeds)
    stack = train(one.data, runs, HeadSpec(kind=case.head), TrainingSpec())
    table = measured(one, runs, stack)
    table["epochs"] = _epochs_to_baseline(runs, stack)
    for name, value in asdict(case).items():
        table[name] = value
    return table


def measured(one: LabelledSet, runs: list[Run], stack: TrainedStack) -> pd.DataFrame:
    """Return a row for each run, with its measures on test texts and, for choosing, on validation texts."""
    validation, validation_targets = one.role(Role.VALIDATION)
    test, test_targets = one.role(Role.TEST)
    rows = []
    for place, run in enumerate(runs):
        head = stack.heads.only(place)
        held, held_targets = _as_seen(head.logits(validation)[0], validation_targets, run)
        logits, targets = _as_seen(head.logits(test)[0], test_targets, run)
        chosen_by = measure(held, held_targets, held, held_targets)
        rows.append(
            {"augmentation": run.augmentation.name, "seed": run.seed}
            | measure(logits, targets, held, held_targets)
            | {f"validation_{name}": chosen_by[name] for name in ("accuracy", "nll", "auroc")}
        )
    return pd.DataFrame(rows)


def _as_seen(logits: np.ndarray, targets: np.ndarray, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return logits and targets as a run that knows some classes sees them: the other classes are unknown."""
    if run.classes is None or run.classes.all():
        return logits, targets
    seen = np.where(targets >= 0, run.classes[targets], False)
    return np.where(run.classes, logits, -np.inf), np.where(seen, targets, -1)


def _epochs_to_baseline(runs: list[Run], stack: TrainedStack) -> list[float]:
    """Return each run's first epoch at the best validation accuracy of its seed's baseline; NaN without one."""
    curves = stack.history.validation_accuracies
    best = {
        run.seed: np.nanmax(curve) for run, curve in zip(runs, curves, strict=True) if run.augmentation.name == BASELINE
    }
    reached = [epochs_to(curve, best[run.seed]) for run, curve in zip(runs, curves, strict=True)]
    return [float("nan") if epoch is None else float(epoch) for epoch in reached]
