"""How much softening where texts are few: ε with 10 and 50 texts a class, in the two soft cells, with the MLP head.

The sweep has every text at hand. Most people have fewer, and what softens 100 texts a class may blur 10.
"""

import itertools
from dataclasses import asdict
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.study.claims import Case, measured, runs_of
from benchmarks.study.kept import Kept
from benchmarks.study.measures import interval
from benchmarks.study.sets import LabelledSet
from benchmarks.study.sweep import EPSILONS
from benchmarks.study.tables import markdown, told
from benchmarks.study.verdicts import CLAIMS
from estitchup.recipe import DEFAULT_EPSILON, Augmentation, HeadSpec, Mix, TrainingSpec
from estitchup.training import train

SEEDS = 10
SIZES = (10, 50)
CELLS = {Mix.NONE: "Label softening", Mix.STITCHUP: "Soft E-Stitchup"}
MEASURES = {"validation_accuracy": CLAIMS[0], "validation_auroc": CLAIMS[5], "accuracy": CLAIMS[0], "auroc": CLAIMS[5]}
COLUMNS = ("validation accuracy, points", "validation AUROC", "test accuracy, points", "test AUROC")


def few(one: LabelledSet, kept: Kept, seeds: int = SEEDS, sizes: tuple[int, ...] = SIZES) -> pd.DataFrame:
    """Return a row for each number of texts a class, cell, ε and seed."""
    settings = [Augmentation(mix=mix, epsilon=epsilon) for mix, epsilon in itertools.product(CELLS, EPSILONS)]
    tables = []
    for size in sizes:
        case = Case(one.name, "unknown classes", size, "mlp")
        key = asdict(case) | {"seeds": seeds, "settings": [own.model_dump() for own in settings]}
        key |= {"training": TrainingSpec().model_dump(), "corpus": one.corpus.digest}
        tables.append(kept.table("few", key, partial(_run, one, case, settings, seeds)))
        print(f"  softening of {one.name}, {size} texts a class", flush=True)
    return pd.concat(tables, ignore_index=True)


def _run(one: LabelledSet, case: Case, settings: list[Augmentation], seeds: int) -> pd.DataFrame:
    runs = runs_of(one, case, tuple(settings), seeds)
    table = measured(one, runs, train(one.data, runs, HeadSpec(kind=case.head), TrainingSpec()))
    each = [own for own in settings for _ in range(seeds)]
    cells, epsilons = [CELLS[own.mix] for own in each], [own.epsilon for own in each]
    return table.assign(cell=cells, epsilon=epsilons, texts_a_class=case.texts_a_class, set=one.name)


def differences(table: pd.DataFrame) -> pd.DataFrame:
    """Return how each ε differs from the app's, paired over sets and seeds: a row for each size, cell and ε."""
    rows = []
    for (size, cell), own in table.groupby(["texts_a_class", "cell"], sort=False):
        wide = {name: own.pivot(index=["set", "seed"], columns="epsilon", values=name) for name in MEASURES}
        for epsilon in sorted(set(own["epsilon"]) - {DEFAULT_EPSILON}):
            gaps = {name: interval((w[epsilon] - w[DEFAULT_EPSILON]).to_numpy(np.float64)) for name, w in wide.items()}
            rows.append({"texts_a_class": size, "cell": cell, "epsilon": epsilon} | gaps)
    return pd.DataFrame(rows)


def few_table(table: pd.DataFrame) -> str:
    """Return the differences from the app's ε, on validation and on test."""
    rows = (
        [str(row.texts_a_class), str(row.cell), f"{row.epsilon:g}"]
        + [told(claim, getattr(row, name)) for name, claim in MEASURES.items()]
        for row in differences(table).itertuples()
    )
    return markdown(["texts a class", "cell", "ε", *COLUMNS], rows)


def few_sentence(table: pd.DataFrame) -> str:
    """Say how often validation clearly prefers each ε to the app's, and how often the app's to it."""
    chosen_by = [name for name in MEASURES if name.startswith("validation")]
    parts = []
    for epsilon, own in differences(table).groupby("epsilon"):
        gaps = own[chosen_by].to_numpy().ravel()
        better, worse = (sum(gap.clear and sign * gap.mean > 0 for gap in gaps) for sign in (1, -1))
        parts.append(f"ε = {epsilon:g} is clearly better in {better} and clearly worse in {worse} of {len(gaps)}")
    seeds = table["seed"].nunique()
    return f"Comparisons with ε = {DEFAULT_EPSILON:g} on validation, {seeds} seeds a set: {'; '.join(parts)}."
