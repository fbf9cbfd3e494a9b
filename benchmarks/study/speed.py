"""Does augmentation train faster? Accuracy when there are few epochs, and what an epoch costs.

Under a one-cycle schedule the epoch at which a level is reached says little, because accuracy comes late by design;
so every budget of epochs gets a schedule of its own, and augmentations are compared at equal budgets.
"""

import time
from functools import partial
from statistics import median

import pandas as pd

from benchmarks.study.claims import Case, measured, runs_of
from benchmarks.study.kept import Kept
from benchmarks.study.sets import LabelledSet
from estitchup.recipe import HeadSpec, Run, TrainingSpec, full_grid
from estitchup.training import train

BUDGETS = (2, 4, 8, 12)
SEEDS = 5
TIMED_SEEDS = 6
ROUNDS = 21


def budgets(one: LabelledSet, kept: Kept) -> pd.DataFrame:
    """Return a row for each budget of epochs, augmentation and seed: MLP, all texts, a quarter unknown."""
    case = Case(one.name, "unknown classes", None, "mlp")
    tables = []
    for epochs in BUDGETS:
        settings = {"case": case, "epochs": epochs, "seeds": SEEDS, "corpus": one.corpus.digest}
        compute = partial(_run, one, case, epochs)
        tables.append(kept.table("budgets", settings, compute))
        print(f"  {one.name}, {epochs} epochs", flush=True)
    return pd.concat(tables, ignore_index=True)


def _run(one: LabelledSet, case: Case, epochs: int) -> pd.DataFrame:
    runs = runs_of(one, case, full_grid(), SEEDS)
    table = measured(one, runs, train(one.data, runs, HeadSpec(), TrainingSpec(epochs=epochs)))
    return table.assign(set=one.name, budget=epochs)


def epoch_costs(one: LabelledSet, kept: Kept) -> pd.DataFrame:
    """Return each augmentation's seconds for a run-epoch, contestants in turn, and the median ratio."""
    settings = {"corpus": one.corpus.digest, "seeds": TIMED_SEEDS, "rounds": ROUNDS}
    return kept.table("costs", settings, lambda: _costs(one))


def _costs(one: LabelledSet) -> pd.DataFrame:
    grid = full_grid()
    rounds = [[_seconds(one, [Run(cell, seed) for seed in range(TIMED_SEEDS)]) for cell in grid] for _ in range(ROUNDS)]
    return pd.DataFrame(
        {
            "set": one.name,
            "augmentation": [cell.name for cell in grid],
            "seconds": [median(own) for own in zip(*rounds, strict=True)],
            "ratio": [median(a / r[0] for a, r in zip(own, rounds, strict=True)) for own in zip(*rounds, strict=True)],
        }
    )


def _seconds(one: LabelledSet, runs: list[Run]) -> float:
    started = time.perf_counter()
    train(one.data, runs, HeadSpec(), TrainingSpec(epochs=1))
    return (time.perf_counter() - started) / len(runs)
