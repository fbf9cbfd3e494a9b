"""The table of an experiment: what its columns are, how numbers are written, and what goes into the CSV file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from estitchup.comparison import Difference, Estimate


@dataclass(frozen=True)
class Column:
    """One column: heading and full name, how to write it, and the better direction (0: neither is better)."""

    heading: str
    meaning: str
    factor: int
    decimals: int
    better: int


COLUMNS = {
    "accuracy": Column("Accuracy %", "Accuracy: share of known test texts that get the right class.", 100, 1, +1),
    "ece": Column(
        "ECE",
        "Expected calibration error: how far confidence and accuracy lie apart on average, over 15 equal bins. "
        "Lower is better.",
        1,
        3,
        -1,
    ),
    "nll": Column(
        "NLL", "Negative log-likelihood of the right class, in nats, mean over known texts. Lower is better.", 1, 3, -1
    ),
    "auroc": Column(
        "AUROC",
        "Area under the receiver operating characteristic: the chance that an unknown text gets less confidence than "
        "a known one. 0.5 is guessing, higher is better.",
        1,
        3,
        +1,
    ),
    "fpr_at_95_tpr": Column(
        "FPR@95 %",
        "False positive rate at 95% true positive rate: share of unknown texts accepted at the strictest threshold "
        "that still accepts 95% of the known ones. Lower is better.",
        100,
        1,
        -1,
    ),
    "aupr_out": Column(
        "AUPR-out",
        "Area under the precision-recall curve, as average precision, of finding unknown texts by low confidence. "
        "Depends on the share of unknown texts. Higher is better.",
        1,
        3,
        +1,
    ),
    "best_epoch": Column(
        "Best epoch", "Epoch with the highest validation accuracy, whose weights the classifier keeps.", 1, 1, 0
    ),
    "seconds": Column(
        "Seconds",
        "Each run's share of the training time. All runs train at once, so it is the same for all.",
        1,
        1,
        0,
    ),
}
CHANGES = {
    "accuracy": replace(COLUMNS["accuracy"], heading="Accuracy, points"),
    "ece": COLUMNS["ece"],
    "nll": COLUMNS["nll"],
    "auroc": COLUMNS["auroc"],
    "fpr_at_95_tpr": replace(COLUMNS["fpr_at_95_tpr"], heading="FPR@95, points"),
    "epochs": Column(
        "Epochs",
        "Epochs to No augmentation's best validation accuracy. Lower is better; a dash where a seed never got there.",
        1,
        1,
        -1,
    ),
}
MISSING = "–"


def written(mean: float | None, deviation: float | None, column: Column) -> str:
    """Write mean ± deviation as the table shows it."""
    if mean is None:
        return MISSING
    text = f"{column.factor * mean:.{column.decimals}f}"
    return text if deviation is None else f"{text} ± {column.factor * deviation:.{column.decimals}f}"


def score_table(summary: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row an augmentation, one column a metric, as text."""
    rows = {
        entry["name"]: {
            column.heading: written(entry["metrics"][metric]["mean"], entry["metrics"][metric]["std"], column)
            for metric, column in COLUMNS.items()
        }
        for entry in summary
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("Augmentation")


def bold_best(summary: Sequence[Mapping[str, Any]]) -> Any:
    """Return the table as a Styler with the best mean of each column in bold."""
    best = best_rows(summary)
    return score_table(summary).style.apply(lambda column: _bold(column.index.isin(best[column.name])))


def bold_clear(table: pd.DataFrame) -> Any:
    """Return a table of differences as a Styler with the clear ones in bold."""
    return table.style.apply(lambda column: _bold(column.str.contains("better|worse")))


def _bold(cells: Iterable[bool]) -> list[str]:
    return ["font-weight: bold" if cell else "" for cell in cells]


def best_rows(summary: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return for each heading the augmentations with the best mean as written; none where all are the same."""
    best = {}
    for metric, column in COLUMNS.items():
        means = {entry["name"]: entry["metrics"][metric]["mean"] for entry in summary}
        shown = {
            name: round(column.better * column.factor * mean, column.decimals)
            for name, mean in means.items()
            if mean is not None
        }
        worth_marking = column.better and len(set(shown.values())) > 1
        best[column.heading] = [name for name in shown if shown[name] == max(shown.values())] if worth_marking else []
    return best


def change_table(differences: Mapping[str, Mapping[str, Difference]]) -> pd.DataFrame:
    """Return differences from the baseline as text: amount, 95% interval, and "better" or "worse" where it is clear."""
    rows = {
        name: {column.heading: written_change(metrics[metric], column) for metric, column in CHANGES.items()}
        for name, metrics in differences.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("Augmentation")


def written_change(difference: Difference, column: Column) -> str:
    """Write a difference with its interval, and the word where the interval leaves out zero."""
    if np.isnan(difference.mean):
        return MISSING
    mean, low, high = (
        f"{column.factor * value:+z.{column.decimals}f}".replace("-", "−")
        for value in (difference.mean, difference.low, difference.high)
    )
    if np.isinf(difference.low):
        return f"{mean} (one seed: no interval)"
    word = "" if not difference.clear else " better" if difference.mean * column.better > 0 else " worse"
    return f"{mean}{word} ({low} to {high})".replace(" to ", "\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}")


def csv_text(
    summary: Sequence[Mapping[str, Any]],
    differences: Mapping[str, Mapping[str, Difference]],
    intervals: Mapping[str, Mapping[str, Estimate]] | None = None,
) -> str:
    """Return the whole table in full precision: means, deviations, differences and all intervals, as fractions."""
    rows = []
    for entry in summary:
        row: dict[str, Any] = {"augmentation": entry["name"]}
        for metric, value in entry["metrics"].items():
            row |= {f"{metric}_mean": value["mean"], f"{metric}_std": value["std"]}
        for metric, estimate in (intervals or {}).get(entry["name"], {}).items():
            row |= {f"{metric}_low": estimate.low, f"{metric}_high": estimate.high}
        for metric, difference in differences.get(entry["name"], {}).items():
            row |= {
                f"{metric}_difference": difference.mean,
                f"{metric}_difference_low": difference.low,
                f"{metric}_difference_high": difference.high,
            }
        rows.append(row)
    return str(pd.DataFrame(rows).to_csv(index=False))
