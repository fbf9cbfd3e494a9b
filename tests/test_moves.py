"""What the drawings show at every step is what the library counts there."""

import numpy as np
import pytest
from scipy.stats import binomtest

from estitchup.moves import Frame, Moves, Operating, curves, position, table
from estitchup.outcomes import SHARES, Outcomes, percent
from estitchup.threshold import Costs, ThresholdCurve

FRAME = Frame("left", "left", "E-Mixup", "", "Threshold of E-Mixup")


def seeds(count: int = 3, known: int = 80, unknown: int = 30) -> list[ThresholdCurve]:
    generator = np.random.default_rng(7)
    return [
        ThresholdCurve.of(
            np.round(generator.random(known), 2),
            generator.random(known) < 0.8,
            np.round(0.7 * generator.random(unknown), 2),
        )
        for _ in range(count)
    ]


def drawn(own: list[ThresholdCurve], threshold: float, costs: tuple[Costs, float | None] | None) -> dict:
    shares = (np.full(20, 5.0), np.full(20, 5.0))
    return table(FRAME, shares, 5.0, Moves.in_steps(own, 100), costs) | {
        "here": position("left", threshold, own, costs)
    }


def test_every_step_has_the_numbers_that_the_outcome_there_has() -> None:
    own, costs = seeds(), Costs(2.0, 3.0, 0.5)
    data = drawn(own, 0.415, (costs, 0.1))
    for step in range(101):
        outcomes = Outcomes(tuple(curve.at(step / 100) for curve in own))
        cost = np.mean([outcome.cost(costs, 0.1) for outcome in outcomes.seeds])
        written = [percent(getattr(outcomes, share)) for share in SHARES] + [f"{cost:.3f}"]
        assert [column[step] for column in data["value"]] == written
        caught = data["points"]["roc"][1][step]
        assert caught == pytest.approx(100 * outcomes.unknown_caught, abs=0.005)
    now = Outcomes(tuple(curve.at(0.415) for curve in own))
    assert [value for value, _ in data["here"]["now"]][:3] == [percent(getattr(now, share)) for share in SHARES]


def test_intervals_are_wilsons_for_the_texts_of_one_seed() -> None:
    own = seeds(1)
    data = drawn(own, 0.5, None)
    outcome = own[0].at(0.5)
    pairs = (
        (outcome.known_accepted, outcome.known),
        (outcome.unknown - outcome.unknown_accepted, outcome.unknown),
        (outcome.accepted_right, outcome.known_accepted + outcome.unknown_accepted),
    )
    bounds = [binomtest(hits, count).proportion_ci(method="wilson") for hits, count in pairs]
    assert [detail for _, detail in data["here"]["now"]] == [
        f"{100 * b.low:.1f} to {100 * b.high:.1f}%" for b in bounds
    ]
    tripled = drawn(own * 3, 0.5, None)
    assert tripled["here"]["now"] == data["here"]["now"]  # the same answers from three seeds make nothing surer


def test_nothing_accepted_and_no_unknown_texts_are_dashes_and_no_points() -> None:
    own = seeds(unknown=0)
    data = drawn(own, 1.0, (Costs(), None))
    assert data["here"]["now"][1] == ("–", "")
    refused = [ThresholdCurve.of([0.2], [True], [0.1])]
    data = drawn(refused, 0.9, (Costs(), None))
    assert data["here"]["now"][2] == ("–", "")
    assert data["points"]["risk"][1][90] is None


def test_curves_start_and_end_where_they_must_and_their_points_lie_at_the_threshold() -> None:
    own = seeds()
    pooled = ThresholdCurve.of(
        np.concatenate([curve.known for curve in own]), np.ones(240), np.concatenate([curve.unknown for curve in own])
    )
    roc, risk = curves([Operating("left", "E-Mixup", pooled.sweep(200))], unknown=True)["charts"]
    line = roc["curves"][0]
    assert (line["x"][0], line["y"][0], line["x"][-1], line["y"][-1]) == (0, 0, 100, 100)
    assert (risk["kind"], risk["word"]) == ("risk", "wrong")
    points = position("left", 0.4, own, (Costs(), None))["points"]
    outcomes = Outcomes(tuple(curve.at(0.4) for curve in own))
    x, y, said = points["roc"]
    assert (x, y) == pytest.approx((100 * (1 - outcomes.known_kept), 100 * outcomes.unknown_caught), abs=0.005)
    assert said == percent(outcomes.unknown_caught)
    assert points["risk"][1] == pytest.approx(100 * (1 - outcomes.accepted_accuracy), abs=0.005)
    assert points["risk"][2] == percent(1 - outcomes.accepted_accuracy)
    bare = curves([Operating("left", "E-Mixup", pooled.sweep(200))], unknown=False)
    assert [chart["kind"] for chart in bare["charts"]] == ["risk"]


def test_the_numbers_at_a_step_and_those_of_its_position_are_the_same() -> None:
    own, costs = seeds(), (Costs(), None)
    data = table(FRAME, (np.full(20, 5.0), np.full(20, 5.0)), 5.0, Moves.in_steps(own, 100), costs)
    for step in (0, 37, 70, 100):
        here = position("left", step / 100, own, costs)
        assert here["now"] == [(data["value"][tile][step], data["detail"][tile][step]) for tile in range(4)]
        assert here["points"] == {
            kind: [column[step] for column in columns] for kind, columns in data["points"].items()
        }
