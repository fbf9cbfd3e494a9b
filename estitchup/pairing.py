"""Two experiments side by side: paired where both answered the same test texts, else with an unpaired interval.

Paired, a difference is that of `comparison.py` over the seeds that both ran. Unpaired, each side is resampled on its
own and the variances add up, so that the interval is wider and the texts themselves may make the difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from estitchup.comparison import UNMEASURED, Difference, mean_and_std, paired_difference
from estitchup.corpus import Role
from estitchup.result import ExperimentResult
from estitchup.scores import RunScores


@dataclass(frozen=True)
class Side:
    """An augmentation of an experiment."""

    result: ExperimentResult
    name: str

    def runs(self, seeds: Sequence[int] | None = None) -> list[RunScores]:
        """Return the scores on test texts, of these seeds in their order (None: all)."""
        own = dict(zip(self.result.spec.seeds, self.result.runs_of(self.name), strict=True))
        return [self.result.scores(own[seed]) for seed in (seeds if seeds is not None else own)]


def same_test_texts(one: ExperimentResult, other: ExperimentResult) -> bool:
    """Tell whether both have the same test texts in the same order, known and unknown alike, and the same classes."""
    rows = [result.role_rows(Role.TEST)[["text", "label", "target"]].reset_index(drop=True) for result in (one, other)]
    return one.facts.classes == other.facts.classes and rows[0].equals(rows[1])


def shared_seeds(one: ExperimentResult, other: ExperimentResult) -> list[int]:
    """Return the seeds that both ran."""
    return [seed for seed in one.spec.seeds if seed in other.spec.seeds]


def difference(metric: str, one: Side, other: Side, *, paired: bool) -> Difference:
    """Return by how much the metric of `other` differs from that of `one`."""
    if paired:
        seeds = shared_seeds(one.result, other.result)
        return paired_difference(metric, other.runs(seeds), one.runs(seeds)) if seeds else UNMEASURED
    (mean, variance), (other_mean, other_variance) = (_spread(metric, side.runs()) for side in (one, other))
    if np.isnan(other_mean - mean):
        return UNMEASURED
    margin = float(norm.ppf(0.975) * np.sqrt(variance + other_variance))
    return Difference(other_mean - mean, other_mean - mean - margin, other_mean - mean + margin)


def _spread(metric: str, runs: Sequence[RunScores]) -> tuple[float, float]:
    """Return a metric's mean over seeds, and its variance over texts and seeds."""
    mean, deviation = mean_and_std([run.metrics[metric] for run in runs])
    if np.isnan(mean):
        return mean, mean
    over_texts = np.array([run.resampled[metric] for run in runs]).mean(axis=0).var()
    return mean, float(over_texts + (deviation**2 / len(runs) if len(runs) > 1 else 0.0))
