"""What pages and reports show of an experiment's thresholds, computed once and not at every move of a slider.

A threshold is chosen on validation texts and counted on test texts.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup import charts
from estitchup.calibration import expected_calibration_error
from estitchup.corpus import Role
from estitchup.errors import EstitchupError
from estitchup.leave_out import as_validation, stand_ins
from estitchup.moves import Moves
from estitchup.outcomes import Outcomes
from estitchup.policy import Policy
from estitchup.result import ExperimentResult
from estitchup.temperature import fit_temperature, scaled
from estitchup.threshold import ScoredTexts, Sweep, ThresholdCurve

CURVE_POINTS = 200
THOUSANDTHS = 1000
NEAREST = 10
SUFFERING = 5
UNKNOWN_LABEL = "unknown"
COLUMNS = ["Confidence", "Text", "Becomes", "Answer", "Label"]


@dataclass(frozen=True, eq=False)
class Classifier:
    """An augmentation's runs, seed by seed, with or without temperature scaling (`calibrated`)."""

    result: ExperimentResult
    name: str
    calibrated: bool

    @cached_property
    def temperatures(self) -> list[float]:
        """Return each run's temperature, fitted on its known validation texts; 1 without scaling."""
        runs = self.result.runs_of(self.name)
        if not self.calibrated:
            return [1.0] * len(runs)
        targets = self.result.role_rows(Role.VALIDATION)["target"].to_numpy()
        known, logits = targets >= 0, self.result.logits[Role.VALIDATION.value]
        return [fit_temperature(logits[run][known], targets[known]) for run in runs]

    def _texts(self, role: Role) -> list[ScoredTexts]:
        targets = self.result.role_rows(role)["target"].to_numpy()
        known = targets >= 0
        runs = zip(self.result.runs_of(self.name), self.temperatures, strict=True)
        logits = [scaled(self.result.logits[role.value][run], temperature) for run, temperature in runs]
        return [ScoredTexts.of(own[known], targets[known], own[~known]) for own in logits]

    @cached_property
    def tests(self) -> list[ScoredTexts]:
        """Return the answers to test texts, seed by seed."""
        return self._texts(Role.TEST)

    @cached_property
    def validation(self) -> ScoredTexts:
        """Return the answers to validation texts, seeds pooled.

        Where none is unknown, known ones stand in whose classes were left out of extra runs, once for each seed.
        """
        texts = ScoredTexts.pooled(self._texts(Role.VALIDATION))
        if texts.unknown_confidence.size or not texts.confidence.size or self.result.left_out is None:
            return texts
        return as_validation(texts, self._folds * len(self.tests))

    @property
    def _folds(self) -> list[ScoredTexts]:
        """Return the answers of the runs that each know some of the classes, to validation texts."""
        targets = self.result.role_rows(Role.VALIDATION)["target"].to_numpy()
        assert self.result.left_out is not None
        return [
            stand_ins(scaled(logits, self._temperature_of(logits, targets, kept)), targets, kept)
            for logits, kept in self.result.left_out.of(self.result.names.index(self.name))
        ]

    def _temperature_of(
        self, logits: NDArray[np.float32], targets: NDArray[np.int64], kept: NDArray[np.bool_]
    ) -> float:
        """Return a fold's temperature, fitted on the texts whose classes it knows; 1 without scaling."""
        if not self.calibrated:
            return 1.0
        own = (targets >= 0) & kept[targets]
        return fit_temperature(np.where(kept, logits[own], -np.inf), targets[own])

    @cached_property
    def pooled(self) -> ScoredTexts:
        """Return the answers to test texts, seeds pooled."""
        return ScoredTexts.pooled(self.tests)

    @cached_property
    def curves(self) -> list[ThresholdCurve]:
        """Return the sorted test texts, seed by seed."""
        return [texts.curve for texts in self.tests]

    @cached_property
    def moves(self) -> Moves:
        """Return what every thousandth of the threshold does to the test texts."""
        return Moves.in_steps(self.curves, THOUSANDTHS)

    @cached_property
    def drawn_curve(self) -> Sweep:
        """Return the outcomes that a drawing of the curves needs, seeds pooled."""
        return self.pooled_curve.sweep(CURVE_POINTS)

    @cached_property
    def pooled_curve(self) -> ThresholdCurve:
        """Return the sorted test texts, seeds pooled: the same shares of known and unknown as the mean over seeds."""
        return self.pooled.curve

    @cached_property
    def _chosen(self) -> dict[Policy, float]:
        return {}

    def choose(self, policy: Policy) -> float:
        """Return the policy's threshold within [0, 1], from validation texts; raises EstitchupError."""
        if policy not in self._chosen:
            threshold = policy.choose(self.validation)
            if threshold > 1:  # some text has a confidence of exactly 1, and the policy must refuse it
                raise EstitchupError(f"{policy.name}: only refusing every text would do. Ask for less.")
            self._chosen[policy] = max(0.0, threshold)
        return self._chosen[policy]

    def outcomes(self, threshold: float) -> Outcomes:
        """Return what the threshold does to test texts."""
        return Outcomes(tuple(curve.at(threshold) for curve in self.curves))

    @cached_property
    def shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the histograms of known and unknown test texts, seeds pooled, in percent."""
        known, unknown = self.pooled.confidence, self.pooled.unknown_confidence
        return charts.shares_by_confidence(known), charts.shares_by_confidence(unknown)

    @cached_property
    def calibration_error(self) -> float:
        """Return the expected calibration error on known test texts, mean over seeds."""
        return float(
            np.mean([expected_calibration_error(own.confidence, own.predicted == own.target) for own in self.tests])
        )

    @cached_property
    def _read(self) -> tuple[pd.DataFrame, NDArray[np.float64]]:
        """Return the test texts with label and answer, and their confidence (N + M,), of the first seed."""
        rows, first = self.result.role_rows(Role.TEST), self.tests[0]
        known = rows["target"].to_numpy() >= 0
        answers = np.concatenate([first.predicted, first.unknown_predicted])
        table = pd.DataFrame(
            {
                "Text": np.concatenate([rows["text"][known], rows["text"][~known]]),
                "Label": np.concatenate([rows["label"][known], np.full((~known).sum(), UNKNOWN_LABEL)]),
                "Answer": np.array(self.result.facts.classes, object)[answers],
            }
        )
        return table, np.concatenate([first.confidence, first.unknown_confidence])

    def nearest(self, threshold: float) -> pd.DataFrame:
        """Return the test texts nearest the threshold, the surest first, as the first seed answers them."""
        table, confidence = self._read
        distance = np.abs(confidence - threshold)
        closest = np.argpartition(distance, min(NEAREST, len(distance)) - 1)[:NEAREST]
        closest = closest[np.argsort(-confidence[closest], kind="stable")]
        becomes = np.where(confidence[closest] >= threshold, "answered", "refused")
        return table.iloc[closest].assign(Confidence=confidence[closest], Becomes=becomes)[COLUMNS]

    def suffering(self, threshold: float) -> pd.DataFrame:
        """Return the classes with the largest share of known test texts refused, seeds pooled; none refused: empty."""
        classes = len(self.result.facts.classes)
        texts = np.bincount(self.pooled.target, minlength=classes)
        refused = np.bincount(self.pooled.target[self.pooled.confidence < threshold], minlength=classes)
        share = refused / np.maximum(texts, 1)
        worst = np.argsort(-share, kind="stable")[:SUFFERING]
        worst = worst[refused[worst] > 0]
        names = np.array(self.result.facts.classes, object)[worst]
        counts = texts[worst] // len(self.tests)
        return pd.DataFrame({"Class": names, "Refused": 100 * share[worst], "Texts": counts})


class Decision:
    """An experiment's classifiers before and after temperature scaling, and which unknown texts there are."""

    def __init__(self, result: ExperimentResult) -> None:
        self.result = result
        self.names = result.names
        self._classifiers: dict[tuple[str, bool], Classifier] = {}
        self._unknown = {role: bool((result.role_rows(role)["target"] < 0).any()) for role in Role}

    def classifier(self, name: str, calibrated: bool) -> Classifier:
        """Return an augmentation's classifier."""
        if (name, calibrated) not in self._classifiers:
            self._classifiers[name, calibrated] = Classifier(self.result, name, calibrated)
        return self._classifiers[name, calibrated]

    def has_unknown(self, role: Role) -> bool:
        """Tell whether a role has unknown texts."""
        return self._unknown[role]

    @property
    def uses_stand_ins(self) -> bool:
        """Tell whether texts of classes left out stand for unknown ones when a threshold is chosen."""
        return self.result.left_out is not None and not self.has_unknown(Role.VALIDATION)
