"""Figures of single classes against scikit-learn, and confusions by hand."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from estitchup.classes import class_figures, confusion_counts, largest_confusions


def answers(seeds: int = 3, texts: int = 200, classes: int = 6) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    targets = generator.integers(classes, size=texts)
    wrong = generator.random((seeds, texts)) < 0.3
    return np.where(wrong, generator.integers(classes, size=(seeds, texts)), targets), targets


def test_figures_are_scikit_learns_mean_over_seeds() -> None:
    predicted, targets = answers()
    found = class_figures(predicted, targets, 6)
    per_seed = [precision_recall_fscore_support(targets, seed, labels=range(6)) for seed in predicted]
    for ours, theirs in zip((found.precision, found.recall, found.f1), zip(*per_seed, strict=True), strict=False):
        np.testing.assert_allclose(ours, np.mean(theirs, axis=0))
    np.testing.assert_array_equal(found.support, per_seed[0][3])
    counts = np.mean([confusion_matrix(targets, seed, labels=range(6)) for seed in predicted], axis=0)
    np.testing.assert_allclose(confusion_counts(predicted, targets, 6), counts)


def test_a_class_that_is_never_met_or_never_answered_has_no_share() -> None:
    found = class_figures(np.array([[0, 0, 0]]), np.array([0, 0, 1]), 3)
    assert found.precision[0] == pytest.approx(2 / 3)
    assert np.isnan(found.precision[1:]).all()
    assert found.recall[1] == 0
    assert np.isnan(found.recall[2])
    assert (found.f1[1], np.isnan(found.f1[2])) == (0, True)


def test_the_largest_confusions_come_first_and_right_answers_not_at_all() -> None:
    counts = np.array([[9.0, 1.0, 0.0], [4.0, 5.0, 0.5], [0.0, 0.0, 7.0]])
    assert largest_confusions(counts, 9) == [(1, 0), (0, 1), (1, 2)]
    assert largest_confusions(counts, 1) == [(1, 0)]
    assert counts[0, 0] == 9
