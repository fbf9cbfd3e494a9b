"""What a threshold does, against counting one text after another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estitchup.threshold import ThresholdCurve, keep_share

confidences = st.lists(st.integers(0, 20).map(lambda number: number / 20), min_size=0, max_size=40)


@given(confidences, confidences, st.integers(0, 20).map(lambda number: number / 20), st.randoms())
def test_the_curve_counts_what_a_loop_counts(
    known: list[float], unknown: list[float], threshold: float, random: object
) -> None:
    right = [bool(random.getrandbits(1)) for _ in known]  # type: ignore[attr-defined]
    outcome = ThresholdCurve.of(known, right, unknown).at(threshold)
    accepted = [r for c, r in zip(known, right, strict=True) if c >= threshold]
    assert outcome.known_accepted == len(accepted)
    assert outcome.accepted_right == sum(accepted)
    assert outcome.unknown_accepted == sum(c >= threshold for c in unknown)


def test_shares_by_hand() -> None:
    outcome = ThresholdCurve.of([0.2, 0.6, 0.8, 0.9], [True, False, True, True], [0.1, 0.7]).at(0.6)
    assert outcome.known_kept == 0.75  # a confidence equal to the threshold is accepted
    assert outcome.unknown_caught == 0.5
    assert outcome.accepted_accuracy == 0.5  # 2 right of 3 known and 1 unknown


def test_shares_of_nothing_are_not_numbers() -> None:
    outcome = ThresholdCurve.of([], [], []).at(0.5)
    assert np.isnan([outcome.known_kept, outcome.unknown_caught, outcome.accepted_accuracy]).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.5, 0.8, 0.9, 0.95, 1.0]))
def test_keeping_a_share_accepts_that_share_at_the_highest_threshold(known: list[float], share: float) -> None:
    threshold = keep_share(known, share)
    values = np.array(known)
    assert (values >= threshold).mean() >= share - 1e-9
    assert all((values >= higher).mean() < share for higher in values[values > threshold])


def test_keeping_nine_of_ten_refuses_one_of_ten() -> None:
    assert keep_share([0.1 * i for i in range(1, 11)], 0.9) == pytest.approx(0.2)


def test_without_validation_texts_everything_is_accepted() -> None:
    assert keep_share([]) == 0.0
