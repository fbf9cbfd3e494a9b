from dataclasses import replace

import pytest
from screen import Open, words
from streamlit.testing.v1 import AppTest
from test_compare_page import only, put

from estitchup.result import ExperimentResult
from estitchup.result_folder import save_result
from estitchup.ui import past_list, past_pair
from estitchup.workspace import Workspace

PAGE = "pages/experiment/past.py"


def tick(monkeypatch: pytest.MonkeyPatch, *rows: int) -> None:
    """Tick rows of the list: AppTest cannot select in a dataframe."""
    draw = past_list.st.dataframe

    def ticked(*args: object, **options: object) -> object:
        drawn = draw(*args, **options)
        return {"selection": {"rows": list(rows)}} if str(options.get("key")).startswith("past ") else drawn

    monkeypatch.setattr(past_list.st, "dataframe", ticked)


def test_an_empty_workspace_says_what_to_do_next(visit: Open) -> None:
    app = visit(PAGE)
    assert not app.exception
    assert "no finished experiment yet" in words(app)
    assert [button.label for button in app.button][:2] == ["Start with the sample", "Go to Train"]


def test_the_list_names_what_was_run_and_the_best_means(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, only(small_result, ["E-Stitchup"], [0]), "older")
    put(home, small_result, "newer")
    app = visit(PAGE)
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table["Name"]) == ["newer", "older"]
    assert list(table["Runs"]) == ["3 × 2", "1 × 1"]
    assert list(table["Texts"]) == ["small.csv"] * 2
    for metric, column in (("accuracy", "Best accuracy"), ("auroc", "Best AUROC")):
        assert table[column][0] == max(entry["metrics"][metric]["mean"] for entry in small_result.summary)


def test_what_came_with_the_file_is_no_encoder_and_nothing_unknown_is_none(
    home: Workspace, small_result: ExperimentResult
) -> None:
    corpus = small_result.spec.corpus.model_copy(update={"vectors": "embedding", "unknown_labels": ()})
    spec = small_result.spec.model_copy(update={"corpus": corpus})
    job = home.job(put(home, replace(small_result, spec=spec)))
    assert job is not None
    assert past_list.experiment_table([job])["Encoder"].tolist() == ["vectors that came with the texts"]
    said = dict(past_pair._settings(job))
    assert (said["Unknown"], said["Encoder"]) == ("none", "vectors that came with the texts")


def test_an_experiment_is_renamed_and_a_name_without_letters_is_refused(
    visit: Open, home: Workspace, small_result: ExperimentResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = put(home, small_result)
    tick(monkeypatch, 0)
    app = visit(PAGE)
    app.text_input(key=f"name {job}").set_value("With `soft` labels")
    rename(app)
    assert [own.name for own in home.experiments()] == ["With `soft` labels"]
    app.text_input(key=f"name {job}").set_value("  ")
    rename(app)
    assert "The name is empty" in words(app)


def rename(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Rename").click().run()


def test_a_removed_experiment_is_off_every_list_and_comes_back(
    visit: Open, home: Workspace, small_result: ExperimentResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = put(home, small_result)
    tick(monkeypatch, 0)
    app = visit(PAGE)
    app.button(key=f"remove {job}").click().run()
    assert "is removed from the list" in words(app)
    assert home.experiments() == []
    assert home.result_folder(job).exists()
    assert "no finished experiment yet" in words(visit("pages/experiment/compare.py"))
    app.button(key="undo").click().run()
    assert [own.id for own in home.experiments()] == [job]


def test_ticks_do_not_pass_to_another_experiment_that_moves_into_the_row(
    home: Workspace, small_result: ExperimentResult
) -> None:
    for name in ("older", "newer"):
        put(home, small_result, name)
    newer, older = home.experiments()
    home.catalog.rename(newer.id, "renamed")
    assert past_list.list_key(home.experiments()) == past_list.list_key([newer, older])
    home.shelf.remove(newer.id)
    assert past_list.list_key(home.experiments()) != past_list.list_key([newer, older])


def test_files_go_only_when_the_bin_is_emptied(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    job, kept = put(home, small_result, "gone"), put(home, small_result, "kept")
    home.shelf.remove(job)
    app = visit(PAGE)
    button = next(button for button in app.button if button.label == "Empty the bin")
    assert button.disabled
    app.checkbox(key="sure").check().run()
    next(button for button in app.button if button.label == "Empty the bin").click().run()
    assert not home.result_folder(job).exists()
    assert home.job(job) is None
    assert [own.id for own in home.experiments()] == [kept]


def test_two_experiments_on_the_same_texts_are_paired(
    visit: Open, home: Workspace, small_result: ExperimentResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, small_result, "one")
    put(home, small_result, "two")
    tick(monkeypatch, 0, 1)
    app = visit(PAGE)
    assert not app.exception
    assert "Both answered the same test texts" in words(app)
    assert "Their settings are the same" in words(app)
    second = app.selectbox[1].set_value("E-Stitchup").run()
    shown = second.table[0].value
    wanted = past_pair.written_change(small_result.differences["E-Stitchup"]["accuracy"], past_pair.CHANGES["accuracy"])
    assert shown.loc["Accuracy, points", "Difference"] == wanted


def test_a_folder_of_the_command_line_is_added(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    save_result(small_result, home.root.parent / "monday")
    app = visit(PAGE)
    app.text_input(key="past_folder").set_value(str(home.root.parent / "monday"))
    next(button for button in app.button if button.label == "Add").click().run()
    assert [own.name for own in home.experiments()] == ["monday"]


@pytest.mark.parametrize(
    ("label", "title"), [("Open in Compare", "Compare"), ("Open in Threshold", "Threshold"), ("Report on it", "Report")]
)
def test_an_older_experiment_is_opened_where_a_person_wants_it(
    visit: Open,
    home: Workspace,
    small_result: ExperimentResult,
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    title: str,
) -> None:
    older = put(home, small_result, "older")
    put(home, small_result, "newer")
    tick(monkeypatch, 1)
    app = visit(PAGE).button(key=f"{label} {older}").click().run()
    assert not app.exception
    assert app.title[0].value.startswith(title)
    assert app.selectbox(key="chosen experiment").value == older
    assert app.query_params["experiment"] == older


def test_a_link_opens_an_older_experiment_at_its_threshold(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    older = put(home, small_result, "older")
    put(home, small_result, "newer")
    app = visit("pages/experiment/compare.py", experiment=older, threshold="0.61")
    assert not app.exception
    assert app.selectbox(key="chosen experiment").value == older
    assert next(slider.value for slider in app.slider if "hreshold" in slider.label) == 0.61
