"""Everything that pages and reports show about an experiment's result, each figure computed when first asked for."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from estitchup import charts
from estitchup.calibration import ReliabilityTable, reliability_table, wilson_interval
from estitchup.charts.palette import COLOURS, dash
from estitchup.class_table import ClassTables
from estitchup.comparison import Difference
from estitchup.corpus import Role
from estitchup.detectors import Parts, detection_table
from estitchup.moves import Moves
from estitchup.outcomes import Outcomes
from estitchup.recipe import BASELINE
from estitchup.result import EPOCHS, ExperimentResult
from estitchup.scores import RunScores
from estitchup.threshold import ThresholdCurve, keep_share

HUNDREDTHS = 100


class Evaluation:
    """An experiment's result with the figures that pages draw, each computed when it is first asked for."""

    def __init__(self, result: ExperimentResult) -> None:
        self.result = result
        self.names = result.names
        self.has_baseline = BASELINE in result.names
        self._curves: dict[str, list[ThresholdCurve]] = {}
        self._figures: dict[tuple[str, str], go.Figure] = {}

    def scores(self, name: str, role: Role = Role.TEST) -> list[RunScores]:
        """Return the scores of an augmentation's runs, seed by seed."""
        return [self.result.scores(run, role) for run in self.result.runs_of(name)]

    def summary_of(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return these augmentations' entries of summary.json."""
        return [entry for entry in self.result.summary if entry["name"] in names]

    def differences_of(self, names: Sequence[str]) -> dict[str, dict[str, Difference]]:
        """Return these augmentations' differences from *No augmentation*."""
        return {name: metrics for name, metrics in self.result.differences.items() if name in names}

    @property
    def circumstances(self) -> str:
        """Say on what the comparison rests."""
        seeds, cells = len(self.result.spec.seeds), len(self.names)
        facts = [
            f"{cells} augmentation{'s' * (cells > 1)} × {seeds} seed{'s' * (seeds > 1)}",
            f"{self.epochs_trained} epochs",
            f"{len(self.result.facts.classes)} known classes",
            f"{self.known:,} known and {self.unknown:,} unknown test texts",
            f"{self.result.facts.device}, {self.result.facts.seconds:.0f} s of training",
        ]
        return " · ".join(facts)

    @cached_property
    def known(self) -> int:
        """Return how many known test texts there are."""
        return len(self.scores(self.names[0])[0].confidence)

    @cached_property
    def unknown(self) -> int:
        """Return how many unknown test texts there are."""
        return len(self.scores(self.names[0])[0].unknown_confidence)

    @cached_property
    def epochs_trained(self) -> int:
        """Return how many epochs were finished; fewer than asked when the experiment was stopped."""
        return int(self.result.history["epoch"].max()) if len(self.result.history) else 0

    @cached_property
    def default_threshold(self) -> float:
        """Return the threshold, to two decimals, at which the reference keeps 90% of known validation texts."""
        confidence = np.concatenate([scores.confidence for scores in self.scores(self.reference, Role.VALIDATION)])
        return float(np.floor(100 * keep_share(confidence)) / 100)

    @property
    def reference(self) -> str:
        """Return the augmentation that sets the default threshold: *No augmentation* when it was run."""
        return BASELINE if self.has_baseline else self.names[0]

    def curves(self, name: str) -> list[ThresholdCurve]:
        """Return an augmentation's test texts, seed by seed, sorted once."""
        if name not in self._curves:
            self._curves[name] = [
                ThresholdCurve.of(scores.confidence, scores.correct, scores.unknown_confidence)
                for scores in self.scores(name)
            ]
        return self._curves[name]

    def outcomes(self, name: str, threshold: float) -> Outcomes:
        """Return what a threshold does to an augmentation's test texts."""
        return Outcomes(tuple(curve.at(threshold) for curve in self.curves(name)))

    @cached_property
    def moves(self) -> dict[str, Moves]:
        """Return what every hundredth of the threshold does to each augmentation's test texts."""
        return {name: Moves.in_steps(self.curves(name), HUNDREDTHS) for name in self.names}

    @cached_property
    def shares(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return each augmentation's histograms of known and unknown test texts, seeds pooled, in percent."""
        return {
            name: (
                charts.shares_by_confidence(np.concatenate([scores.confidence for scores in self.scores(name)])),
                charts.shares_by_confidence(
                    np.concatenate([scores.unknown_confidence for scores in self.scores(name)])
                ),
            )
            for name in self.names
        }

    def mean(self, name: str, metric: str) -> float:
        """Return a metric's mean over seeds, as in summary.json; NaN where it cannot be measured."""
        mean = self.result.summary[self.names.index(name)]["metrics"][metric]["mean"]
        return float("nan") if mean is None else float(mean)

    def histogram(self, name: str, threshold: float) -> go.Figure:
        """Draw the confidences of known and unknown texts with the threshold; one y-range for all augmentations."""
        if ("histogram", name) not in self._figures:
            highest = max(float(shares.max()) for pair in self.shares.values() for shares in pair)
            figure = charts.confidence_histogram(name, self.separation(name), *self.shares[name], highest)
            self._figures["histogram", name] = figure
        return charts.with_threshold(self._figures["histogram", name], threshold, self.outcomes(name, threshold).words)

    def separation(self, name: str) -> str:
        """Say how well confidence tells unknown from known texts."""
        if not self.unknown:
            return "No unknown texts to tell apart"
        return f"Known scores above unknown in {100 * self.mean(name, 'auroc'):.1f}% of pairs"

    @cached_property
    def reliability(self) -> dict[str, ReliabilityTable]:
        """Return each augmentation's reliability table over the answers of all seeds."""
        return {name: self._reliability(name) for name in self.names}

    def _reliability(self, name: str) -> ReliabilityTable:
        """Pool the seeds, with the intervals of as many texts as one seed has in a bin: all answer the same texts."""
        seeds = self.scores(name)
        pooled = reliability_table(
            np.concatenate([scores.confidence for scores in seeds]),
            np.concatenate([scores.correct for scores in seeds]),
        )
        texts = pooled.count / len(seeds)
        low, high = wilson_interval(pooled.accuracy * texts, texts)
        return replace(pooled, low=low, high=high)

    @cached_property
    def classes(self) -> ClassTables:
        """Return the tables of the known classes."""
        return ClassTables(self.result)

    @property
    def has_distances(self) -> bool:
        """Tell whether the experiment kept OOD scores of embeddings too; older ones did not."""
        return self.result.detection is not None

    def detectors(self, auroc: bool) -> pd.DataFrame:
        """Return the AUROC, else the FPR@95 in percent, of each OOD score (row) with each augmentation (column)."""
        table = self._detection.pivot(
            index="score", columns="augmentation", values="auroc" if auroc else "fpr_at_95_tpr"
        )
        ordered = table.loc[self._detection["score"].unique(), self.names].rename_axis("Score")
        return ordered if auroc else 100 * ordered

    @cached_property
    def _detection(self) -> pd.DataFrame:
        if self.result.detection is not None:
            return self.result.detection
        validation, test = (
            self.result.role_rows(role)["target"].to_numpy() >= 0 for role in (Role.VALIDATION, Role.TEST)
        )
        own, tested = (self.result.logits[role.value] for role in (Role.VALIDATION, Role.TEST))
        runs = {
            name: [Parts(own[i][validation], tested[i][test], tested[i][~test]) for i in self.result.runs_of(name)]
            for name in self.names
        }
        return detection_table(runs, {})

    def reliability_diagram(self, name: str) -> go.Figure:
        """Draw confidence against accuracy, with the calibration error in the title."""
        if ("reliability", name) not in self._figures:
            title = f"{name}: ECE {self.mean(name, 'ece'):.3f}"
            figure = charts.reliability_diagram(
                title, self.belief(name), self.reliability[name], COLOURS[name], dash(name)
            )
            self._figures["reliability", name] = figure
        return self._figures["reliability", name]

    def belief(self, name: str) -> str:
        """Say how an augmentation's mean confidence compares with its accuracy."""
        says = 100 * float(np.mean([scores.confidence.mean() for scores in self.scores(name)]))
        right = 100 * self.mean(name, "accuracy")
        return f"Says {says:.1f}% on average, is right in {right:.1f}%"

    @cached_property
    def accuracies(self) -> dict[str, NDArray[np.float64]]:
        """Return each augmentation's validation accuracies (S, E) in [0, 1]."""
        return {
            name: np.array([self.result.curve(run, "validation_accuracy") for run in self.result.runs_of(name)])
            for name in self.names
        }

    @cached_property
    def baseline_level(self) -> float | None:
        """Return the baseline's best validation accuracy, mean over seeds."""
        return float(np.nanmax(self.accuracies[BASELINE], axis=1).mean()) if self.has_baseline else None

    def learning_curves(self, names: Sequence[str]) -> go.Figure:
        """Draw validation accuracy epoch by epoch, and the level that speed is measured against."""
        chosen = {name: self.accuracies[name] for name in names}
        return charts.learning_curves("Validation accuracy", self.peaks(names), chosen, self.baseline_level)

    def peaks(self, names: Sequence[str]) -> str:
        """Say how high the curves get."""
        best = [100 * np.nanmax(self.accuracies[name], axis=1).mean() for name in names]
        low, high = f"{min(best):.1f}%", f"{max(best):.1f}%"
        return f"Peaks at {low}" if low == high else f"Peaks at {low} to {high}"

    def epochs_chart(self, names: Sequence[str]) -> go.Figure:
        """Draw the epochs to the baseline's best validation accuracy."""
        epochs = {name: self.result.epochs_to_baseline(name) for name in names}
        return charts.epochs_to_baseline("Epochs to the baseline's best", self.pace(names), epochs, self.epochs_trained)

    def pace(self, names: Sequence[str]) -> str:
        """Say whether any augmentation is clearly faster or slower than the baseline."""
        clear = [name for name in names if name != BASELINE and self.result.differences[name][EPOCHS].clear]
        faster = sum(self.result.differences[name][EPOCHS].mean < 0 for name in clear)
        slower = len(clear) - faster
        if not clear:
            return "No clear difference in speed"
        said = [f"{count} clearly {word}" for count, word in ((faster, "faster"), (slower, "slower")) if count]
        return ", ".join(said).capitalize()

    def speed_table(self, names: Sequence[str]) -> pd.DataFrame:
        """Return epochs and seconds to the baseline's best, mean over the seeds that got there, and how many did."""
        seconds = self.result.seconds_per_run / max(self.epochs_trained, 1)
        rows = {}
        for name in names:
            epochs = self.result.epochs_to_baseline(name)
            reached = [epoch for epoch in epochs if epoch]
            mean = float(np.mean(reached)) if reached else None
            rows[name] = {
                "Epochs": f"{mean:.1f}" if mean else "not reached",
                "Seconds": f"{mean * seconds:.1f}" if mean else "not reached",
                "Seeds": f"{len(reached)} of {len(epochs)}",
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("Augmentation")
