"""Risk against coverage, by hand and against trying every order of ties."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estitchup.selective import aurc, risk_coverage

rows = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=40)


def test_the_curve_by_hand() -> None:
    coverage, risk = risk_coverage([0.9, 0.8, 0.8, 0.1], [True, False, True, False])
    np.testing.assert_allclose(coverage, [0.25, 0.75, 1.0])
    np.testing.assert_allclose(risk, [0, 1 / 3, 1 / 2])


def test_the_area_by_hand() -> None:
    assert aurc([0.9, 0.8, 0.7], [True, False, True]) == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6))
def test_the_area_is_its_mean_over_all_orders_of_ties(texts: list[tuple[int, bool]]) -> None:
    areas = []
    for order in permutations(texts):
        if all(first[0] >= second[0] for first, second in pairwise(order)):
            wrong = np.cumsum([not right for _, right in order])
            areas.append((wrong / np.arange(1, len(order) + 1)).mean())
    assert aurc([c for c, _ in texts], [r for _, r in texts]) == pytest.approx(np.mean(areas))


@given(rows, st.randoms())
def test_neither_order_of_rows_nor_scale_matters(texts: list[tuple[int, bool]], random: object) -> None:
    shuffled = list(texts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    area = aurc([c for c, _ in texts], [r for _, r in texts])
    assert aurc([2.0**c for c, _ in shuffled], [r for _, r in shuffled]) == pytest.approx(area, abs=1e-12)


def test_one_confidence_for_all_gives_the_share_of_wrong_answers() -> None:
    assert aurc([0.5] * 10, [True] * 7 + [False] * 3) == pytest.approx(0.3)


@given(rows)
def test_the_last_point_of_the_curve_answers_everything(texts: list[tuple[int, bool]]) -> None:
    coverage, risk = risk_coverage([c for c, _ in texts], [r for _, r in texts])
    assert (np.diff(coverage) > 0).all()
    assert coverage[-1] == 1
    assert risk[-1] == pytest.approx(np.mean([not right for _, right in texts]))


def test_no_texts_give_an_empty_curve_and_no_area() -> None:
    assert [part.tolist() for part in risk_coverage([], [])] == [[], []]
    assert np.isnan(aurc([], []))
