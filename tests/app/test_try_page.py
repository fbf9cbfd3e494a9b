import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from screen import Open, words
from streamlit.testing.v1 import AppTest
from test_compare_page import only, put

from estitchup.bundle import load, make_bundle
from estitchup.bundle.classifier import Classifier
from estitchup.bundle.nearest import Near
from estitchup.corpus import Role
from estitchup.decision_store import KeptThreshold, keep_thresholds
from estitchup.result import ExperimentResult
from estitchup.trained import StackedHeads
from estitchup.ui.bundle_offer import bundle_archive
from estitchup.ui.try_bench import MOST_TEXTS
from estitchup.ui.try_view import Answer, card, written
from estitchup.workspace import Workspace

PAGE = "pages/decide/try_it.py"
TEXT = "please send me the invoice again"


def cards(app: AppTest) -> list[str]:
    bodies = [element.proto.body for element in app.get("html")]
    return [body for body in bodies if "try-text" in body and "<style>" not in body]


def ask(app: AppTest, text: str) -> AppTest:
    app.chat_input[0].set_value(text).run()
    assert not app.exception
    assert not app.error
    return app


def test_an_empty_workspace_says_what_to_do_next(visit: Open) -> None:
    app = visit(PAGE)
    assert not app.exception
    assert "no finished experiment yet" in words(app)
    assert [button.label for button in app.button] == ["Start with the sample", "Go to Train"]


def test_each_classifier_answers_as_its_bundle_does(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = ask(visit(PAGE), TEXT)
    assert app.pills[0].value == ["No augmentation", "E-Stitchup"]
    (shown,) = cards(app)
    for name in app.pills[0].value:
        row = make_bundle(small_result, name).predict([TEXT], top=3).iloc[0]
        assert f'<div class="try-label" dir="auto">{row["label"]}</div>' in shown
        assert f"confidence {written(row['confidence'])}" in shown
        assert f'<span dir="auto">{row["class_3"]}</span><span>{written(row["probability_3"])}</span>' in shown
    train = small_result.rows[small_result.rows["role"] == "train"]
    assert sum(f'<span dir="auto">{text}</span>' in shown for text in train["text"]) == 3


def test_a_kept_threshold_moves_the_line(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    job_id = put(home, small_result)
    keep_thresholds(home.result_folder(job_id), {"E-Stitchup": KeptThreshold(1.0), "No augmentation": KeptThreshold(0)})
    (shown,) = cards(ask(visit(PAGE), TEXT))
    assert "below the threshold (100.0%)" in shown
    assert "at or above the threshold (0.0%)" in shown
    assert shown.count('<div class="try-label" dir="auto">unknown</div>') == 1


def test_texts_come_a_line_each_and_twenty_at_most(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, small_result)
    app = ask(visit(PAGE), "one\n\n  two  \nthree")
    assert [body.partition(">")[2].partition("<")[0] for body in cards(app)] == ["one", "two", "three"]
    ask(app, "\n".join(f"text {i}" for i in range(30)))
    assert len(cards(app)) == MOST_TEXTS
    assert len(cards(ask(app, " \n\t"))) == MOST_TEXTS  # nothing was asked, so what was answered stays


def test_markup_in_a_text_is_shown_and_never_runs(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    (shown,) = cards(ask(visit(PAGE), '<img src=x onerror="alert(1)"> **bold** & "quoted"'))
    assert "<img" not in shown
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt; **bold** &amp; &quot;quoted&quot;" in shown


def test_examples_are_test_texts_with_their_label(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, small_result)
    app = visit(PAGE)
    before = [button.label for button in app.button if button.key and button.key.startswith("example_")]
    labels = dict(small_result.role_rows(Role.TEST)[["text", "label"]].itertuples(index=False))
    app.button(key="example_0").click().run()
    assert not app.error
    (shown,) = cards(app)
    text = shown.partition(">")[2].partition("<")[0]
    assert (
        f"its label is <bdi>{next(label for own, label in labels.items() if own.startswith(text[:15]))}</bdi>" in shown
    )
    app.button(key="other_examples").click().run()
    assert [button.label for button in app.button if button.key and button.key.startswith("example_")] != before


def test_one_augmentation_has_one_panel_and_no_choice_says_so(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    put(home, only(small_result, ["E-Stitchup"], [0]))
    app = ask(visit(PAGE), TEXT)
    assert cards(app)[0].count("try-cell") == 1
    app.pills[0].set_value([]).run()
    assert not app.exception
    assert "Choose at least one classifier" in words(app)


def test_an_encoder_of_another_revision_is_said(visit: Open, home: Workspace, small_result: ExperimentResult) -> None:
    put(home, replace(small_result, facts=replace(small_result.facts, encoder_key="all-MiniLM-L6-v2@other")))
    app = visit(PAGE)
    assert not app.exception
    assert "train again, or bring that encoder back" in app.error[0].value


def test_the_download_is_the_bundle_with_the_kept_threshold(
    visit: Open, home: Workspace, small_result: ExperimentResult, tmp_path: Path
) -> None:
    job_id = put(home, small_result)
    app = visit(PAGE)
    assert [button.proto.label for button in app.get("download_button")] == small_result.names
    keep_thresholds(home.result_folder(job_id), {"E-Stitchup": KeptThreshold(0.75)})
    (tmp_path / "taken.zip").write_bytes(io.BytesIO(bundle_archive(job_id, "E-Stitchup")).getvalue())
    assert load(tmp_path / "taken.zip").manifest.threshold.value == 0.75


def test_a_mark_that_turns_letters_turns_its_own_text_alone(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    head = StackedHeads((np.zeros((1, 2, 2), np.float32),), (np.zeros((1, 2), np.float32),), *np.ones((2, 1, 2), "f"))
    turned = "\u202eabc"
    own = Classifier(head, (turned, "b"), "unknown", 1.0, 0.4)
    (said,) = own.say(np.zeros((1, 2)), 3)
    shown = card(turned, [Answer("No augmentation", own, said)], [Near(turned, turned, 0.5)], turned)
    isolated = re.findall(f'(<bdi>|<(?:div|span)[^>]* dir="auto">){turned}<', shown)
    assert len(isolated) == shown.count(turned) == 6
    put(home, small_result)
    labels = [button.label for button in visit(PAGE).button if (button.key or "").startswith("example_")]
    assert labels
    assert all(label.startswith("\u2068") and label.endswith("\u2069") for label in labels)


def test_names_of_classes_are_escaped_in_the_card() -> None:
    head = StackedHeads((np.zeros((1, 2, 2), np.float32),), (np.zeros((1, 2), np.float32),), *np.ones((2, 1, 2), "f"))
    own = Classifier(head, ("<i>a</i>", "b"), "unknown", 1.0, 0.4)
    (said,) = own.say(np.zeros((1, 2)), 3)
    shown = card("text", [Answer("No augmentation", own, said)], [], "<b>")
    assert "&lt;i&gt;a&lt;/i&gt;" in shown
    assert "<i>" not in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(("share", "said"), [(1.0, "100.0%"), (0.99999, "above 99.9%"), (0.5, "50.0%"), (0.0, "0.0%")])
def test_a_confidence_is_written_as_100_only_where_it_is(share: float, said: str) -> None:
    assert written(share) == said
