"""What the study's page says of the sweep: the settings chosen on validation, and how much softening."""

import numpy as np
import pandas as pd

from benchmarks.study.sweep import chosen, softening
from benchmarks.study.tables import markdown, told
from benchmarks.study.verdicts import CLAIMS
from estitchup.comparison import Difference
from estitchup.recipe import BASELINE, DEFAULT_ALPHA, DEFAULT_EPSILON, Augmentation

SOFT_CELLS = ("Label softening", "Soft E-Stitchup")


def chosen_table(sweep: pd.DataFrame) -> str:
    """Return, head by head, the setting chosen on validation, the app's default and no augmentation, on test."""
    table = chosen(sweep)
    wanted = table["chosen"] | _default(table) | ((table["mix"] == "none") & (table["epsilon"] == 0))
    roles = ("validation accuracy %", "validation AUROC", "test accuracy %", "test AUROC")
    rows = ([*_setting(row), *_looked_at(row)] for _, row in table[wanted].iterrows())
    return markdown(["head", "setting", "mix", "α", "ε", "p", *roles], rows)


def _setting(row: "pd.Series[float]") -> list[str]:
    mixed = str(row["mix"]) != "none"
    kind = "chosen on validation" if row["chosen"] else ("the app's default" if mixed else BASELINE)
    alpha, share = (f"{row[name]:g}" if mixed else "–" for name in ("alpha", "share"))
    return [str(row["head"]), kind, str(row["mix"]), alpha, f"{row['epsilon']:g}", share]


def _looked_at(row: "pd.Series[float]") -> list[str]:
    figures = ((100 * row[f"{role}accuracy"], row[f"{role}auroc"]) for role in ("validation_", ""))
    return [text for accuracy, auroc in figures for text in (f"{accuracy:.2f}", f"{auroc:.4f}")]


def _default(table: pd.DataFrame) -> "pd.Series[bool]":
    mixed = (table["mix"] == "stitchup") & (table["alpha"] == DEFAULT_ALPHA) & (table["share"] == 1.0)
    return mixed & (table["epsilon"] == DEFAULT_EPSILON)


def defaults_sentence(sweep: pd.DataFrame) -> str:
    """Say how far the app's default is from the setting that validation chose, on test, with the MLP head."""
    own = sweep[sweep["head"] == "mlp"].copy()
    table = chosen(own)
    keys = ["mix", "alpha", "epsilon", "share"]
    picked, default = table[table["chosen"]][keys].iloc[0], table[_default(table)][keys].iloc[0]
    if picked.equals(default):
        return "Validation chose what the app offers as its default."
    sides = [own[(own[keys] == side).all(axis=1)].set_index(["set", "seed"]) for side in (picked, default)]
    parts = []
    for claim in (CLAIMS[0], CLAIMS[5]):
        gap = (sides[0][claim.measure] - sides[1][claim.measure]).dropna().to_numpy(np.float64)
        margin = 1.96 * gap.std(ddof=1) / np.sqrt(len(gap))
        parts.append(told(claim, Difference(gap.mean(), gap.mean() - margin, gap.mean() + margin)) + f" {claim.unit}")
    return f"On test the chosen setting differs from the app's default by {' and '.join(parts)}."


def softening_table(sweep: pd.DataFrame) -> str:
    """Return what each ε does to refusing, on validation, and to calibration, on test, in the two soft cells."""
    claim = CLAIMS[5]
    rows = (
        [
            name,
            f"{row.Index:g}",
            f"{row.validation_auroc:.4f}",
            f"{row.gain:.0%}",
            "best" if row.mean == 0 else told(claim, Difference(row.mean, row.low, row.high)),
            f"{row.ece:.3f}",
            f"{row.scaled_ece:.3f}",
        ]
        for name, table in _softenings(sweep).items()
        for row in table.itertuples()
    )
    measures = (
        "validation AUROC",
        "share of the gain",
        "from the best ε",
        "test ECE as trained",
        "after temperature scaling",
    )
    return markdown(["cell", "ε", *measures], rows)


def epsilon_sentence(sweep: pd.DataFrame) -> str:
    """Say how much of the gain the app's ε has."""
    own = {name: table.loc[DEFAULT_EPSILON] for name, table in _softenings(sweep).items()}
    parts = " and ".join(f"{row['gain']:.0%} of the gain with *{name}*" for name, row in own.items())
    return f"The app's default, ε = {DEFAULT_EPSILON:g}, has {parts}."


def _softenings(sweep: pd.DataFrame) -> dict[str, pd.DataFrame]:
    cells = {name: Augmentation.named(name) for name in SOFT_CELLS}
    return {name: softening(sweep, cell.mix, cell.alpha) for name, cell in cells.items()}
