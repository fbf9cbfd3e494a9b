import io
import zipfile
from pathlib import Path

import pytest
from pptx import Presentation
from typer.testing import CliRunner

from estitchup.cli import cli
from estitchup.errors import EstitchupError
from estitchup.result import ExperimentResult
from estitchup.result_folder import save_result

COMMAND = CliRunner()


@pytest.fixture
def folder(small_result: ExperimentResult, tmp_path: Path) -> Path:
    save_result(small_result, tmp_path / "results")
    return tmp_path / "results"


def run(*words: object) -> None:
    result = COMMAND.invoke(cli, ["report", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception


def test_each_ending_gives_its_kind_of_file(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estitchup.report.figures.BROWSERS", ())
    choices = ("--title", "For Friday", "--augmentation", "E-Stitchup", "--panel", "scores", "--panel", "method")
    for ending in ("html", "pptx", "zip"):
        run(folder, "--out", tmp_path / "new" / f"report.{ending}", *choices)
    assert '<h1 dir="auto">For Friday</h1>' in (tmp_path / "new" / "report.html").read_text("utf-8")
    assert Presentation(str(tmp_path / "new" / "report.pptx")).slides[0].shapes.title.text_frame.text == "For Friday"
    tables = zipfile.ZipFile(io.BytesIO((tmp_path / "new" / "report.zip").read_bytes())).namelist()
    assert "tables/scores.csv" in tables


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "report.docx"), "no kind of report"),
        (("--out", "report.html", "--panel", "colour"), "no panel 'colour'"),
        (("--out", "/proc/none/report.html", "--panel", "method"), "cannot be written"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(folder: Path, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(EstitchupError, match=said):
        run(folder, *words)


def test_an_unknown_experiment_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTITCHUP_HOME", str(tmp_path / "home"))
    with pytest.raises(EstitchupError, match="There is no experiment 'monday'"):
        run("monday", "--out", tmp_path / "report.html")
