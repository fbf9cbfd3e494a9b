import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from screen import Open, moving, words
from streamlit.testing.v1 import AppTest
from test_compare_page import only, put, without_unknown

from estitchup.corpus import Role
from estitchup.decision import Decision
from estitchup.decision_store import FILE, KeptThreshold, keep_thresholds, kept_thresholds
from estitchup.errors import EstitchupError
from estitchup.leave_out import LeftOut
from estitchup.outcomes import Outcomes, in_words, of_100, written
from estitchup.policy import KeepKnown, LeastCost, LimitUnknown, RightAnswers
from estitchup.result import ExperimentResult
from estitchup.temperature import fit_temperature, scaled
from estitchup.threshold import Costs, Outcome, ScoredTexts
from estitchup.ui import threshold_view
from estitchup.workspace import Workspace

PAGE = "pages/decide/threshold.py"


def scored(result: ExperimentResult, name: str, role: Role, calibrated: bool = False) -> list[ScoredTexts]:
    """Score an augmentation's runs without the page's own code."""
    known_of = {r: result.role_rows(r)["target"].to_numpy() for r in (Role.VALIDATION, Role.TEST)}
    texts = []
    for run in result.runs_of(name):
        validation = known_of[Role.VALIDATION]
        fitted = fit_temperature(result.logits["validation"][run][validation >= 0], validation[validation >= 0])
        logits = scaled(result.logits[role.value][run], fitted if calibrated else 1.0)
        targets = known_of[role]
        texts.append(ScoredTexts.of(logits[targets >= 0], targets[targets >= 0], logits[targets < 0]))
    return texts


def pooled(runs: list[ScoredTexts]) -> ScoredTexts:
    columns = [name for name, column in vars(runs[0]).items() if isinstance(column, np.ndarray)]
    return ScoredTexts(**{name: np.concatenate([getattr(run, name) for run in runs]) for name in columns})


def threshold(app: AppTest, side: str) -> float:
    value: float = app.number_input(key=f"t_{side}").value
    return value


def shown(app: AppTest) -> list[str]:
    return [value for panel in moving(app, "now") for value, _ in panel["now"]]


def lines(app: AppTest) -> list[float]:
    return [panel["threshold"] for panel in moving(app, "now")]


def expected(runs: list[ScoredTexts], at: float) -> list[str]:
    outcomes = [run.curve.at(at) for run in runs]
    shares = ("known_kept", "unknown_caught", "accepted_accuracy")
    means = [f"{np.mean([getattr(outcome, share) for outcome in outcomes]):.1%}" for share in shares]
    return [*means, f"{np.mean([outcome.cost(Costs()) for outcome in outcomes]):.3f}"]


def test_an_empty_workspace_says_what_to_do_next(visit: Open) -> None:
    app = visit(PAGE)
    assert not app.exception
    assert "no finished experiment yet" in words(app)
    assert [button.label for button in app.button] == ["Start with the sample", "Go to Train"]


def test_the_numbers_are_those_of_the_threshold_curve(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE)
    assert not app.exception
    assert not app.error
    assert [app.selectbox(key=side).value for side in ("left", "right")] == ["No augmentation", "E-Stitchup"]
    app.slider[0].set_value(0.5).run()
    app.number_input(key="t_right").set_value(0.4).run()
    assert not app.error
    assert threshold(app, "left") == 0.5
    assert app.slider[1].value == 0.4
    left = expected(scored(small_result, "No augmentation", Role.TEST), 0.5)
    right = expected(scored(small_result, "E-Stitchup", Role.TEST), 0.4)
    assert shown(app) == left + right
    assert "At **0.50**, **No augmentation** answers" in words(app)
    assert lines(app) == [0.5, 0.4]


def test_a_policy_chooses_on_validation_texts(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE)
    validation = pooled(scored(small_result, "No augmentation", Role.VALIDATION))
    assert threshold(app, "left") == KeepKnown(0.9).choose(validation)
    app.selectbox(key="policy").set_value(LimitUnknown.name).run()
    assert threshold(app, "left") == min(LimitUnknown().choose(validation), 1)
    app.number_input(key="limitunknown_share").set_value(0.3).run()
    chosen = threshold(app, "left")
    assert chosen == LimitUnknown(0.3).choose(validation)
    app.slider[0].set_value(0.1).run()
    next(button for button in app.button if "policy's choice" in button.label).click().run()
    assert threshold(app, "left") == chosen


def test_every_policy_works(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE)
    for name in app.selectbox(key="policy").options:
        app.selectbox(key="policy").set_value(name).run()
        assert not app.exception
        assert not app.error
        assert 0 <= threshold(app, "left") <= 1


def test_one_threshold_can_serve_both_panels(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE)
    app.toggle(key="linked").set_value(True).run()
    assert len(app.slider) == 1
    app.slider[0].set_value(0.45).run()
    assert lines(app) == [0.45, 0.45]
    app.toggle(key="linked").set_value(False).run()
    assert not app.error
    assert threshold(app, "left") == 0.45


def test_temperature_scaling_changes_confidences_and_the_choice(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE)
    before = threshold(app, "left")
    app.toggle(key="calibrated").set_value(True).run()
    assert not app.error
    after = threshold(app, "left")
    assert after != before
    scaled_validation = pooled(scored(small_result, "No augmentation", Role.VALIDATION, calibrated=True))
    assert after == KeepKnown(0.9).choose(scaled_validation)
    assert shown(app)[:4] == expected(scored(small_result, "No augmentation", Role.TEST, calibrated=True), after)
    assert "Expected calibration error on test texts" in words(app)
    app.toggle(key="calibrated").set_value(False).run()
    assert threshold(app, "left") == before


def test_costs_weigh_what_the_threshold_does(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE, t_left="0.5")
    app.number_input(key="cost_look").set_value(3.0).run()
    runs = scored(small_result, "No augmentation", Role.TEST)
    mean = np.mean([run.curve.at(0.5).cost(Costs(human_look=3.0)) for run in runs])
    assert shown(app)[3] == f"{mean:.3f}"


def test_a_link_opens_the_same_view(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE, left="Label softening", right="No augmentation", t_left="0.73", t_right="0.6", calibrated="true")
    assert [app.selectbox(key=side).value for side in ("left", "right")] == ["Label softening", "No augmentation"]
    assert (threshold(app, "left"), threshold(app, "right")) == (0.73, 0.6)
    assert app.toggle(key="calibrated").value
    app.selectbox(key="left").set_value("No augmentation").run()
    assert not app.error
    assert app.selectbox(key="right").value != "No augmentation"


def test_a_link_with_one_threshold_sets_both_sides_and_then_lets_go(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE, threshold="0.7")
    assert (threshold(app, "left"), threshold(app, "right")) == (0.7, 0.7)
    app.number_input(key="t_right").set_value(0.6).run()
    app.selectbox(key="policy").set_value(LimitUnknown.name).run()
    assert 0.7 not in (threshold(app, "left"), threshold(app, "right"))
    assert "threshold" not in app.query_params


@pytest.mark.parametrize("asked", ["1.7", "nan", "high"])
def test_a_threshold_that_is_none_is_said_and_passed_over(
    visit: Open, home: Workspace, small_result: ExperimentResult, asked: str
) -> None:
    put(home, small_result)
    app = visit(PAGE, t_left=asked)
    assert [asked in warning.value for warning in app.warning] == [True]
    assert not app.exception
    assert not app.error
    validation = pooled(scored(small_result, "No augmentation", Role.VALIDATION))
    assert threshold(app, "left") == KeepKnown(0.9).choose(validation)


def test_kept_thresholds_come_back(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    job_id = put(home, small_result)
    app = visit(PAGE)
    app.toggle(key="calibrated").set_value(True).run()
    app.selectbox(key="policy").set_value(LimitUnknown.name).run()
    app.number_input(key="limitunknown_share").set_value(0.3).run()
    app.number_input(key="t_right").set_value(0.625).run()
    next(button for button in app.button if "Keep these" in button.label).click().run()
    assert not app.error
    kept = kept_thresholds(home.result_folder(job_id))
    assert kept["No augmentation"] == KeptThreshold(threshold(app, "left"), LimitUnknown.name, {"share": 0.3}, True)
    assert kept["E-Stitchup"] == KeptThreshold(0.625, None, {}, True)
    again = visit(PAGE)
    assert not again.error
    assert threshold(again, "left") == kept["No augmentation"].threshold
    assert threshold(again, "right") == 0.625
    assert again.toggle(key="calibrated").value
    assert again.selectbox(key="policy").value == LimitUnknown.name
    assert again.number_input(key="limitunknown_share").value == 0.3
    assert "E-Stitchup 0.625 after temperature scaling" in words(again)


def test_no_unknown_texts_are_said(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, without_unknown(small_result))
    app = visit(PAGE)
    assert not app.exception
    assert not app.error
    assert "has no unknown test texts" in words(app)
    assert "Policies that look at unknown texts are not offered" in words(app)
    assert LimitUnknown.name not in app.selectbox(key="policy").options
    assert shown(app)[1] == "–"
    assert "unknown texts." not in app.markdown[0].value
    assert [chart["kind"] for chart in moving(app, "charts")[0]["charts"]] == ["risk"]  # no ROC


def test_a_single_augmentation_has_one_panel(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, only(small_result, ["E-Stitchup"], [0]))
    app = visit(PAGE)
    assert not app.exception
    assert not app.error
    assert len(app.slider) == 1
    assert len(shown(app)) == 4
    assert [toggle.label for toggle in app.toggle] == ["Temperature scaling"]


@pytest.mark.parametrize("at", [0.0, 1.0])
def test_the_ends_of_the_scale_work_in_every_section(
    visit: Open, home: Workspace, small_result: ExperimentResult, at: float
) -> None:
    put(home, small_result)
    for section in ("Curves", "Texts near the line", "Classes that suffer"):
        app = visit(PAGE, detail=section)
        app.slider[0].set_value(at).run()
        assert not app.exception
        assert not app.error


def test_texts_near_the_line_are_shown_word_for_word(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE, detail="Texts near the line", t_left="0.5")
    table = app.table[0].value
    first = scored(small_result, "No augmentation", Role.TEST)[0]
    distances = np.sort(np.abs(np.concatenate([first.confidence, first.unknown_confidence]) - 0.5))[:10]
    assert np.sort(np.abs(table["Confidence"] - 0.5)) == pytest.approx(distances)
    rows = small_result.role_rows(Role.TEST)
    labels = dict(zip(rows["text"], rows["label"].where(rows["target"] >= 0, "unknown"), strict=True))
    assert [labels[text] for text in table["Text"]] == list(table["Label"])
    assert list(table["Becomes"]) == ["answered" if c >= 0.5 else "refused" for c in table["Confidence"]]


def test_the_classes_that_suffer_are_counted(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE, detail="Classes that suffer", t_left="0.9")
    test = pooled(scored(small_result, "No augmentation", Role.TEST))
    for _, row in app.table[0].value.iterrows():
        own = test.target == small_result.facts.classes.index(row["Class"])
        assert row["Refused"] == pytest.approx(100 * np.mean(test.confidence[own] < 0.9))
        assert row["Texts"] == own.sum() / 2


def test_another_experiment_gets_its_own_thresholds(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, only(small_result, ["E-Stitchup"], [0]), "older")
    put(home, small_result, "newer")
    app = visit(PAGE)
    app.slider[0].set_value(0.99).run()
    app.selectbox[0].select_index(1).run()
    assert not app.exception
    assert not app.error
    validation = pooled(scored(small_result, "E-Stitchup", Role.VALIDATION)[:1])
    assert threshold(app, "left") == KeepKnown(0.9).choose(validation)
    app.selectbox[0].select_index(0).run()
    assert not app.error
    assert threshold(app, "left") != 0.99


def test_kept_thresholds_of_other_augmentations_stay(tmp_path: Path) -> None:
    keep_thresholds(tmp_path, {"E-Mixup": KeptThreshold(0.5)})
    keep_thresholds(tmp_path, {"E-Stitchup": KeptThreshold(0.25, "by rule", {"share": None}, True)})
    assert list(kept_thresholds(tmp_path)) == ["E-Mixup", "E-Stitchup"]
    assert json.loads((tmp_path / FILE).read_text("utf-8"))["E-Stitchup"] == {
        "threshold": 0.25,
        "policy": "by rule",
        "parameters": {"share": None},
        "temperature": True,
    }
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("content", ["{", "[1]", '{"E-Mixup": {"threshold": 2}}', '{"E-Mixup": {"height": 1}}'])
def test_damaged_thresholds_are_said_and_can_be_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-8")
    with pytest.raises(EstitchupError, match="threshold"):
        kept_thresholds(tmp_path)
    keep_thresholds(tmp_path, {"E-Mixup": KeptThreshold(0.5)})
    assert kept_thresholds(tmp_path) == {"E-Mixup": KeptThreshold(0.5)}


def test_counts_of_100_say_all_and_none_only_where_it_is_so() -> None:
    said = [of_100(share) for share in (0, 0.001, 0.71, 0.999, 1)]
    assert said == ["0 of 100", "fewer than 1 of 100", "71 of 100", "more than 99 of 100", "100 of 100"]


def test_thresholds_are_written_as_short_as_they_may() -> None:
    assert [written(value) for value in (0.5, 0.625, 0.55878, 0.99996, 1.0)] == [
        "0.50",
        "0.625",
        "0.559",
        "0.999960",
        "1.00",
    ]


def test_a_threshold_that_answers_nothing_is_told_without_accuracy() -> None:
    outcomes = Outcomes((Outcome(1.0, 10, 0, 0, 0, 0),))
    assert in_words(outcomes) == "answers 0 of 100 known texts."


def test_stand_ins_serve_where_validation_has_no_unknown_texts_and_the_page_says_so(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    known = without_unknown(small_result)
    kept = np.array([[True, True, False, False], [False, False, True, True]])
    logits = known.logits["validation"][[0, 1, 2, 3, 4, 5]]
    result = replace(known, left_out=LeftOut(kept, logits), spec=known.spec.model_copy(update={"leave_out": 2}))
    job_id = put(home, result)
    app = visit(PAGE)
    assert "texts of known classes stand in" not in words(app)
    app.selectbox(key="policy").set_value(LimitUnknown.name).run()
    assert not app.exception
    assert not app.error
    assert "texts of known classes stand in, as scored by 2 extra runs" in words(app)
    assert 0 < threshold(app, "left") <= 1
    assert "taken to be unknown" not in words(app)
    app.selectbox(key="policy").set_value(RightAnswers.name).run()
    assert "where 10% of texts are taken to be unknown" in words(app)
    app.selectbox(key="policy").set_value(LeastCost.name).run()
    assert "where 10% of texts are taken to be unknown" in words(app)
    expected_cost = threshold(app, "left")
    own = Decision(home.load(job_id)).classifier("No augmentation", calibrated=False)
    assert expected_cost == own.choose(LeastCost(unknown_share=0.1))
    app.number_input(key="unknown_share").set_value(0.5).run()
    assert "where 50% of texts are taken to be unknown" in words(app)
    assert threshold(app, "left") >= expected_cost
    app.number_input(key="unknown_share").set_value(0.0).run()
    assert not app.error
    assert threshold(app, "left") <= expected_cost
    assert shown(app)[3] != "–"  # the cost of test texts, none of which is unknown


def test_a_line_that_is_let_go_sets_number_and_slider(
    visit: Open, home: Workspace, small_result: ExperimentResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    released: dict[str, Callable[[float], None]] = {}
    monkeypatch.setattr(threshold_view, "moving_panel", lambda _, __, key, release: released.update({key: release}))
    job_id = put(home, small_result)
    app = visit(PAGE)
    with monkeypatch.context() as inside:
        inside.setattr(st, "session_state", app.session_state)
        released["panel right"](0.321)
    app.run()
    assert threshold(app, "right") == 0.321
    assert app.slider[1].value == 0.321
    assert kept_thresholds(home.result_folder(job_id)) == {}
