from dataclasses import replace
from pathlib import Path

import pytest
from screen import Open, words
from streamlit.testing.v1 import AppTest

from estitchup.decision_store import KeptThreshold, keep_thresholds
from estitchup.report import figures
from estitchup.report.build import FIRST_CHOICE
from estitchup.result import ExperimentResult
from estitchup.workspace import Status, Workspace

PAGE = "pages/decide/report.py"


def put(home: Workspace, result: ExperimentResult, name: str = "small") -> str:
    job = home.add_job(result.spec, name, Status.FINISHED)
    home.save(job.id, result)
    return job.id


def previews(app: AppTest) -> list[str]:
    """Return the findings of the preview, from the top."""
    headings = ("**Panels, in this order**", "**Take it away**")
    return [part.value for part in app.markdown if part.value.startswith("**") and part.value not in headings]


def test_an_empty_workspace_says_what_to_do_next(visit: Open) -> None:
    app = visit(PAGE)
    assert not app.exception
    assert "no finished experiment yet" in words(app)
    assert not app.get("download_button")


def test_three_files_are_offered_and_the_first_choice_is_previewed(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE)
    assert not app.exception
    assert not app.error
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == ["Page (HTML)", "Slides (PowerPoint)", "Figures and tables"]
    assert len(app.get("plotly_chart")) == 5  # accuracy, unknown, threshold, calibration, speed


def test_panels_are_left_out_and_moved(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE, panels="scores,method")
    first, second = previews(app)
    assert "highest mean accuracy" in first
    assert second.startswith("**Measured on")
    app.button(key="down scores").click().run()
    assert previews(app) == [second, first]
    assert app.query_params["panels"] == "method,scores"
    app.checkbox(key="panel method").uncheck().run()
    assert previews(app) == [first]
    app.checkbox(key="panel scores").uncheck().run()
    assert "Choose at least one panel" in words(app)


def test_an_address_that_names_no_panel_there_is_ticks_the_first_choice(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = visit(PAGE, panels="foo")
    assert [box.key for box in app.checkbox if box.value] == [f"panel {key}" for key in FIRST_CHOICE]
    assert not any(box.value for box in visit(PAGE, panels="none").checkbox)


def test_a_kept_threshold_is_the_reports_threshold(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    job = put(home, small_result)
    keep_thresholds(home.result_folder(job), {"E-Stitchup": KeptThreshold(0.3125)})
    app = visit(PAGE, panels="threshold", shown="E-Stitchup")
    drawn = app.get("plotly_chart")[0].proto.spec
    assert '"x0":0.3125' in drawn.replace(" ", "")


def test_without_a_browser_the_page_says_what_is_missing(
    visit: Open, home: Workspace, small_result: ExperimentResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, small_result)
    monkeypatch.setattr(figures, "BROWSERS", ())
    assert "Drawing SVG and PNG takes Chromium" in words(visit(PAGE, panels="method"))


def test_a_damaged_file_of_thresholds_is_said_and_passed_over(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    job = put(home, small_result)
    Path(home.result_folder(job) / "thresholds.json").write_text("{", encoding="utf-8")
    app = visit(PAGE, panels="threshold")
    assert not app.exception
    assert "cannot be read" in words(app)
    assert app.get("plotly_chart")


def test_the_presentation_mode_shows_the_panels_and_a_way_out(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, replace(small_result))
    app = visit(PAGE, panels="calibration", present="1")
    assert not app.exception
    assert len(app.get("plotly_chart")) == 3
    assert not app.get("download_button")
    app.button(key="leave").click().run()
    assert len(app.get("download_button")) == 3
