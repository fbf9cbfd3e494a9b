"""Every OOD score of an experiment: distances see what logits miss, and the table's figures are those of `ood.py`."""

import numpy as np
import pytest

from estitchup.detectors import MAHALANOBIS, NEIGHBOURS, Parts, detection_table, distances
from estitchup.ood import auroc, fpr_at_tpr
from estitchup.ood_scores import LOGIT_SCORES, energy
from estitchup.result import ExperimentResult


def clouds(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Parts]:
    """Return training rows of two classes, and parts whose unknown rows lie far from both."""
    targets = np.arange(120) % 2
    centres = np.array([[6.0, 0, 0, 0], [0, 6.0, 0, 0]])
    rows = centres[targets] + generator.normal(size=(120, 4))
    known = [centres[np.arange(60) % 2] + generator.normal(size=(60, 4)) for _ in range(2)]
    return rows, targets, Parts(*known, np.array([0, 0, 6.0, 0]) + generator.normal(size=(60, 4)))


def test_distances_tell_unknown_rows_apart_that_logits_do_not() -> None:
    generator = np.random.default_rng(0)
    rows, targets, parts = clouds(generator)
    far = distances(rows, targets, parts)
    blind = Parts(*(generator.normal(size=(60, 2)) for _ in range(3)))
    table = detection_table({"E-Mixup": [blind]}, far).set_index("score")
    assert table.loc[NEIGHBOURS, "auroc"] > 0.99
    assert table.loc[MAHALANOBIS, "auroc"] > 0.99
    assert abs(table.loc["Energy", "auroc"] - 0.5) < 0.15
    assert table.loc["Energy", "auroc"] < table.loc[f"Energy + {MAHALANOBIS}", "auroc"]
    assert len(table) == len(LOGIT_SCORES) + 2 + 4


def test_the_table_holds_means_and_deviations_over_seeds() -> None:
    generator = np.random.default_rng(1)
    seeds = [Parts(*(generator.normal(loc, size=(50, 3)) for loc in (0, 0, 0.5))) for _ in range(3)]
    row = detection_table({"E-Mixup": seeds}, {}).set_index("score").loc["Energy"]
    scores = [(energy(own.known), energy(own.unknown)) for own in seeds]
    assert row["auroc"] == pytest.approx(np.mean([auroc(*pair) for pair in scores]))
    assert row["auroc_std"] == pytest.approx(np.std([auroc(*pair) for pair in scores], ddof=1))
    assert row["fpr_at_95_tpr"] == pytest.approx(np.mean([fpr_at_tpr(*pair) for pair in scores]))
    assert np.isnan(detection_table({"E-Mixup": seeds[:1]}, {})["auroc_std"]).all()


def test_without_known_validation_texts_nothing_is_combined() -> None:
    rows, targets, parts = clouds(np.random.default_rng(0))
    empty = Parts(parts.validation[:0], parts.known, parts.unknown)
    table = detection_table(
        {"E-Mixup": [Parts(np.empty((0, 2)), *np.zeros((2, 60, 2)))]}, distances(rows, targets, empty)
    )
    assert len(table) == len(LOGIT_SCORES) + 2


def test_an_experiment_keeps_the_figures_of_its_own_confidence(small_result: ExperimentResult) -> None:
    table = small_result.detection
    assert table is not None
    own = table[table["score"] == "Confidence"].set_index("augmentation")
    for entry in small_result.summary:
        assert own.loc[entry["name"], "auroc"] == pytest.approx(entry["metrics"]["auroc"]["mean"])
        assert own.loc[entry["name"], "fpr_at_95_tpr"] == pytest.approx(entry["metrics"]["fpr_at_95_tpr"]["mean"])
    far = table[table["score"] == MAHALANOBIS]
    assert far["auroc"].nunique() == 1
    assert (far["auroc_std"] == 0).all()
