"""Verdicts by a rule that was fixed before the figures: how often is a difference clear, and which way.

A difference is clear when its 95% interval leaves out 0. A claim *holds* when the difference is clear in three
quarters of the cases and clearly against in none, *does not hold* when it is clear in fewer than a quarter, and
*depends* otherwise.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.study.measures import interval
from estitchup.recipe import BASELINE

CASE = ("set", "unknown", "texts_a_class", "head")
MOST, FEW = 0.75, 0.25


@dataclass(frozen=True)
class Claim:
    """A claim, the measure that tests it, and whether higher is better."""

    title: str
    measure: str
    higher_is_better: bool
    unit: str
    factor: float = 1.0
    decimals: int = 3


CLAIMS = (
    Claim("More accurate", "accuracy", True, "points of accuracy", 100, 2),
    Claim("Faster to the baseline's accuracy", "epochs", False, "epochs", 1, 2),
    Claim("Better calibrated, as trained", "ece", False, "ECE"),
    Claim("Better calibrated, after temperature scaling", "scaled_ece", False, "ECE"),
    Claim("Lower NLL, after temperature scaling", "scaled_nll", False, "nats"),
    Claim("Better at refusing", "auroc", True, "AUROC"),
    Claim("Fewer unknown texts let through", "fpr_at_95_tpr", False, "points of FPR@95", 100, 1),
)


def differences(claims: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return a row for each case and augmentation: mean difference from *No augmentation*, with its interval.

    Columns are those of CASE, augmentation, seeds, mean, low, high. Seeds are paired; one without a figure is left out.
    """
    rows = []
    for case, table in claims.groupby(list(CASE), dropna=False, sort=False):
        wide = table.pivot(index="seed", columns="augmentation", values=measure)[table["augmentation"].unique()]
        for name in wide.columns.drop(BASELINE):
            pairs = (wide[name] - wide[BASELINE]).dropna()
            found = interval(pairs.to_numpy(np.float64))
            rows.append((*case, name, len(pairs), found.mean, found.low, found.high))
    return pd.DataFrame(rows, columns=[*CASE, "augmentation", "seeds", "mean", "low", "high"])


@dataclass(frozen=True)
class Verdict:
    """In how many of the cases an augmentation is clearly better and clearly worse."""

    augmentation: str
    cases: int
    better: int
    worse: int

    @property
    def word(self) -> str:
        """Return the verdict of the rule."""
        if self.cases and self.better >= MOST * self.cases and not self.worse:
            return "holds"
        return "does not hold" if self.better < FEW * self.cases else "depends"


def verdicts(claim: Claim, claims: pd.DataFrame) -> list[Verdict]:
    """Return a verdict for each augmentation."""
    table = differences(claims, claim.measure)
    up, down = table["low"] > 0, table["high"] < 0
    table["better"], table["worse"] = (up, down) if claim.higher_is_better else (down, up)
    measured = table[table["seeds"] > 1]
    return [
        Verdict(str(name), len(own), int(own["better"].sum()), int(own["worse"].sum()))
        for name, own in measured.groupby("augmentation", sort=False)
    ]


def depends_on(claim: Claim, claims: pd.DataFrame, augmentation: str) -> pd.DataFrame:
    """Return, for each value of each factor of a case, the cases, those clearly better, and the mean difference."""
    table = differences(claims, claim.measure)
    table = table[(table["augmentation"] == augmentation) & (table["seeds"] > 1)]
    table["better"] = table["low"] > 0 if claim.higher_is_better else table["high"] < 0
    table["texts_a_class"] = table["texts_a_class"].map(lambda count: "all" if pd.isna(count) else f"{count:.0f}")
    parts = []
    for factor in CASE:
        own = table.groupby(factor, sort=False).agg(
            cases=("better", "size"), better=("better", "sum"), mean=("mean", "mean")
        )
        parts.append(own.reset_index(names="value").assign(factor=factor))
    return pd.concat(parts, ignore_index=True)
