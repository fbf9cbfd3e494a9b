"""What to use: α, ε, p and the head in one stack, chosen on validation and only then looked at on test.

The rule is fixed beforehand: among the settings whose validation accuracy is within one standard error of the best,
the one with the highest validation AUROC of unknown texts, averaged over the sets.
"""

import itertools
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.study.claims import Case, measured, runs_of
from benchmarks.study.kept import Kept
from benchmarks.study.sets import LabelledSet
from estitchup.recipe import Augmentation, HeadSpec, Mix, TrainingSpec
from estitchup.training import train

SEEDS = 4
ALPHAS = (0.05, 0.1, 0.2, 0.4, 1.0)
EPSILONS = (0.0, 0.02, 0.05, 0.1)
SHARES = (0.5, 1.0)


def settings_of() -> list[Augmentation]:
    """Return every setting: mixes by α and ε with all pairs mixed, half the pairs at the middle α, softening alone."""
    mixes = (Mix.MIXUP, Mix.STITCHUP)
    grid = [Augmentation(mix=m, alpha=a, epsilon=e) for m, a, e in itertools.product(mixes, ALPHAS, EPSILONS)]
    halves = [Augmentation(mix=m, alpha=0.2, epsilon=e, share=0.5) for m, e in itertools.product(mixes, EPSILONS)]
    return [*(Augmentation(epsilon=e) for e in EPSILONS), *grid, *halves]


def sweep(one: LabelledSet, kept: Kept, seeds: int = SEEDS) -> pd.DataFrame:
    """Return a row for each setting, head and seed."""
    tables = []
    for head in ("mlp", "linear"):
        case = Case(one.name, "unknown classes", None, head)
        described = [setting.model_dump() for setting in settings_of()]
        key = {"case": case, "seeds": seeds, "settings": described, "corpus": one.corpus.digest}
        tables.append(kept.table("sweep", key, partial(_run, one, case, seeds)))
        print(f"  sweep of {one.name}, {head}", flush=True)
    return pd.concat(tables, ignore_index=True)


def _run(one: LabelledSet, case: Case, seeds: int) -> pd.DataFrame:
    settings = settings_of()
    runs = runs_of(one, case, tuple(settings), seeds)
    table = measured(one, runs, train(one.data, runs, HeadSpec(kind=case.head), TrainingSpec()))
    for name in ("mix", "alpha", "epsilon", "share"):
        table[name] = [
            str(getattr(setting, name)) if name == "mix" else getattr(setting, name)
            for setting in settings
            for _ in range(seeds)
        ]
    return table.assign(set=one.name, head=case.head)


def chosen(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each setting and head, means over sets and seeds, with `within` and `chosen` by the rule."""
    keys = ["head", "mix", "alpha", "epsilon", "share"]
    means = table.groupby([*keys, "set"], as_index=False).mean(numeric_only=True)
    spread = table.groupby([*keys, "set"])["validation_accuracy"].sem().groupby(keys).max()
    over_sets = (
        means.groupby(keys, as_index=False)
        .mean(numeric_only=True)
        .merge(spread.rename("standard_error").reset_index(), on=keys)
    )
    return pd.concat([_marked(own) for _, own in over_sets.groupby("head")], ignore_index=True)


def _marked(own: pd.DataFrame) -> pd.DataFrame:
    best = own["validation_accuracy"].idxmax()
    within = own["validation_accuracy"] >= own.loc[best, "validation_accuracy"] - own.loc[best, "standard_error"]
    winner = own.loc[within, "validation_auroc"].idxmax()
    return own.assign(within=within, chosen=np.arange(len(own)) == own.index.get_loc(winner))
