"""What an experiment found, and the folder that keeps it: everything needed to draw the pages again.

The folder holds `spec.json` (what was asked), `summary.json` (the table), `experiment.json` (what happened),
`corpus.parquet`, `history.parquet`, `differences.parquet`, `logits.safetensors` and `heads.safetensors`. It is written
under another name and moved into place when complete, so that a folder with that name is a whole one. No PyTorch is
needed to open it.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from estitchup.comparison import (
    METRICS,
    Difference,
    Estimate,
    epochs_difference,
    epochs_to,
    interval,
    mean_and_std,
    paired_difference,
)
from estitchup.corpus import Role
from estitchup.errors import EstitchupError
from estitchup.leave_out import LeftOut
from estitchup.recipe import BASELINE, Augmentation
from estitchup.scores import RunScores
from estitchup.spec import ExperimentSpec, read_spec
from estitchup.trained import StackedHeads

FORMAT = 2  # 1 had no left_out.safetensors, intervals.parquet and detection.parquet, and fewer metrics
EPOCHS = "epochs"
Bounds = TypeVar("Bounds", Difference, Estimate)
CURVES = ("training_loss", "validation_loss", "validation_accuracy")


@dataclass(frozen=True)
class Facts:
    """What happened: the classes (K,), the best epochs (R,), seconds of training in all, and where it ran."""

    classes: tuple[str, ...]
    best_epochs: tuple[int, ...]
    seconds: float
    device: str
    stopped: bool
    encoder_key: str
    notes: tuple[str, ...]
    versions: dict[str, str]
    created: str
    corpus_digest: str = ""
    format: int = FORMAT


@dataclass(frozen=True, eq=False)
class ExperimentResult:
    """R runs, in the order of `spec.run_keys`.

    `rows` is the corpus (columns text, label, role, target; target −1 is unknown or unlabelled); `history` is long
    (run, epoch, and the curves); `logits` holds (R, N, K) for "validation" and "test", rows in the corpus' order.
    `left_out` is there when the spec asked for it, `detection` (`detectors.py`) when test has unknown texts; folders of
    format 1 have neither.
    """

    spec: ExperimentSpec
    facts: Facts
    rows: pd.DataFrame
    history: pd.DataFrame
    logits: dict[str, NDArray[np.float32]]
    heads: StackedHeads
    left_out: LeftOut | None = None
    detection: pd.DataFrame | None = None

    def runs_of(self, name: str) -> list[int]:
        """Return the positions of an augmentation's runs, seed by seed."""
        return [i for i, (augmentation, _) in enumerate(self.spec.run_keys) if augmentation == name]

    @property
    def names(self) -> list[str]:
        """Return the names of the augmentations, in the order of the spec."""
        return [augmentation.name for augmentation in self.spec.augmentations]

    def role_rows(self, role: Role) -> pd.DataFrame:
        """Return the labelled rows of a role, in the order of its logits."""
        return self.rows[(self.rows["role"] == role.value) & (self.rows["label"] != "")]

    def scores(self, run: int, role: Role = Role.TEST) -> RunScores:
        """Score one run on a role's known and unknown rows; computed once."""
        return self._scores[role][run]

    @cached_property
    def _scores(self) -> dict[Role, list[RunScores]]:
        return {role: self._score(role) for role in (Role.VALIDATION, Role.TEST)}

    def _score(self, role: Role) -> list[RunScores]:
        targets = self.role_rows(role)["target"].to_numpy()
        known = targets >= 0
        return [RunScores.of(run[known], targets[known], run[~known]) for run in self.logits[role.value]]

    def curve(self, run: int, name: str) -> NDArray[np.float64]:
        """Return one of CURVES of a run, epoch by epoch."""
        curve: NDArray[np.float64] = self.history.loc[self.history["run"] == run, name].to_numpy(np.float64)
        return curve

    def epochs_to_baseline(self, name: str) -> list[int | None]:
        """Return, seed by seed, the first epoch at the best validation accuracy of *No augmentation*."""
        baseline = self.runs_of(BASELINE)
        if not baseline:
            return []
        return [
            epochs_to(self.curve(run, "validation_accuracy"), np.nanmax(self.curve(base, "validation_accuracy")))
            for run, base in zip(self.runs_of(name), baseline, strict=True)
        ]

    @cached_property
    def differences(self) -> dict[str, dict[str, Difference]]:
        """Return each augmentation's differences from *No augmentation* on METRICS and EPOCHS; {} without it.

        They take seconds on many texts, so that they are kept with the result.
        """
        baseline = [self.scores(run) for run in self.runs_of(BASELINE)]
        self._resample()
        return {
            name: {
                metric: paired_difference(metric, [self.scores(run) for run in self.runs_of(name)], baseline)
                for metric in METRICS
            }
            | {EPOCHS: epochs_difference(self.epochs_to_baseline(name), self.epochs_to_baseline(BASELINE))}
            for name in self.names
            if name != BASELINE and baseline
        }

    @cached_property
    def intervals(self) -> dict[str, dict[str, Estimate]]:
        """Return each augmentation's METRICS on test texts with 95% intervals; kept with the result likewise."""
        self._resample()
        return {
            name: {metric: interval(metric, [self.scores(run) for run in self.runs_of(name)]) for metric in METRICS}
            for name in self.names
        }

    def _resample(self) -> None:
        """Resample the texts for all runs at once: NumPy lets threads work side by side."""
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            list(pool.map(lambda scores: scores.resampled, self._scores[Role.TEST]))

    @property
    def seconds_per_run(self) -> float:
        """Return each run's share of the training time: all runs train at once, those without some classes too."""
        return self.facts.seconds / (len(self.spec.run_keys) + self.spec.extra_runs)

    def run_metrics(self, run: int) -> dict[str, float]:
        """Return a run's metrics on the test rows, its best epoch and its share of the seconds."""
        own = {"best_epoch": float(self.facts.best_epochs[run]), "seconds": self.seconds_per_run}
        return self.scores(run).metrics | own

    @cached_property
    def summary(self) -> list[dict[str, Any]]:
        """Return the table of summary.json: each augmentation's parameters, and metrics as mean and std over seeds."""
        return [self._summary_of(augmentation) for augmentation in self.spec.augmentations]

    @property
    def summary_json(self) -> str:
        """Return the text of summary.json."""
        return _as_json(self.summary)

    def _summary_of(self, augmentation: Augmentation) -> dict[str, Any]:
        per_run = [self.run_metrics(run) for run in self.runs_of(augmentation.name)]
        metrics = {}
        for metric in per_run[0]:
            mean, deviation = mean_and_std([values[metric] for values in per_run])
            metrics[metric] = {"mean": _finite(mean), "std": _finite(deviation)}
        return {"name": augmentation.name, "parameters": augmentation.parameters, "metrics": metrics}


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None  # JSON has no NaN


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
        _write(result, partial)
        partial.chmod(0o755)  # a temporary folder is for its owner alone, a result for whom the folder above is for
        if folder.exists():
            older = partial.with_name(partial.name + ".older")
            os.replace(folder, older)
            os.replace(partial, folder)
            shutil.rmtree(older)
        else:
            os.replace(partial, folder)
    except OSError as error:
        raise EstitchupError(
            f"The result cannot be written to {str(folder)!r} ({error}): give another folder."
        ) from None


def _write(result: ExperimentResult, folder: Path) -> None:
    (folder / "spec.json").write_text(result.spec.model_dump_json(indent=2), encoding="utf-8")
    (folder / "summary.json").write_text(result.summary_json, encoding="utf-8")
    (folder / "experiment.json").write_text(_as_json(asdict(result.facts)), encoding="utf-8")
    result.rows.to_parquet(folder / "corpus.parquet")
    result.history.to_parquet(folder / "history.parquet")
    _bounds_table(result.differences).to_parquet(folder / "differences.parquet")
    _bounds_table(result.intervals).to_parquet(folder / "intervals.parquet")
    if result.detection is not None:
        result.detection.to_parquet(folder / "detection.parquet")
    if result.left_out is not None:
        save_file(vars(result.left_out), folder / "left_out.safetensors")
    save_file(result.logits, folder / "logits.safetensors")
    save_file(result.heads.named_arrays, folder / "heads.safetensors")


def _as_json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


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
