import numpy as np
import pytest

from estitchup.comparison import Difference, epochs_difference
from estitchup.verdict import headline, verdicts

UP, DOWN, NONE = Difference(0.02, 0.01, 0.03), Difference(-0.02, -0.03, -0.01), Difference(0.02, -0.01, 0.05)
MISSING = Difference(np.nan, np.nan, np.nan)


def row(
    accuracy: Difference, ece: Difference, auroc: Difference, epochs: Difference, fpr: Difference | None = None
) -> dict[str, Difference]:
    return {"accuracy": accuracy, "ece": ece, "auroc": auroc, "fpr_at_95_tpr": fpr or auroc, "epochs": epochs}


def test_lower_is_better_where_it_is() -> None:
    answers = verdicts({"E-Mixup": row(DOWN, DOWN, DOWN, DOWN)})
    accuracy = answers[0]
    assert [bool(verdict.better) for verdict in answers] == [False, True, False, True, True]
    assert answers[3].lines == ["E-Mixup catches 2.0 more of 100 unknown texts, 95% interval 1.0 to 3.0"]
    assert accuracy.answer == "Worse with it"
    assert accuracy.lines == ["E-Mixup gets 2.0 fewer of 100 known texts right, 95% interval 1.0 to 3.0"]


def test_an_interval_that_holds_zero_is_no_clear_difference() -> None:
    answers = verdicts({"E-Mixup": row(NONE, NONE, NONE, NONE)})
    assert {verdict.answer for verdict in answers} == {"No clear difference"}
    assert headline(answers) == (
        "Not measurably: no clear difference in accuracy, calibration, telling unknown texts apart, catching unknown "
        "texts or speed."
    )


def test_some_and_every_are_not_the_same() -> None:
    answers = verdicts({"E-Mixup": row(NONE, UP, UP, NONE, DOWN), "E-Stitchup": row(NONE, UP, NONE, NONE, NONE)})
    assert headline(answers) == (
        "It depends: some help with telling unknown texts apart and catching unknown texts; every augmentation hurts "
        "calibration; no clear difference in accuracy or speed."
    )
    assert answers[2].lines[-1] == "No clear difference: E-Stitchup"


def test_what_cannot_be_measured_is_said() -> None:
    answers = verdicts({"E-Mixup": row(NONE, NONE, MISSING, MISSING)})
    assert (answers[2].answer, answers[2].lines) == (
        "Not measured",
        ["No unknown texts to measure it on: E-Mixup"],
    )
    assert headline(answers) == "Not measurably: no clear difference in accuracy or calibration."


def test_epochs_differ_in_pairs() -> None:
    difference = epochs_difference([3, 4, 2], [5, 6, 4])
    assert difference.mean == -2
    assert difference.high == pytest.approx(-2 + 4.302653 * np.sqrt(1 / 6 / 3))  # t of 2 degrees; rounding's variance
    assert difference.clear


def test_a_seed_that_never_arrives_leaves_speed_unmeasured_and_one_seed_unclear() -> None:
    assert np.isnan(epochs_difference([3, None], [5, 6]).mean)
    assert not epochs_difference([1], [9]).clear
