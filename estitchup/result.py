"""What an experiment found: facts, curves, logits and heads of its runs, and the figures that follow from them.

Everything needed to draw the pages again, without PyTorch; `result_folder.py` keeps it in files.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from estitchup.leave_out import LeftOut
from estitchup.recipe import BASELINE, Augmentation
from estitchup.scores import RunScores
from estitchup.spec import ExperimentSpec
from estitchup.trained import StackedHeads

FORMAT = 2  # 1 had no left_out.safetensors, intervals.parquet and detection.parquet, and fewer metrics
RESAMPLING_BYTES = 1_000_000_000  # that runs resampled side by side may take; one run at a time may take more
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
        return self._scored(role)[run]

    @cached_property
    def _scores(self) -> dict[Role, list[RunScores]]:
        return {}

    def _scored(self, role: Role) -> list[RunScores]:
        """Return the scores of all runs; those of a role that nobody asks for are never computed."""
        if role not in self._scores:
            self._scores[role] = self._score(role)
        return self._scores[role]

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
        runs = self._scored(Role.TEST)
        largest = max((scores.logits.size for scores in runs), default=0)
        fit = RESAMPLING_BYTES // max(1, 2 * 8 * largest)  # the probabilities in float64, and a copy of them
        with ThreadPoolExecutor(max_workers=max(1, min(8, os.cpu_count() or 1, fit))) as pool:
            list(pool.map(lambda scores: scores.resampled, runs))

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
        return as_json(self.summary)

    def _summary_of(self, augmentation: Augmentation) -> dict[str, Any]:
        per_run = [self.run_metrics(run) for run in self.runs_of(augmentation.name)]
        metrics = {}
        for metric in per_run[0]:
            mean, deviation = mean_and_std([values[metric] for values in per_run])
            metrics[metric] = {"mean": _finite(mean), "std": _finite(deviation)}
        return {"name": augmentation.name, "parameters": augmentation.parameters, "metrics": metrics}


def as_json(content: Any) -> str:
    """Return indented JSON; raises ValueError for NaN, which JSON does not have."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None
