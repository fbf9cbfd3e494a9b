"""Calibration figures against hand-computed tables, netcal, and the faults that other libraries have."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax as scipy_log_softmax
from sklearn.metrics import log_loss

from estitchup.calibration import (
    answers,
    bin_of,
    expected_calibration_error,
    log_losses,
    log_softmax,
    reliability_table,
    softmax,
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


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200), st.randoms())
def test_the_error_does_not_depend_on_the_order_of_rows(rows: list[tuple[float, bool]], random: object) -> None:
    def error(pairs: list[tuple[float, bool]]) -> float:
        return expected_calibration_error([c for c, _ in pairs], [r for _, r in pairs])

    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert error(rows) == pytest.approx(error(shuffled), abs=1e-12)
    assert 0 <= error(rows) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_the_error_is_netcals_away_from_bin_edges(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from netcal.metrics import ECE
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(0.001, 0.999, 1000)
    correct = generator.random(1000) < confidence**2
    # netcal takes the confidence of the positive class and whether it came true, when given one dimension.
    expected = ECE(15).measure(confidence, correct.astype(int))
    assert expected_calibration_error(confidence, correct) == pytest.approx(float(expected), abs=1e-12)


def test_log_losses_are_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    logits, targets = generator.normal(size=(200, 6)), generator.integers(6, size=200)
    expected = log_loss(targets, softmax(logits), labels=np.arange(6))
    assert log_losses(logits, targets).mean() == pytest.approx(expected, rel=1e-12)


def test_a_very_wrong_answer_has_a_finite_loss() -> None:
    assert log_losses(np.array([[2000.0, 0.0]]), [1]).tolist() == [2000.0]


def test_no_texts_give_no_error_figure() -> None:
    assert np.isnan(expected_calibration_error([], []))


def test_numbers_that_are_no_confidences_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        reliability_table([0.5, 1.5], [1, 1])
