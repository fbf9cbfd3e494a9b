"""`estitchup simulate` as a person types it, on some of the sample."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from estitchup.campaign import FILE, read_simulation
from estitchup.cli import cli
from estitchup.corpus import SAMPLE
from estitchup.errors import EstitchupError


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ESTITCHUP_HOME", str(tmp_path / "home"))
    table = pd.read_csv(SAMPLE)
    some = table[table["intent"].isin(["invoice", "refund", "app_crash", "export_data"])]
    some.groupby(["intent", "split"]).head(14).to_csv(tmp_path / "texts.csv", index=False)
    return tmp_path / "texts.csv"


def simulate(*words: object) -> Result:
    ran = CliRunner().invoke(cli, ["simulate", *map(str, words)])
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran


def test_a_campaign_is_played_told_and_written(texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "campaign"
    chosen = ("--strategy", "Margin", "--strategy", "Random", "--seeds", 2, "--rounds", 2, "--round-texts", 5)
    ran = simulate(texts, *chosen, "--start", 2, "--epochs", 2, "--out", out)
    kept = read_simulation(out / FILE)
    assert kept.labelled.tolist() == [0, 5, 10]
    assert (kept.classes, kept.absent) == (4, 1)
    assert kept.finding in " ".join(ran.stdout.split())
    for name in ("Margin", "Random"):
        row = next(line for line in ran.stdout.splitlines() if line.strip().startswith(name))
        assert f"{100 * kept.measured(name, 'accuracy').mean(axis=0)[-1]:.1f}" in row
    pd.testing.assert_frame_equal(pd.read_csv(out / "simulation.csv"), kept.curves)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--strategy", "best"), "choose among Margin"),
        (("--cell", "Cutmix"), "no augmentation 'Cutmix'"),
        (("--absent", "1"), "absent_share"),
    ],
)
def test_what_cannot_be_simulated_is_said_before_anything_is_embedded(
    texts: Path, words: tuple[str, ...], says: str
) -> None:
    with pytest.raises(EstitchupError, match=says):
        simulate(texts, *words)
    assert not (texts.parent / "home" / "vectors").exists()
