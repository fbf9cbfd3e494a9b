"""The study's figures as SVG, drawn by Matplotlib, which needs no browser; colours are the app's."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.study.verdicts import CLAIMS, Claim, differences
from estitchup.charts.palette import COLOURS
from estitchup.recipe import BASELINE

mpl.rcParams |= {"svg.hashsalt": "estitchup", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
PANELS = tuple(claim for claim in CLAIMS if claim.measure in ("accuracy", "epochs", "scaled_ece", "auroc"))


def draw_claims(claims: pd.DataFrame, path: Path) -> None:
    """Draw, for each claim and augmentation, the difference in every case, filled where it is clear."""
    names = [name for name in COLOURS if name != BASELINE and (claims["augmentation"] == name).any()]
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    for axes, claim in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        _draw_claim(axes, claim, differences(claims, claim.measure), names)
    _save(figure, path)


def _draw_claim(axes: Axes, claim: Claim, table: pd.DataFrame, names: Sequence[str]) -> None:
    table = table[table["seeds"] > 1]
    for place, name in enumerate(names):
        own = table[table["augmentation"] == name].sort_values("mean")
        heights = place + (pd.Series(range(len(own))) / max(len(own) - 1, 1) - 0.5) * 0.6
        clear = ((own["low"] > 0) | (own["high"] < 0)).to_numpy()
        values = claim.factor * own["mean"].to_numpy()
        for chosen, face in ((clear, COLOURS[name]), (~clear, "none")):
            axes.scatter(values[chosen], heights[chosen], s=20, facecolors=face, edgecolors=COLOURS[name], linewidths=1)
    axes.axvline(0, color="#808080", linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.locator_params(axis="x", nbins=5)
    better = "right is better" if claim.higher_is_better else "left is better"
    axes.set_title(f"{claim.title} ({better})", loc="left", fontsize=10)
    axes.set_xlabel(f"difference from no augmentation, {claim.unit}")


def draw_budgets(budgets: pd.DataFrame, path: Path) -> None:
    """Draw test accuracy against the budget of epochs, one panel a set."""
    sets = list(budgets["set"].unique())
    figure = Figure(figsize=(4.5 * len(sets), 3.4), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(sets), squeeze=False).flat, sets, strict=True):
        own = budgets[budgets["set"] == name].groupby(["augmentation", "budget"])["accuracy"].mean().unstack(0)
        for augmentation in (cell for cell in COLOURS if cell in own):
            dashed = "--" if augmentation.startswith(("Soft", "Label")) else "-"
            axes.plot(
                own.index, 100 * own[augmentation], dashed, marker="o", color=COLOURS[augmentation], label=augmentation
            )
        axes.set_title(name, loc="left", fontsize=10)
        axes.set_xlabel("epochs, each budget with its own schedule")
        axes.set_ylabel("test accuracy (%)")
    axes.legend(frameon=False, fontsize=8)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})  # the same figures give the same file
