"""What panels are made of: an experiment's figures, the augmentations to show, and the thresholds that were kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from estitchup.bundle.choice import choose
from estitchup.comparison import Difference
from estitchup.decision import Decision
from estitchup.decision_store import KeptThreshold
from estitchup.evaluation import Evaluation
from estitchup.report.content import Cut
from estitchup.verdict import Verdict, verdicts


@dataclass(frozen=True, eq=False)
class Material:
    """An experiment seen through some of its augmentations."""

    evaluation: Evaluation
    decision: Decision
    names: tuple[str, ...]
    kept: Mapping[str, KeptThreshold]

    @cached_property
    def differences(self) -> dict[str, dict[str, Difference]]:
        """Return the differences of these augmentations from *No augmentation*."""
        return self.evaluation.differences_of(self.names)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Return the answers to the questions; none when there is nothing to compare."""
        return verdicts(self.differences) if self.differences else []

    def verdict(self, metric: str) -> Verdict | None:
        """Return the answer that a metric gives, None when there is nothing to compare."""
        return next((verdict for verdict in self.verdicts if verdict.question.metric == metric), None)

    @cached_property
    def cuts(self) -> tuple[Cut, ...]:
        """Return each augmentation's threshold: the kept one, else the one that its download has."""
        return tuple(self._cut(name, self.kept.get(name)) for name in self.names)

    def _cut(self, name: str, kept: KeptThreshold | None) -> Cut:
        if kept is None:
            threshold = choose(self.evaluation.result, name).threshold.value
            return Cut(self.decision.classifier(name, True), threshold, kept=False)
        return Cut(self.decision.classifier(name, kept.temperature), kept.threshold, kept=True)

    def means(self, metric: str) -> dict[str, float]:
        """Return a metric's mean over seeds for each augmentation in which it was measured."""
        means = {name: self.evaluation.mean(name, metric) for name in self.names}
        return {name: mean for name, mean in means.items() if not np.isnan(mean)}
