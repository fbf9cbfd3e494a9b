"""The README tells the truth: its Python runs, its options exist, its links lead somewhere."""

import re
from pathlib import Path

import pytest
import typer

from estitchup.cli import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_python_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    said = []
    for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL):  # a later block goes on from an earlier one
        exec(code, names)
        said.append(capsys.readouterr().out)
    assert "Soft E-Stitchup 0." in said[0]
    assert "accepted" in said[1]
    assert float(said[2]) > 0.9


def test_its_options_exist() -> None:
    commands = typer.main.get_command(cli).commands  # type: ignore[attr-defined]
    known = {option for command in commands.values() for parameter in command.params for option in parameter.opts}
    named = {option for line in re.findall(r"estitchup .*", README) for option in re.findall(r"--[a-z-]+", line)}
    assert named
    assert named <= known | {"--help"}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/decisions.md", "assets/sample/README.md"])
def test_files_that_the_pages_name_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    scripts = re.findall(r"(?:benchmarks|estitchup|docs)/[\w/]+\.(?:py|md)", text)
    pictures = re.findall(r'src(?:set)?="([^"]+)"', text)
    for name in [*links, *scripts, *pictures]:
        assert (ROOT / page).parent.joinpath(name).exists() or (ROOT / name).exists(), name
