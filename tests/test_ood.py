"""OOD figures against scikit-learn, brute force and hand-computed tables, with ties in plenty."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from estitchup.ood import aupr_in, aupr_out, auroc, detection_error, fpr_at_tpr

METRICS = (auroc, aupr_in, aupr_out, fpr_at_tpr, detection_error)

# Few distinct values, so that most examples have ties within and across the two sides.
scores = st.lists(st.integers(0, 12).map(lambda number: number / 4), min_size=1, max_size=60)


def as_scikit(id_scores: list[float], ood_scores: list[float]) -> tuple[list[int], list[float]]:
    return [0] * len(id_scores) + [1] * len(ood_scores), [*id_scores, *ood_scores]


@given(scores, scores)
def test_auroc_and_average_precision_are_scikit_learns(id_scores: list[float], ood_scores: list[float]) -> None:
    is_ood, values = as_scikit(id_scores, ood_scores)
    assert auroc(id_scores, ood_scores) == pytest.approx(roc_auc_score(is_ood, values))
    assert aupr_out(id_scores, ood_scores) == pytest.approx(average_precision_score(is_ood, values))
    is_id, negated = [1 - flag for flag in is_ood], [-value for value in values]
    assert aupr_in(id_scores, ood_scores) == pytest.approx(average_precision_score(is_id, negated))


@given(scores, scores, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_fpr_is_what_trying_every_threshold_finds(
    id_scores: list[float], ood_scores: list[float], share: float
) -> None:
    known, unknown = np.array(id_scores), np.array(ood_scores)
    enough = [t for t in sorted(set(id_scores)) if (known <= t).sum() >= share * len(known) - 1e-9]
    assert fpr_at_tpr(id_scores, ood_scores, share) == pytest.approx((unknown <= enough[0]).mean())


def test_fpr_by_hand_takes_the_first_sufficient_recall_not_the_nearest() -> None:
    # With 10 known texts, 95% of them means all 10: nine are nearest, and not enough.
    known = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert fpr_at_tpr(known, [0.85, 0.95], 0.95) == 0.5
    # With 30, it means 29, though 28 are nearer to 28.5 in a language that rounds halves to even numbers.
    assert fpr_at_tpr(np.arange(1, 31), [28.5, 29.5], 0.95) == 0.5


@given(scores, scores)
def test_the_detection_error_is_what_trying_every_threshold_finds(
    id_scores: list[float], ood_scores: list[float]
) -> None:
    known, unknown = np.array(id_scores), np.array(ood_scores)
    errors = [((known > t).mean() + (unknown <= t).mean()) / 2 for t in [-1.0, *id_scores, *ood_scores]]
    assert detection_error(id_scores, ood_scores) == pytest.approx(min(errors))


def test_the_detection_error_by_hand() -> None:
    assert detection_error([0.1, 0.2, 0.3, 0.8], [0.4, 0.9]) == pytest.approx(1 / 8)
    assert detection_error([0.9], [0.1]) == 0.5  # a score the wrong way round is worth a coin toss, not more


def test_a_constant_detector_is_not_flattered() -> None:
    assert auroc([1.0] * 90, [1.0] * 10) == 0.5
    assert aupr_out([1.0] * 90, [1.0] * 10) == pytest.approx(0.1)  # a trapezoid would say 0.55
    assert fpr_at_tpr([1.0] * 90, [1.0] * 10) == 1.0
    assert detection_error([1.0] * 90, [1.0] * 10) == 0.5


def test_in_and_out_are_not_swapped() -> None:
    known, unknown = [0.1] * 95 + [0.9] * 5, [0.9] * 5
    assert aupr_out(known, unknown) == pytest.approx(0.5)
    assert aupr_in(known, unknown) > 0.98


def test_one_side_without_texts_gives_no_figure() -> None:
    for metric in METRICS:
        assert np.isnan(metric([], [1.0]))
        assert np.isnan(metric([1.0], []))


@given(scores, scores)
def test_no_figure_depends_on_the_scale_of_the_score(id_scores: list[float], ood_scores: list[float]) -> None:
    stretched = [np.exp(np.array(side)) for side in (id_scores, ood_scores)]
    for metric in METRICS:
        assert metric(id_scores, ood_scores) == pytest.approx(metric(*stretched))
