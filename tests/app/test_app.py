"""The door: every page opens, and no failure shows a traceback."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from screen import Open, words

from estitchup.corpus import load_corpus
from estitchup.encoding import DEFAULT_ENCODER, resolve_encoder
from estitchup.errors import EstitchupError
from estitchup.experiment import run_experiment
from estitchup.recipe import Augmentation, HeadSpec, TrainingSpec
from estitchup.spec import ExperimentSpec
from estitchup.ui import prepared
from estitchup.ui.guard import OUR_FAULT, plain
from estitchup.ui.server import APP
from estitchup.workspace import EmbedSpec, Status, Workspace

PAGES = {
    "pages/prepare/data.py": "Data",
    "pages/experiment/train.py": "Train",
    "pages/experiment/compare.py": "Compare",
}


@pytest.fixture
def experiment_id(home: Workspace) -> str:
    """Finish an experiment on the sample with vectors that mean nothing."""
    spec = ExperimentSpec(
        corpus=prepared.guessed(["sample"]),
        head=HeadSpec(kind="linear"),
        training=TrainingSpec(epochs=1),
        augmentations=(Augmentation.named("No augmentation"), Augmentation.named("E-Stitchup")),
        seeds=(0,),
        device="cpu",
    )
    texts = load_corpus(spec.corpus).texts
    source = resolve_encoder(DEFAULT_ENCODER)
    vectors = np.random.default_rng(0).standard_normal((len(texts), source.dimension)).astype(np.float32)
    with home.vectors() as store:
        store.put(source.key, texts, vectors)
        result = run_experiment(spec, store=store)
    job = home.add_job(spec, status=Status.FINISHED)
    home.save(job.id, result)
    home.keep_prepared(EmbedSpec(corpus=spec.corpus))
    return job.id


@pytest.mark.parametrize(("path", "title"), PAGES.items())
def test_every_page_opens_on_an_empty_workspace_and_says_what_to_do(visit: Open, path: str, title: str) -> None:
    app = visit(path)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == title
    assert app.button


@pytest.mark.usefixtures("experiment_id")
@pytest.mark.parametrize(("path", "title"), PAGES.items())
def test_every_page_opens_with_a_finished_experiment(visit: Open, path: str, title: str) -> None:
    app = visit(path)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == title


def test_a_finished_folder_opens_in_the_comparison(visit: Open, home: Workspace, experiment_id: str) -> None:
    app = visit("pages/experiment/train.py")
    app.text_input(key="folder").set_value(str(home.result_folder(experiment_id)))
    app.form_submit_button[0].click().run()
    assert not app.exception
    assert app.title[0].value == "Compare"
    assert len(home.experiments()) == 2


def test_an_error_for_the_person_is_shown_word_for_word(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise EstitchupError("The file my_file costs $5: pay.")

    monkeypatch.setattr(prepared, "chosen", refuse)
    app = visit()
    assert app.error[0].value == r"The file my\_file costs \$5: pay."
    assert not app.exception


def test_a_fault_of_ours_shows_a_sentence_and_logs_the_traceback(
    visit: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(prepared, "chosen", fail)
    app = visit()
    assert [error.value for error in app.error] == [OUR_FAULT]
    assert "secret detail" not in words(app)
    assert "secret detail" in caplog.text


def test_a_workspace_that_cannot_be_used_is_answered_by_a_sentence(
    visit: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ESTITCHUP_HOME", str(tmp_path / "file"))
    assert "set ESTITCHUP" in visit().error[0].value


def test_plain_text_keeps_colons_of_sentences_and_disarms_markdown() -> None:
    assert plain("a: b") == "a: b"
    assert plain(":red[x] `y` *z*") == r"\:red\[x\] \`y\` \*z\*"


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_white_text_of_a_button_can_be_read(mode: str) -> None:
    theme = tomllib.loads((APP.parent / ".streamlit" / "config.toml").read_text("utf-8"))["theme"][mode]
    assert 1.05 / (luminance(theme["primaryColor"]) + 0.05) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("colour", ["textColor", "linkColor", "codeTextColor"])
def test_text_stands_out_from_every_background_as_wcag_asks(mode: str, colour: str) -> None:
    theme = tomllib.loads((APP.parent / ".streamlit" / "config.toml").read_text("utf-8"))["theme"][mode]
    for background in ("backgroundColor", "secondaryBackgroundColor"):
        darker, lighter = sorted([luminance(theme[colour]), luminance(theme[background])])
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5
