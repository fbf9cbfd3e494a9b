import io
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from screen import Open, moving, words
from streamlit.testing.v1 import AppTest

from estitchup.class_table import ClassTables
from estitchup.corpus import Role
from estitchup.metric_table import METRIC_COLUMNS
from estitchup.result import ExperimentResult
from estitchup.score_table import COLUMNS, csv_text
from estitchup.threshold import ThresholdCurve, keep_share
from estitchup.trained import StackedHeads
from estitchup.workspace import Status, Workspace

PAGE = "pages/experiment/compare.py"


def put(home: Workspace, result: ExperimentResult, name: str = "small") -> str:
    job = home.add_job(result.spec, name, Status.FINISHED)
    home.save(job.id, result)
    return job.id


def only(result: ExperimentResult, names: list[str], seeds: list[int]) -> ExperimentResult:
    """Return the result as if only these augmentations and seeds had been run."""
    kept = [i for i, (name, seed) in enumerate(result.spec.run_keys) if name in names and seed in seeds]
    history = result.history[result.history["run"].isin(kept)]
    heads = result.heads
    cells = tuple(cell for cell in result.spec.augmentations if cell.name in names)
    return replace(
        result,
        spec=result.spec.model_copy(update={"augmentations": cells, "seeds": tuple(seeds)}),
        facts=replace(result.facts, best_epochs=tuple(result.facts.best_epochs[i] for i in kept)),
        history=history.assign(run=history["run"].map({run: i for i, run in enumerate(kept)})),
        logits={role: logits[kept] for role, logits in result.logits.items()},
        heads=StackedHeads(
            tuple(layer[kept] for layer in heads.weights),
            tuple(layer[kept] for layer in heads.biases),
            heads.mean[kept],
            heads.deviation[kept],
        ),
    )


def without_unknown(result: ExperimentResult) -> ExperimentResult:
    """Return the result as if no text had been held out as unknown."""
    known = {role: result.role_rows(role)["target"].to_numpy() >= 0 for role in (Role.VALIDATION, Role.TEST)}
    logits = {role.value: result.logits[role.value][:, mask] for role, mask in known.items()}
    return replace(result, rows=result.rows[result.rows["target"] >= 0].reset_index(drop=True), logits=logits)


def drawings(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_an_empty_workspace_says_what_to_do_next(visit: Open) -> None:
    app = visit(PAGE)
    assert not app.exception
    assert "no finished experiment yet" in words(app)
    assert [button.label for button in app.button] == ["Start with the sample", "Go to Train"]
    assert not app.get("plotly_chart")


def test_the_table_shows_the_numbers_of_summary_json(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE)
    assert not app.exception
    shown = app.dataframe[0].value
    assert list(shown.index) == small_result.names
    for entry in small_result.summary:
        for metric, column in COLUMNS.items():
            value = entry["metrics"][metric]
            mean, deviation = re.findall(r"[\d.]+", shown.loc[entry["name"], column.heading])
            assert float(mean) == pytest.approx(column.factor * value["mean"], abs=0.5 * 10**-column.decimals)
            assert float(deviation) == pytest.approx(column.factor * value["std"], abs=0.5 * 10**-column.decimals)
    assert list(app.table[0].value.index) == ["Label softening", "E-Stitchup"]
    assert "Does augmentation help on these texts?" in words(app)


def test_a_subset_of_the_runs_can_be_shown(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE, shown="E-Stitchup")
    assert list(app.dataframe[0].value.index) == ["E-Stitchup"]
    assert list(app.table[0].value.index) == ["E-Stitchup"]
    assert [panel["title"] for panel in moving(app, "now")] == ["E-Stitchup"]
    app.pills[0].set_value([]).run()
    assert "Choose at least one augmentation" in words(app)


def test_the_threshold_starts_where_the_baseline_keeps_90_percent_and_moves_every_panel(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE)
    baseline = [small_result.scores(run, Role.VALIDATION) for run in small_result.runs_of("No augmentation")]
    start = keep_share(np.concatenate([scores.confidence for scores in baseline]))
    assert start - 0.01 < app.slider[0].value <= start
    app.slider[0].set_value(0.5).run()
    assert [panel["threshold"] for panel in moving(app, "now")] == [0.5] * 3
    for name, panel in zip(small_result.names, moving(app, "now"), strict=True):
        runs = [small_result.scores(run) for run in small_result.runs_of(name)]
        outcomes = [ThresholdCurve.of(run.confidence, run.correct, run.unknown_confidence).at(0.5) for run in runs]
        shares = ("known_kept", "unknown_caught", "accepted_accuracy")
        means = [np.nanmean([getattr(outcome, share) for outcome in outcomes]) for share in shares]
        assert [value for value, _ in panel["now"]] == [f"{mean:.1%}" for mean in means]
        assert [column[50] for column in panel["value"]] == [value for value, _ in panel["now"]]
        assert [column[50] for column in panel["detail"]] == [detail for _, detail in panel["now"]]


def test_a_link_opens_the_same_threshold(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    assert visit(PAGE, threshold="0.73").slider[0].value == 0.73


def test_a_threshold_stays_with_its_experiment(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result, "older")
    put(home, small_result, "newer")
    app = visit(PAGE)
    start = app.slider[0].value
    app.slider[0].set_value(0.99).run()
    app.selectbox[0].select_index(1).run()
    assert app.slider[0].value == start


def test_calibration_errors_stand_in_the_titles(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE, view="Calibration")
    assert not app.exception
    titles = [drawn["layout"]["title"]["text"] for drawn in drawings(app)]
    errors = [entry["metrics"]["ece"]["mean"] for entry in small_result.summary]
    assert titles == [f"<b>{name}: ECE {e:.3f}</b>" for name, e in zip(small_result.names, errors, strict=True)]
    assert not app.slider  # a section that is not on the screen is not computed


def test_speed_is_told_in_epochs_and_seconds(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE, view="Accuracy and speed")
    assert not app.exception
    row = app.table[1].value.loc["No augmentation"]
    epochs = np.mean(small_result.epochs_to_baseline("No augmentation"))
    assert row["Epochs"] == f"{epochs:.1f}"
    assert row["Seconds"] == f"{epochs * small_result.seconds_per_run / 2:.1f}"
    assert row["Seeds"] == "2 of 2"


def test_one_seed_and_no_baseline_are_said(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, only(small_result, ["E-Stitchup"], [0]))
    app = visit(PAGE)
    assert not app.exception
    assert "No augmentation is not among the runs, so differences from it cannot be shown" in words(app)
    assert "One seed was run" in words(app)
    assert len(app.dataframe) == 2  # the scores of the augmentation, and how its OOD scores do
    assert not app.table
    for view in ("Calibration", "Accuracy and speed"):
        assert not visit(PAGE, view=view).exception


def test_no_unknown_texts_are_said(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, without_unknown(small_result))
    app = visit(PAGE)
    assert not app.exception
    assert "No unknown texts to measure it on" in words(app)
    assert "has no unknown texts" in words(app)
    assert set(app.dataframe[0].value["AUROC"]) == {"–"}
    assert not any(moving(app, "now")[0]["unknown"])


def test_a_stopped_experiment_says_after_which_epoch(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    history = small_result.history[small_result.history["epoch"] == 1].reset_index(drop=True)
    put(home, replace(small_result, facts=replace(small_result.facts, stopped=True), history=history))
    app = visit(PAGE)
    assert not app.exception
    assert "stopped after epoch 1 of 2" in words(app)


def test_the_csv_holds_every_number_of_the_page(small_workspace: Workspace) -> None:
    result = small_workspace.load(small_workspace.experiments()[0].id)
    table = pd.read_csv(io.StringIO(csv_text(result.summary, result.differences)), index_col="augmentation")
    for entry in result.summary:
        assert table.loc[entry["name"], "accuracy_mean"] == entry["metrics"]["accuracy"]["mean"]
    difference = result.differences["E-Stitchup"]["accuracy"]
    assert table.loc["E-Stitchup", "accuracy_difference_low"] == difference.low
    assert np.isnan(table.loc["No augmentation", "accuracy_difference"])


def test_the_choice_of_runs_survives_a_change_to_an_experiment_with_fewer(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, only(small_result, ["E-Stitchup"], [0]), "fewer")
    put(home, small_result, "all")
    app = visit(PAGE)
    assert len(moving(app, "now")) == 3
    app.selectbox[0].select_index(1).run()
    assert not app.exception
    assert list(app.dataframe[0].value.index) == ["E-Stitchup"]
    app.selectbox[0].select_index(0).run()
    assert not app.exception
    assert "E-Stitchup" in app.dataframe[0].value.index


def test_every_choice_of_an_experiment_is_taken(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    for _ in range(3):
        put(home, small_result)
    ids = [job.id for job in home.experiments()]
    app = visit(PAGE, experiment=ids[2])
    assert app.selectbox[0].value == ids[2]
    for wanted in (ids[0], ids[1], ids[2], ids[0]):
        app.selectbox[0].set_value(wanted).run()
        assert app.selectbox[0].value == wanted
        assert app.query_params["experiment"] in (wanted, [wanted])


def test_every_metric_has_its_interval_and_difference(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE, view="All metrics")
    assert not app.exception
    assert "McNemar" in words(app)
    for metric, column in METRIC_COLUMNS.items():
        app.selectbox(key="metric").set_value(metric).run()
        assert not app.exception
        table = app.table[-1].value
        assert list(table.index) == small_result.names
        estimate = small_result.intervals["E-Stitchup"][metric]
        assert float(table.loc["E-Stitchup", column.heading]) == pytest.approx(
            column.factor * estimate.mean, abs=0.5 * 10**-column.decimals
        )
        assert " to " in table.loc["E-Stitchup", "95% interval"]
        assert "to" in table.loc["E-Stitchup", "Difference"]
        assert table.loc["No augmentation", "Difference"] == ""


def test_classes_are_counted_one_by_one(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE, view="Classes")
    assert not app.exception
    assert app.selectbox(key="classes_of").value == "Label softening"
    table = app.dataframe[-1].value.set_index("Class")
    targets = small_result.role_rows(Role.TEST)["target"].to_numpy()
    runs = [small_result.scores(run).predicted for run in small_result.runs_of("Label softening")]
    for name, row in table.iterrows():
        own = small_result.facts.classes.index(name)
        right = [np.mean(run[targets[targets >= 0] == own] == own) for run in runs]
        assert row["Recall"] == pytest.approx(100 * np.mean(right))
    assert drawings(app)[0]["data"][0]["type"] == "heatmap"


def test_many_classes_get_a_list_of_confusions(small_result: ExperimentResult) -> None:
    confusions = ClassTables(small_result).confusions("E-Stitchup")
    assert list(confusions["Texts"]) == sorted(confusions["Texts"], reverse=True)
    assert (confusions["Class"] != confusions["Taken for"]).all()
    wrong = [(~small_result.scores(run).correct).sum() for run in small_result.runs_of("E-Stitchup")]
    assert confusions["Texts"].sum() == pytest.approx(np.mean(wrong))


def test_scores_are_compared_where_there_are_unknown_texts(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE)
    shown = app.dataframe[-1].value
    assert {"Confidence", "Energy", "Mahalanobis", "Energy + Mahalanobis"} <= set(shown.index)
    assert float(shown.loc["Confidence", "E-Stitchup"]) == pytest.approx(
        small_result.summary[2]["metrics"]["auroc"]["mean"]
    )
    put(home, replace(small_result, detection=None))
    assert "kept no distances" in words(visit(PAGE))
    put(home, without_unknown(small_result))
    assert len(visit(PAGE).dataframe) == 1
