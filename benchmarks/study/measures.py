"""What one run does on a set's test texts, before and after temperature scaling; and differences with intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student_t

from estitchup.calibration import answers, expected_calibration_error, log_losses
from estitchup.comparison import Difference
from estitchup.ood import auroc, fpr_at_tpr
from estitchup.ood_scores import doubt
from estitchup.temperature import fit_temperature, scaled

MEASURES = ("accuracy", "ece", "nll", "scaled_ece", "scaled_nll", "auroc", "fpr_at_95_tpr")

Logits = NDArray[np.float32]
Targets = NDArray[np.int64]


def measure(
    logits: Logits, targets: Targets, validation_logits: Logits, validation_targets: Targets
) -> dict[str, float]:
    """Measure test logits (N, K) against targets (N,), −1 for unknown; temperature is fitted on known validation rows.

    Logits of classes that the run does not know are −∞. OOD metrics are NaN without unknown rows.
    """
    known, held = targets >= 0, validation_targets >= 0
    temperature = fit_temperature(validation_logits[held], validation_targets[held])
    own, cooled = logits[known], scaled(logits[known], temperature)
    told, told_cooled = answers(own), answers(cooled)
    right = told.predicted == targets[known]
    known_doubt, unknown_doubt = doubt(own), doubt(logits[~known]) if (~known).any() else np.empty(0)
    return {
        "accuracy": float(right.mean()),
        "ece": expected_calibration_error(told.confidence, right),
        "nll": float(log_losses(own, targets[known]).mean()),
        "scaled_ece": expected_calibration_error(told_cooled.confidence, right),
        "scaled_nll": float(log_losses(cooled, targets[known]).mean()),
        "auroc": auroc(known_doubt, unknown_doubt),
        "fpr_at_95_tpr": fpr_at_tpr(known_doubt, unknown_doubt, 0.95),
        "temperature": temperature,
    }


def paired(table: pd.DataFrame, measure_name: str, ours: str, baseline: str, by: str = "augmentation") -> Difference:
    """Return the mean difference over paired seeds with a 95% t interval; a seed draws rows or classes, too."""
    wide = table.pivot(index="seed", columns=by, values=measure_name)
    return interval((wide[ours] - wide[baseline]).to_numpy(np.float64))


def interval(differences: Sequence[float] | NDArray[np.float64]) -> Difference:
    """Return mean and 95% t interval of differences (S,); NaN where one is NaN, without bounds for a single one."""
    values = np.asarray(differences, np.float64)
    mean = float(values.mean()) if values.size else float("nan")
    if values.size < 2:
        return Difference(mean, -np.inf, np.inf)
    margin = float(student_t.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size))
    return Difference(mean, mean - margin, mean + margin)
