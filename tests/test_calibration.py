"""Calibration figures against hand-computed tables, netcal, and the faults that other libraries have."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax as scipy_log_softmax
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss, log_loss

from estitchup.calibration import (
    adaptive_calibration_error,
    answers,
    bin_of,
    brier_score,
    classwise_calibration_error,
    equal_mass_bin_of,
    expected_calibration_error,
    log_losses,
    log_softmax,
    maximum_calibration_error,
    reliability_table,
    softmax,
    wilson_interval,
)

ERRORS = (expected_calibration_error, maximum_calibration_error, adaptive_calibration_error)
# Few distinct values, so that most examples have ties.
tied_rows = st.lists(
    st.tuples(st.integers(0, 8).map(lambda number: number / 8), st.booleans()), min_size=1, max_size=80
)

logits_of_any_size = arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(2, 6)), elements=st.floats(-200, 200))


@given(logits_of_any_size)
def test_log_softmax_is_scipys(logits: np.ndarray) -> None:
    np.testing.assert_allclose(log_softmax(logits), scipy_log_softmax(logits, axis=-1), atol=1e-12)


@given(logits_of_any_size)
def test_answers_are_the_largest_probability_and_what_is_left(logits: np.ndarray) -> None:
    read = answers(logits)
    np.testing.assert_allclose(read.confidence, softmax(logits).max(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(read.confidence + read.doubt, 1, rtol=1e-12)


def test_doubt_tells_texts_apart_whose_confidence_rounds_to_one() -> None:
    read = answers(np.array([[60.0, 0.0], [70.0, 0.0]]))
    assert read.confidence.tolist() == [1.0, 1.0]
    assert read.doubt[0] > read.doubt[1] > 0


def test_answers_keep_the_leading_shape() -> None:
    assert answers(np.zeros((3, 4, 5))).confidence.shape == (3, 4)


def test_a_table_by_hand() -> None:
    table = reliability_table([0.05, 0.1, 0.95, 0.97, 0.99], [0, 1, 1, 1, 0], bins=10)
    assert table.count.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert table.confidence[0] == pytest.approx(0.075)
    assert table.accuracy[0] == pytest.approx(0.5)
    assert table.confidence[9] == pytest.approx(0.97)
    assert table.accuracy[9] == pytest.approx(2 / 3)
    assert np.isnan(table.accuracy[1:9]).all()
    error = expected_calibration_error([0.05, 0.1, 0.95, 0.97, 0.99], [0, 1, 1, 1, 0], bins=10)
    assert error == pytest.approx(2 / 5 * 0.425 + 3 / 5 * (0.97 - 2 / 3))


def test_bins_are_right_closed_and_hold_zero_and_one() -> None:
    assert bin_of([0.0, 0.2, 0.2000001, 1.0], bins=5).tolist() == [0, 0, 1, 4]
    assert len(reliability_table([1.0, 1.0], [1, 0]).count) == 15  # no phantom bin for confidence 1.0


@pytest.mark.parametrize("error", ERRORS)
@given(rows=tied_rows, random=st.randoms())
def test_no_error_depends_on_the_order_of_rows(error: object, rows: list[tuple[float, bool]], random: object) -> None:
    def of(pairs: list[tuple[float, bool]]) -> float:
        return error([c for c, _ in pairs], [r for _, r in pairs])  # type: ignore[operator, no-any-return]

    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert of(rows) == pytest.approx(of(shuffled), abs=1e-12)
    assert 0 <= of(rows) <= 1


@given(tied_rows)
def test_a_finer_look_finds_no_smaller_error(rows: list[tuple[float, bool]]) -> None:
    confidence, correct = [c for c, _ in rows], [r for _, r in rows]
    overall = abs(np.mean(confidence) - np.mean(correct))
    for error in ERRORS:
        assert error(confidence, correct, bins=1) == pytest.approx(overall)
    expected = expected_calibration_error(confidence, correct)
    assert overall <= expected + 1e-12
    assert overall <= adaptive_calibration_error(confidence, correct) + 1e-12
    assert expected <= maximum_calibration_error(confidence, correct) + 1e-12


def test_equal_mass_bins_hold_equally_many_texts_and_never_split_ties() -> None:
    assert np.bincount(equal_mass_bin_of(np.random.default_rng(0).random(150))).tolist() == [10] * 15
    # Ranks 1, 2, 4, 4, 4, 6: the three tied texts share the middle, where halves by position would split them.
    assert equal_mass_bin_of([0.1, 0.2, 0.5, 0.5, 0.5, 0.9], bins=2).tolist() == [0, 0, 1, 1, 1, 1]
    assert set(equal_mass_bin_of([0.7] * 40)) == {7}  # one value, one bin
    assert equal_mass_bin_of([]).tolist() == []


def test_the_adaptive_error_by_hand() -> None:
    confidence, correct = [0.1, 0.2, 0.5, 0.5, 0.5, 0.9], [0, 1, 1, 0, 0, 1]
    assert adaptive_calibration_error(confidence, correct, bins=2) == pytest.approx((0.7 + 0.4) / 6)


def test_the_largest_gap_by_hand_leaves_out_empty_bins() -> None:
    confidence, correct = [0.05, 0.1, 0.95, 0.97, 0.99], [0, 1, 1, 1, 0]
    assert maximum_calibration_error(confidence, correct, bins=10) == pytest.approx(0.425)
    assert maximum_calibration_error([1.0], [1]) == 0.0


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (0, 30), (7, 10), (999, 1000)])
def test_intervals_of_accuracy_are_scipys(hits: int, count: int) -> None:
    expected = binomtest(hits, count).proportion_ci(method="wilson")
    assert [float(bound) for bound in wilson_interval(hits, count)] == pytest.approx([*expected], abs=1e-9)


def test_each_filled_bin_has_an_interval_and_an_empty_one_has_none() -> None:
    table = reliability_table([0.05, 0.95, 0.96], [1, 1, 0], bins=10)
    filled = table.count > 0
    assert (table.low[filled] <= table.accuracy[filled]).all()
    assert (table.accuracy[filled] <= table.high[filled]).all()
    assert np.isnan([table.low[~filled], table.high[~filled]]).all()


def test_the_classwise_error_is_the_mean_of_the_errors_of_the_classes() -> None:
    generator = np.random.default_rng(1)
    logits, targets = 2 * generator.normal(size=(300, 5)), generator.integers(4, size=300)  # class 4 has no texts
    probabilities = softmax(logits)
    by_class = [expected_calibration_error(probabilities[:, k], targets == k) for k in range(5)]
    assert classwise_calibration_error(logits, targets) == pytest.approx(np.mean(by_class), rel=1e-12)


def test_the_brier_score_is_scikit_learns_and_by_hand() -> None:
    generator = np.random.default_rng(2)
    logits, targets = generator.normal(size=(200, 4)), generator.integers(4, size=200)
    expected = brier_score_loss(targets, softmax(logits), labels=np.arange(4), scale_by_half=False)
    assert brier_score(logits, targets) == pytest.approx(expected, rel=1e-12)
    assert brier_score([[0.0, 0.0]], [1]) == pytest.approx(0.5)
    assert brier_score([[900.0, 0.0]], [1]) == pytest.approx(2.0)
    assert brier_score([[3.0]], [0]) == 0.0  # one class is always right


@pytest.mark.parametrize("seed", range(5))
def test_errors_are_netcals_away_from_bin_edges(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from netcal.metrics import ECE, MCE
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(0.001, 0.999, 1000)
    correct = generator.random(1000) < confidence**2
    # netcal takes the confidence of the positive class and whether it came true, when given one dimension.
    expected = ECE(15).measure(confidence, correct.astype(int))
    assert expected_calibration_error(confidence, correct) == pytest.approx(float(expected), abs=1e-12)
    largest = MCE(15).measure(confidence, correct.astype(int))
    assert maximum_calibration_error(confidence, correct) == pytest.approx(float(largest), abs=1e-12)


def test_log_losses_are_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    logits, targets = generator.normal(size=(200, 6)), generator.integers(6, size=200)
    expected = log_loss(targets, softmax(logits), labels=np.arange(6))
    assert log_losses(logits, targets).mean() == pytest.approx(expected, rel=1e-12)


def test_a_very_wrong_answer_has_a_finite_loss() -> None:
    assert log_losses(np.array([[2000.0, 0.0]]), [1]).tolist() == [2000.0]


@pytest.mark.parametrize("seed", range(5))
def test_the_adaptive_error_is_netcals_where_nothing_is_tied(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from netcal.metrics import ECE
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(0.001, 0.999, 1500)
    correct = generator.random(1500) < confidence**2
    # netcal interpolates its edges between texts, so that a text or two change bins.
    expected = ECE(15, equal_intervals=False).measure(confidence, correct.astype(int))
    assert adaptive_calibration_error(confidence, correct) == pytest.approx(float(expected), abs=1e-3)


def test_no_texts_give_no_error_figure() -> None:
    for error in ERRORS:
        assert np.isnan(error([], []))
    for figure in (classwise_calibration_error, brier_score):
        assert np.isnan(figure(np.empty((0, 3)), []))


def test_numbers_that_are_no_confidences_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        reliability_table([0.5, 1.5], [1, 1])
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        adaptive_calibration_error([0.5, 1.5], [1, 1])
