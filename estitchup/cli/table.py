"""The table of an experiment's test metrics in a terminal."""

import os
import sys

from rich import box
from rich.console import Console
from rich.table import Table

from estitchup.result import ExperimentResult

_COLUMNS = {  # metric -> heading, factor, decimals
    "accuracy": ("accuracy %", 100, 2),
    "ece": ("ECE", 1, 3),
    "nll": ("NLL", 1, 3),
    "auroc": ("AUROC", 1, 4),
    "fpr_at_95_tpr": ("FPR@95 %", 100, 1),
    "aupr_out": ("AUPR-out", 1, 3),
    "best_epoch": ("best epoch", 1, 1),
    "seconds": ("seconds", 1, 1),
}
WIDE = 132  # columns of a terminal that hold every mean with its deviation


def print_table(result: ExperimentResult) -> None:
    """Print the summary; a narrow terminal gets means and no seconds, which are the same for all runs."""
    console = Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=WIDE)
    console.print(_table(result, whole=console.width >= WIDE))


def _table(result: ExperimentResult, whole: bool) -> Table:
    seeds = f"{len(result.spec.seeds)} seed{'s' * (len(result.spec.seeds) > 1)}"
    over = f"mean ± deviation over {seeds}" if whole else f"mean over {seeds}"
    table = Table(title=f"Test texts, {over}, {result.facts.device}", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("augmentation", no_wrap=True)
    columns = {metric: column for metric, column in _COLUMNS.items() if whole or metric != "seconds"}
    for heading, _, _ in columns.values():
        table.add_column(heading, justify="right")
    for entry in result.summary:
        cells = [
            _written(entry["metrics"][metric], factor, decimals, whole)
            for metric, (_, factor, decimals) in columns.items()
        ]
        table.add_row(entry["name"], *cells)
    return table


def _written(value: dict[str, float | None], factor: int, decimals: int, deviations: bool) -> str:
    mean, deviation = value["mean"], value["std"]
    if mean is None:
        return "–"
    spread = f" ± {factor * deviation:.{decimals}f}" if deviations and deviation is not None else ""
    return f"{factor * mean:.{decimals}f}{spread}"
