"""What a threshold does, against counting one text after another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estitchup.errors import EstitchupError
from estitchup.ood import auroc
from estitchup.selective import risk_coverage
from estitchup.threshold import Costs, ScoredTexts, ThresholdCurve, keep_share

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


def test_the_cost_by_hand() -> None:
    curve = ThresholdCurve.of([0.2, 0.6, 0.8, 0.9], [True, False, True, True], [0.1, 0.7])
    costs = Costs(wrong_answer=6.0, missed_unknown=12.0, human_look=1.0)
    outcome = curve.at(0.6)  # of the known one refused and one wrong, of the unknown one refused and one accepted
    assert outcome.cost(costs) == pytest.approx((1 + 6 + 1 + 12) / 6)
    assert outcome.cost(costs, unknown_share=0.1) == pytest.approx(0.9 * 7 / 4 + 0.1 * 13 / 2)
    assert outcome.cost(costs, unknown_share=0.0) == pytest.approx(7 / 4)
    assert curve.at(2.0).cost(costs) == 1.0  # everything is looked at
    assert outcome.coverage == pytest.approx(4 / 6)


def test_costs_of_texts_that_are_not_there() -> None:
    costs, known = Costs(), ThresholdCurve.of([0.2, 0.6], [True, False], [])
    assert known.at(0.0).cost(costs) == pytest.approx(0.5)
    assert np.isnan(known.at(0.0).cost(costs, unknown_share=0.1))
    assert np.isnan(ThresholdCurve.of([], [], []).at(0.5).cost(costs))
    assert np.isnan(ThresholdCurve.of([], [], []).at(0.5).coverage)


def test_impossible_costs_and_shares_are_refused_in_words() -> None:
    with pytest.raises(EstitchupError, match="wrong_answer is -1"):
        Costs(wrong_answer=-1)
    with pytest.raises(EstitchupError, match="human_look is nan"):
        Costs(human_look=float("nan"))
    with pytest.raises(EstitchupError, match="from 0 to 1"):
        ThresholdCurve.of([0.2], [True], [0.1]).at(0.5).cost(Costs(), unknown_share=1.5)


@given(confidences, confidences, st.randoms(), st.sampled_from([None, 2, 7]))
def test_a_sweep_is_the_outcome_at_each_of_its_thresholds(
    known: list[float], unknown: list[float], random: object, points: int | None
) -> None:
    right = [bool(random.getrandbits(1)) for _ in known]  # type: ignore[attr-defined]
    curve = ThresholdCurve.of(known, right, unknown)
    sweep = curve.sweep(points)
    outcomes = [curve.at(threshold) for threshold in sweep.thresholds]
    nan = {"equal_nan": True}
    np.testing.assert_allclose(sweep.known_refused, [1 - o.known_kept for o in outcomes], atol=1e-12, **nan)
    np.testing.assert_allclose(sweep.unknown_caught, [o.unknown_caught for o in outcomes], atol=1e-12, **nan)
    np.testing.assert_allclose(sweep.coverage, [o.coverage for o in outcomes], **nan)
    np.testing.assert_allclose(sweep.risk, [1 - o.accepted_accuracy for o in outcomes], atol=1e-12, **nan)
    np.testing.assert_allclose(sweep.cost(Costs()), [o.cost(Costs()) for o in outcomes], **nan)


@given(confidences.filter(len), confidences.filter(len))
def test_a_full_sweep_is_the_whole_roc_curve(known: list[float], unknown: list[float]) -> None:
    sweep = ThresholdCurve.of(known, [True] * len(known), unknown).sweep()
    assert len(sweep.thresholds) == len({*known, *unknown}) + 1
    assert (sweep.known_accepted[0], sweep.known_accepted[-1]) == (len(known), 0)
    area = np.trapezoid(sweep.unknown_caught, sweep.known_refused)
    assert area == pytest.approx(auroc([-c for c in known], [-c for c in unknown]))


@given(confidences.filter(len), confidences, st.randoms())
def test_a_full_sweep_is_the_risk_coverage_curve_with_unknown_texts_wrong(
    known: list[float], unknown: list[float], random: object
) -> None:
    right = [bool(random.getrandbits(1)) for _ in known]  # type: ignore[attr-defined]
    sweep = ThresholdCurve.of(known, right, unknown).sweep()
    coverage, risk = risk_coverage([*known, *unknown], [*right, *[False] * len(unknown)])
    np.testing.assert_allclose(sweep.coverage[-2::-1], coverage)
    np.testing.assert_allclose(sweep.risk[-2::-1], risk, atol=1e-12)


def test_a_sweep_to_draw_has_few_points_and_both_ends() -> None:
    generator = np.random.default_rng(0)
    curve = ThresholdCurve.of(generator.random(5000), generator.random(5000) < 0.9, generator.random(900))
    sweep = curve.sweep(points=100)
    assert 150 < len(sweep.thresholds) <= 201
    assert (sweep.coverage[0], sweep.coverage[-1]) == (1.0, 0.0)
    assert len(curve.sweep().thresholds) == 5901


def test_nothing_to_sweep_gives_empty_curves() -> None:
    sweep = ThresholdCurve.of([], [], []).sweep()
    assert [len(part) for part in (sweep.thresholds, sweep.risk, sweep.cost(Costs()))] == [0, 0, 0]


def test_scored_texts_are_read_off_logits() -> None:
    texts = ScoredTexts.of(np.log([[0.7, 0.3], [0.4, 0.6]]), [0, 0], np.log([[0.5, 0.5]]))
    np.testing.assert_allclose(texts.confidence, [0.7, 0.6])
    assert texts.predicted.tolist() == [0, 1]
    outcome = texts.curve.at(0.55)
    assert (outcome.known_accepted, outcome.accepted_right, outcome.unknown_accepted) == (2, 1, 0)
