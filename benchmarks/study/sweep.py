"""What to use: α, ε, p and the head, one stack an ε, chosen on validation and only then looked at on test.

The rule is fixed beforehand: among the settings whose validation accuracy is within one standard error of the best,
the one with the highest validation AUROC of unknown texts, averaged over the sets. What ε alone does is told apart.
"""

import itertools
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.study.claims import Case, measured, runs_of
from benchmarks.study.kept import Kept
from benchmarks.study.measures import interval
from benchmarks.study.sets import LabelledSet
from estitchup.recipe import Augmentation, HeadSpec, Mix, TrainingSpec
from estitchup.training import train

SEEDS = 4
HEADS: tuple[Literal["mlp", "linear"], ...] = ("mlp", "linear")
ALPHAS = (0.05, 0.1, 0.2, 0.4, 1.0)
EPSILONS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)


def settings_of(epsilon: float) -> list[Augmentation]:
    """Return the settings of an ε: softening alone, mixes by α with all pairs mixed, half the pairs at the middle α."""
    mixes = (Mix.MIXUP, Mix.STITCHUP)
    grid = [Augmentation(mix=m, alpha=a, epsilon=epsilon) for m, a in itertools.product(mixes, ALPHAS)]
    halves = [Augmentation(mix=m, alpha=0.2, epsilon=epsilon, share=0.5) for m in mixes]
    return [Augmentation(epsilon=epsilon), *grid, *halves]


def sweep(one: LabelledSet, kept: Kept, seeds: int = SEEDS) -> pd.DataFrame:
    """Return a row for each setting, head and seed."""
    tables = []
    for head, epsilon in itertools.product(HEADS, EPSILONS):
        case = Case(one.name, "unknown classes", None, head)
        settings = settings_of(epsilon)
        described = [setting.model_dump() for setting in settings]
        key = {"case": case, "seeds": seeds, "settings": described, "corpus": one.corpus.digest}
        tables.append(kept.table("sweep", key, partial(_run, one, case, settings, seeds)))
        print(f"  sweep of {one.name}, {head}, ε = {epsilon:g}", flush=True)
    return pd.concat(tables, ignore_index=True)


def _run(one: LabelledSet, case: Case, settings: list[Augmentation], seeds: int) -> pd.DataFrame:
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


def softening(table: pd.DataFrame, mix: Mix, alpha: float, head: str = "mlp") -> pd.DataFrame:
    """Return a row for each ε of one mix with all pairs mixed, indexed by ε.

    `low`, `mean` and `high` are those of the difference of validation AUROC from the best ε, paired over sets and
    seeds; `gain` is the share of what the best ε gains over none; `ece` and `scaled_ece` are means on test.
    """
    mixed = mix is not Mix.NONE  # without a mix, α is not a setting
    own = table[(table["head"] == head) & (table["mix"] == mix.value) & (table["share"] == 1.0)]
    own = own[own["alpha"] == alpha] if mixed else own
    wide = own.pivot(index=["set", "seed"], columns="epsilon", values="validation_auroc")
    gaps = {epsilon: interval(wide[epsilon] - wide[wide.mean().idxmax()]) for epsilon in wide.columns}
    means = own.groupby("epsilon")[["validation_auroc", "ece", "scaled_ece"]].mean()
    auroc = means["validation_auroc"]
    means["gain"] = (auroc - auroc[0.0]) / (auroc.max() - auroc[0.0])
    return means.assign(**{name: [getattr(gap, name) for gap in gaps.values()] for name in ("low", "mean", "high")})
