"""Every metric in full: its name, mean and 95% interval, and the difference from *No augmentation* with its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from estitchup.comparison import METRICS, Difference, Estimate
from estitchup.score_table import COLUMNS, MISSING, Column, written_change

_FURTHER = {
    "ace": Column(
        "Adaptive ECE",
        "Expected calibration error over 15 bins with equally many texts, ties kept together. Lower is better.",
        1,
        3,
        -1,
    ),
    "mce": Column(
        "MCE",
        "Maximum calibration error: the largest gap between confidence and accuracy among 15 equal bins. A bin with "
        "few texts makes it large by chance. Lower is better.",
        1,
        3,
        -1,
    ),
    "classwise_ece": Column(
        "Classwise ECE",
        "Calibration error of every class's probability, mean over classes; small where there are many classes, for "
        "most probabilities are near 0. Lower is better.",
        1,
        5,
        -1,
    ),
    "brier": Column(
        "Brier score", "Mean squared distance of all probabilities from the truth, 0 to 2. Lower is better.", 1, 3, -1
    ),
    "aurc": Column(
        "AURC",
        "Area under the risk-coverage curve: share of wrong answers among the surest texts, mean over all shares of "
        "texts answered. Lower is better.",
        1,
        4,
        -1,
    ),
    "aupr_in": Column(
        "AUPR-in",
        "Area under the precision-recall curve, as average precision, of finding known texts by high confidence. "
        "Higher is better.",
        1,
        3,
        +1,
    ),
    "detection_error": Column(
        "Detection error %",
        "Least mean of the share of known texts refused and of unknown texts accepted, over all thresholds. Lower is "
        "better.",
        100,
        1,
        -1,
    ),
}
METRIC_COLUMNS: dict[str, Column] = {metric: replace(_FURTHER.get(metric) or COLUMNS[metric]) for metric in METRICS}


def metric_table(
    metric: str,
    names: Sequence[str],
    intervals: Mapping[str, Mapping[str, Estimate]],
    differences: Mapping[str, Mapping[str, Difference]],
) -> pd.DataFrame:
    """Return one metric as text: a row for each augmentation; the difference is empty for the baseline."""
    column = METRIC_COLUMNS[metric]
    rows = {}
    for name in names:
        estimate, difference = intervals[name][metric], differences.get(name, {}).get(metric)
        rows[name] = {
            column.heading: _number(estimate.mean, column),
            "95% interval": _bounds(estimate, column),
            "Difference": written_change(difference, column) if difference else "",
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("Augmentation")
    return table if differences else table.drop(columns="Difference")


def _number(value: float, column: Column) -> str:
    return MISSING if np.isnan(value) else f"{column.factor * value:.{column.decimals}f}"


def _bounds(estimate: Estimate, column: Column) -> str:
    low, high = _number(estimate.low, column), _number(estimate.high, column)
    return MISSING if np.isnan(estimate.low) else f"{low} to {high}"
