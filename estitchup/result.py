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
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from estitchup.comparison import (
    DIFFERENCES,
    Difference,
    epochs_difference,
    epochs_to,
    mean_and_std,
    paired_difference,
)
from estitchup.corpus import Role
from estitchup.errors import EstitchupError
from estitchup.recipe import BASELINE, Augmentation
from estitchup.scores import RunScores
from estitchup.spec import ExperimentSpec, read_spec
from estitchup.trained import StackedHeads

FORMAT = 1
EPOCHS = "epochs"
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
    """

    spec: ExperimentSpec
    facts: Facts
    rows: pd.DataFrame
    history: pd.DataFrame
    logits: dict[str, NDArray[np.float32]]
    heads: StackedHeads

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
        """Return each augmentation's differences from *No augmentation* on DIFFERENCES and EPOCHS; {} without it.

        They take seconds on many texts, so that they are kept with the result.
        """
        baseline = [self.scores(run) for run in self.runs_of(BASELINE)]
        return {
            name: {
                metric: paired_difference(metric, [self.scores(run) for run in self.runs_of(name)], baseline)
                for metric in DIFFERENCES
            }
            | {EPOCHS: epochs_difference(self.epochs_to_baseline(name), self.epochs_to_baseline(BASELINE))}
            for name in self.names
            if name != BASELINE and baseline
        }

    @property
    def seconds_per_run(self) -> float:
        """Return each run's share of the training time: all runs train at once."""
        return self.facts.seconds / len(self.spec.run_keys)

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
    _differences_table(result.differences).to_parquet(folder / "differences.parquet")
    save_file(result.logits, folder / "logits.safetensors")
    save_file(_named_arrays(result.heads), folder / "heads.safetensors")


def _as_json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def _differences_table(differences: dict[str, dict[str, Difference]]) -> pd.DataFrame:
    rows = [
        (name, metric, difference.mean, difference.low, difference.high)
        for name, metrics in differences.items()
        for metric, difference in metrics.items()
    ]
    return pd.DataFrame(rows, columns=["augmentation", "metric", "mean", "low", "high"])


def _differences(table: pd.DataFrame) -> dict[str, dict[str, Difference]]:
    differences: dict[str, dict[str, Difference]] = {}
    for name, metric, *bounds in table.itertuples(index=False):
        differences.setdefault(name, {})[metric] = Difference(*bounds)
    return differences


def _named_arrays(heads: StackedHeads) -> dict[str, NDArray[np.float32]]:
    layers = enumerate(zip(heads.weights, heads.biases, strict=True))
    arrays = {
        f"layer{i}.{kind}": array for i, pair in layers for kind, array in zip(("weight", "bias"), pair, strict=True)
    }
    arrays |= {"mean": heads.mean, "deviation": heads.deviation}
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


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
            heads=_heads(load_file(folder / "heads.safetensors")),
        )
        if (kept := folder / "differences.parquet").exists():
            vars(result)["differences"] = _differences(pd.read_parquet(kept))  # else computed when asked for
        return result
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise EstitchupError(f"The experiment in {str(folder)!r} is damaged ({error}): run it again.") from None


def _heads(arrays: dict[str, NDArray[np.float32]]) -> StackedHeads:
    layers = range(sum(name.endswith(".weight") for name in arrays))
    return StackedHeads(
        weights=tuple(arrays[f"layer{i}.weight"] for i in layers),
        biases=tuple(arrays[f"layer{i}.bias"] for i in layers),
        mean=arrays["mean"],
        deviation=arrays["deviation"],
    )
