"""The folder that keeps what an experiment found: written whole or not at all, opened without PyTorch.

It holds `spec.json` (what was asked), `summary.json` (the table), `experiment.json` (what happened), `corpus.parquet`,
`history.parquet`, `logits.safetensors` and `heads.safetensors`, and figures that take seconds to compute. It is written
under another name and moved into place when complete, so that a folder with that name is a whole one.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from estitchup.comparison import METRICS, Difference, Estimate
from estitchup.errors import EstitchupError
from estitchup.leave_out import LeftOut
from estitchup.result import FORMAT, ExperimentResult, Facts, as_json
from estitchup.spec import read_spec
from estitchup.trained import StackedHeads

Bounds = TypeVar("Bounds", Difference, Estimate)

FILES = {
    "spec.json",
    "summary.json",
    "experiment.json",
    "corpus.parquet",
    "history.parquet",
    "differences.parquet",
    "intervals.parquet",
    "detection.parquet",
    "left_out.safetensors",
    "logits.safetensors",
    "heads.safetensors",
    "thresholds.json",
}


def check_folder(folder: Path) -> None:
    """Raise EstitchupError unless a result can be written there: the folder is new, empty or an older result."""
    folder = folder.resolve()
    if folder.is_file():
        raise EstitchupError(f"{str(folder)!r} is a file: give a new or an empty folder.")
    if folder.exists() and (others := sorted({path.name for path in folder.iterdir()} - FILES)):
        raise EstitchupError(
            f"The folder {str(folder)!r} holds other files, such as {others[0]}: give a new or an empty folder."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder.parent).close()
    except OSError as error:
        raise EstitchupError(
            f"Nothing can be written to {str(folder.parent)!r} ({error.strerror}): give another folder."
        ) from None


def save_result(result: ExperimentResult, folder: Path) -> None:
    """Write the result's folder, replacing an older result there; raises EstitchupError when it cannot be written."""
    check_folder(folder)
    folder = folder.resolve()
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _write(result, partial)
            _move_into_place(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)  # there only when it was not moved
    except (OSError, SafetensorError) as error:
        raise EstitchupError(
            f"The result cannot be written to {str(folder)!r} ({error}): free some space there, or give another folder."
        ) from None


def _move_into_place(partial: Path, folder: Path) -> None:
    partial.chmod(0o755)  # a temporary folder is for its owner alone, a result for whom the folder above is for
    if not folder.exists():
        os.replace(partial, folder)
        return
    older = partial.with_name(partial.name + ".older")
    os.replace(folder, older)
    os.replace(partial, folder)
    shutil.rmtree(older)


def _write(result: ExperimentResult, folder: Path) -> None:
    (folder / "spec.json").write_text(result.spec.model_dump_json(indent=2), encoding="utf-8")
    (folder / "summary.json").write_text(result.summary_json, encoding="utf-8")
    (folder / "experiment.json").write_text(as_json(asdict(result.facts)), encoding="utf-8")
    result.rows.to_parquet(folder / "corpus.parquet")
    result.history.to_parquet(folder / "history.parquet")
    _bounds_table(result.differences).to_parquet(folder / "differences.parquet")
    _bounds_table(result.intervals).to_parquet(folder / "intervals.parquet")
    if result.detection is not None:
        result.detection.to_parquet(folder / "detection.parquet")
    if result.left_out is not None:
        _save_arrays(vars(result.left_out), folder / "left_out.safetensors")
    _save_arrays(result.logits, folder / "logits.safetensors")
    _save_arrays(result.heads.named_arrays, folder / "heads.safetensors")


def _save_arrays(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write arrays in C order: of a view, safetensors would write the memory below it, in whatever order that lies."""
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def _bounds_table(figures: Mapping[str, Mapping[str, Difference | Estimate]]) -> pd.DataFrame:
    rows = [
        (name, metric, figure.mean, figure.low, figure.high)
        for name, metrics in figures.items()
        for metric, figure in metrics.items()
    ]
    return pd.DataFrame(rows, columns=["augmentation", "metric", "mean", "low", "high"])


def _bounds(path: Path, kind: type[Bounds]) -> dict[str, dict[str, Bounds]] | None:
    """Return what a table of bounds holds, None when it is not there or of a version that had fewer metrics."""
    if not path.exists():
        return None
    table = pd.read_parquet(path)
    if len(table) and not set(METRICS) <= set(table["metric"]):
        return None
    figures: dict[str, dict[str, Bounds]] = {}
    for name, metric, *bounds in table.itertuples(index=False):
        figures.setdefault(name, {})[metric] = kind(*bounds)
    return figures


def _computed(folder: Path) -> dict[str, Any]:
    """Return the figures that take long to compute and that the folder keeps."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    whole = bool(summary) and set(METRICS) <= set(summary[0]["metrics"])
    figures = {
        "summary": summary if whole else None,
        "differences": _bounds(folder / "differences.parquet", Difference),
        "intervals": _bounds(folder / "intervals.parquet", Estimate),
    }
    return {name: figure for name, figure in figures.items() if figure is not None}


def read_summary(folder: Path) -> list[dict[str, Any]]:
    """Return summary.json of a finished experiment without opening the rest; empty when it cannot be read."""
    try:
        summary: list[dict[str, Any]] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return summary


def load_result(folder: Path) -> ExperimentResult:
    """Open the folder of a finished experiment; raises EstitchupError when it is none."""
    if not (folder / "experiment.json").is_file():
        raise EstitchupError(
            f"The folder {str(folder)!r} holds no finished experiment: give a folder that `estitchup run --out` wrote."
        )
    try:
        facts = json.loads((folder / "experiment.json").read_text(encoding="utf-8"))
        if facts["format"] > FORMAT:
            raise EstitchupError(f"{str(folder)!r} was written by a newer estitchup: update estitchup to open it.")
        tuples = {key: tuple(facts[key]) for key in ("classes", "best_epochs", "notes")}
        result = ExperimentResult(
            spec=read_spec(folder / "spec.json"),
            facts=Facts(**(facts | tuples)),
            rows=pd.read_parquet(folder / "corpus.parquet"),
            history=pd.read_parquet(folder / "history.parquet"),
            logits=load_file(folder / "logits.safetensors"),
            heads=StackedHeads.from_named(load_file(folder / "heads.safetensors")),
            left_out=LeftOut(**load_file(left_out)) if (left_out := folder / "left_out.safetensors").exists() else None,
            detection=pd.read_parquet(detection) if (detection := folder / "detection.parquet").exists() else None,
        )
        vars(result).update(_computed(folder))  # what is not kept is computed when asked for
        return result
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise EstitchupError(f"The experiment in {str(folder)!r} is damaged ({error}): run it again.") from None
