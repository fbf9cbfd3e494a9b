"""An experiment's classes as tables: how each fares, and which are confused, against *No augmentation*."""

from functools import cached_property

import numpy as np
import pandas as pd

from estitchup.classes import ClassFigures, class_figures, confusion_counts, largest_confusions
from estitchup.corpus import Role
from estitchup.recipe import BASELINE
from estitchup.result import ExperimentResult

MOST_IN_A_MATRIX = 15  # classes; beyond, a matrix cannot be read
MOST_CONFUSIONS = 20


class ClassTables:
    """The tables of an experiment's known classes on test texts, each computed when first asked for."""

    def __init__(self, result: ExperimentResult) -> None:
        self.result = result
        self.classes = result.facts.classes
        self._figures: dict[str, ClassFigures] = {}

    @cached_property
    def _targets(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        targets = self.result.role_rows(Role.TEST)["target"].to_numpy(np.int64)
        return np.asarray(targets[targets >= 0])

    def _predicted(self, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        return np.stack([self.result.scores(run).predicted for run in self.result.runs_of(name)])

    def figures(self, name: str) -> ClassFigures:
        """Return how each class fares with an augmentation."""
        if name not in self._figures:
            self._figures[name] = class_figures(self._predicted(name), self._targets, len(self.classes))
        return self._figures[name]

    def table(self, name: str) -> pd.DataFrame:
        """Return the classes with texts, the lowest F1 first; figures in percent, differences of F1 in points."""
        own = self.figures(name)
        table = pd.DataFrame(
            {
                "Class": self.classes,
                "Texts": own.support,
                "Precision": 100 * own.precision,
                "Recall": 100 * own.recall,
                "F1": 100 * own.f1,
            }
        )
        if name != BASELINE and BASELINE in self.result.names:
            table["F1 difference"] = 100 * (own.f1 - self.figures(BASELINE).f1)
        return table[table["Texts"] > 0].sort_values("F1", kind="stable").reset_index(drop=True)

    def matrix(self, name: str) -> pd.DataFrame:
        """Return the share in percent of each class's texts (row) that gets each answer (column), mean over seeds."""
        counts = confusion_counts(self._predicted(name), self._targets, len(self.classes))
        shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        return pd.DataFrame(shares, index=self.classes, columns=self.classes)

    def confusions(self, name: str) -> pd.DataFrame:
        """Return the largest confusions: texts taken for another class, mean over seeds, and what the baseline does."""
        counts = confusion_counts(self._predicted(name), self._targets, len(self.classes))
        pairs = largest_confusions(counts, MOST_CONFUSIONS)
        table = pd.DataFrame(
            {
                "Class": [self.classes[truth] for truth, _ in pairs],
                "Taken for": [self.classes[answer] for _, answer in pairs],
                "Texts": [counts[pair] for pair in pairs],
                "Of": [int(self.figures(name).support[truth]) for truth, _ in pairs],
            }
        )
        if name != BASELINE and BASELINE in self.result.names:
            before = confusion_counts(self._predicted(BASELINE), self._targets, len(self.classes))
            table[BASELINE] = [before[pair] for pair in pairs]
        return table
