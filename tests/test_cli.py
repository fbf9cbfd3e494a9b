"""The command line as a person types it, on real texts."""

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estitchup import experiment
from estitchup.cli import main
from estitchup.corpus import SAMPLE, Corpus, CorpusSpec, read_table
from estitchup.recipe import CELLS
from estitchup.result_folder import load_result
from estitchup.training import EpochReport, TrainedStack


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@dataclass(frozen=True)
class Ran:
    stdout: str
    stderr: str
    code: int


@pytest.fixture
def estitchup(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command in this process, which has PyTorch loaded already; no exception but an exit may come out."""

    def run(*words: str, fails: bool = False, columns: str = "200") -> Ran:
        monkeypatch.setattr(sys, "argv", ["estitchup", *words])
        monkeypatch.setenv("ESTITCHUP_HOME", str(home))
        monkeypatch.setenv("COLUMNS", columns)
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert bool(ended.value.code) == fails, captured.err
        return Ran(captured.out, captured.err, int(ended.value.code or 0))

    return run


QUICK = ("--seeds", "1", "--epochs", "2", "--head", "linear")


def test_a_run_prints_a_table_and_writes_the_summary(estitchup: Callable[..., Ran], tmp_path: Path) -> None:
    ran = estitchup("run", "sample", *QUICK, "--out", str(tmp_path / "out"))
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    for entry in summary:
        row = next(line for line in ran.stdout.splitlines() if f" {entry['name']} " in line)
        assert f"{100 * entry['metrics']['accuracy']['mean']:.2f}" in row
    assert "± " in ran.stdout
    again = estitchup("run", "--spec", str(tmp_path / "out" / "spec.json"), "--json")
    assert [entry["metrics"]["auroc"] for entry in json.loads(again.stdout)] == [
        entry["metrics"]["auroc"] for entry in summary
    ]


def test_a_narrow_terminal_gets_every_name_and_no_cut_number(estitchup: Callable[..., Ran]) -> None:
    table = estitchup("run", "sample", *QUICK, columns="80").stdout
    assert "…" not in table
    assert all(f" {name} " in table for name in CELLS)


def test_beside_a_spec_nothing_else_may_be_said(estitchup: Callable[..., Ran], tmp_path: Path) -> None:
    told = estitchup("run", "--spec", str(tmp_path / "spec.json"), "--seeds", "9", fails=True).stderr
    assert "leave out seeds" in told


def test_columns_split_and_unknown_labels_are_guessed_as_in_the_app_and_told(estitchup: Callable[..., Ran]) -> None:
    guessed = " ".join(estitchup("run", str(SAMPLE), *QUICK).stderr.split())
    assert "Columns: text text, label intent, split split; unknown labels: oos." in guessed
    refused = " ".join(estitchup("run", str(SAMPLE), *QUICK, "--split", "-", "--unknown", "-").stderr.split())
    assert "split none; unknown labels: none." in refused


def test_json_goes_to_standard_output_alone_and_cells_can_be_chosen(estitchup: Callable[..., Ran]) -> None:
    ran = estitchup("run", "sample", *QUICK, "--cell", "e-stitchup", "--cell", "No augmentation", "--json")
    assert [entry["name"] for entry in json.loads(ran.stdout)] == ["E-Stitchup", "No augmentation"]
    assert "epoch 2/2" in ran.stderr


def test_banking77_works_without_a_split_column_and_with_a_share_of_unknown_classes(
    estitchup: Callable[..., Ran], tmp_path: Path, public_data: Path
) -> None:
    part = tmp_path / "banking.csv"
    read_table(public_data / "banking77_train.csv")[::12].to_csv(part, index=False)
    words = ("run", str(part), "--text", "text", "--label", "category", "--unknown-share", "0.25", *QUICK)
    ran = estitchup(*words, "--cell", "No augmentation", "--json")
    assert 0.5 < json.loads(ran.stdout)[0]["metrics"]["auroc"]["mean"] < 1


@pytest.mark.parametrize(
    ("words", "content", "sentence"),
    [
        ((), "", "empty"),
        (("--text", "body"), "text,label\na,b\n", "body"),
        ((), "text,label\n" + "".join(f"hello {i},greeting\n" for i in range(40)), "one"),
        ((), "text,label\none,a\ntwo,b\nthree,a\n", "10"),
        (("--unknown", "oos"), "text,label\n" + "".join(f"hello {i},oos\n" for i in range(40)), "unknown"),
        (
            ("--unknown", "ooss"),
            "text,label\n" + "".join(f"hi {i},{'oos' if i % 2 else 'a'}\n" for i in range(40)),
            "oos",
        ),
        (("--cell", "F-Mixup"), "text,label\na,b\n", "F-Mixup"),
        (
            ("--encoder", "nobody/nothing"),
            "text,label\n" + "".join(f"hi {i},{i % 2}\n" for i in range(40)),
            "nobody/nothing",
        ),
    ],
    ids=[
        "empty",
        "no such column",
        "one class",
        "three rows",
        "all unknown",
        "near label",
        "no such cell",
        "no such encoder",
    ],
)
def test_a_mistake_gets_a_sentence_with_cause_and_fix(
    estitchup: Callable[..., Ran], tmp_path: Path, words: tuple[str, ...], content: str, sentence: str
) -> None:
    file = tmp_path / "texts.csv"
    file.write_text(content)
    columns = () if "--text" in words else ("--text", "text", "--label", "label")
    ran = estitchup("run", str(file), *columns, *words, fails=True)
    _, said, told = " ".join(ran.stderr.split()).partition("estitchup: ")
    assert said
    assert sentence in told
    assert ":" in told  # the fix follows the cause


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--epochs", "0", "epochs cannot be 0"),
        ("--hidden", "0", "hidden cannot be 0"),
        ("--alpha", "0", "alpha cannot be 0"),
        ("--epsilon", "2", "epsilon cannot be 2"),
        ("--unknown-share", "1", "unknown_share cannot be 1"),
        ("--device", "abacus", "no device 'abacus'"),
        ("--out", __file__, "is a file"),
        ("--out", str(Path(__file__).parent), "holds other files"),
    ],
)
def test_an_option_out_of_range_is_said_before_any_work(
    estitchup: Callable[..., Ran], option: str, value: str, sentence: str
) -> None:
    told = " ".join(estitchup("run", "sample", option, value, fails=True).stderr.split())
    assert sentence in told
    assert "Embedding" not in told


def test_what_was_dropped_or_moved_is_said(estitchup: Callable[..., Ran]) -> None:
    assert "Note: Put 280 rows into the pool" in estitchup("run", "sample", *QUICK).stderr


def test_a_file_that_is_not_there_is_said_in_a_sentence(estitchup: Callable[..., Ran]) -> None:
    ran = estitchup("run", "nowhere.csv", "--text", "text", "--label", "label", fails=True)
    assert "nowhere.csv" in ran.stderr


def test_nothing_to_run_is_said_in_a_sentence(estitchup: Callable[..., Ran]) -> None:
    assert "give a file of texts" in " ".join(estitchup("run", fails=True).stderr.split())


def test_files_apart_and_options_of_reading_are_taken(estitchup: Callable[..., Ran], tmp_path: Path) -> None:
    table = read_table(SAMPLE)
    parts = {split: tmp_path / f"{split}.tsv" for split in ("train", "test")}
    for split, path in parts.items():
        chosen = table[(table["split"] == split) & (table["intent"] != "oos")]
        chosen[["text", "intent"]].to_csv(path, sep="\t", index=False, encoding="utf-16")
    (tmp_path / "ood.txt").write_text("\n".join(table.loc[table["intent"] == "oos", "text"]), encoding="utf-8")
    (tmp_path / "pool.txt").write_text("what now\nwhere to\n", encoding="utf-8")
    words = ("run", str(parts["train"]), "--test", str(parts["test"]), "--ood", str(tmp_path / "ood.txt"))
    words += ("--pool", str(tmp_path / "pool.txt"), "--delimiter", "tab", "--encoding", "utf-16")
    ran = estitchup(*words, *QUICK, "--cell", "No augmentation", "--out", str(tmp_path / "out"))
    assert "Note: Put 2 rows into the pool" in " ".join(ran.stderr.split())
    rows = load_result(tmp_path / "out").rows
    assert set(rows.loc[rows["label"] == "ood", "role"]) == {"validation", "test"}
    assert (rows["role"] == "test").sum() > (table["split"] == "test").sum() // 2


def test_a_file_beside_the_first_may_name_its_columns(tmp_path: Path) -> None:
    from estitchup.cli.files import file_beside
    from estitchup.corpus import Use
    from estitchup.errors import EstitchupError

    whole, odd = str(tmp_path / "test.csv"), tmp_path / "what?text=no"
    odd.write_text("a")
    said = file_beside(f"{whole}?text=user query&label=intent=1", Use.TEST)
    assert (said.file, said.text_column, said.label_column) == (whole, "user query", "intent=1")
    assert file_beside(f"{whole}?label=intent", Use.TEST).text_column is None
    assert file_beside(str(odd), Use.POOL).file == str(odd)
    for wrong in ("?column=x", "?text", "?text="):
        with pytest.raises(EstitchupError, match="It is not clear what"):
            file_beside(whole + wrong, Use.TEST)


def test_given_vectors_take_the_encoders_place(estitchup: Callable[..., Ran], tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 4)) + np.repeat([[0.0], [5.0]], 30, axis=0)
    np.save(tmp_path / "v.npy", vectors)
    pd.DataFrame({"label": ["a"] * 30 + ["b"] * 30}).to_csv(tmp_path / "a.csv", index=False)
    words = ("run", str(tmp_path / "a.csv"), "--label", "label", "--text", "-", "--vectors", str(tmp_path / "v.npy"))
    ran = estitchup(*words, *QUICK, "--epochs", "60", "--cell", "No augmentation", "--json")
    assert json.loads(ran.stdout)[0]["metrics"]["accuracy"]["mean"] > 0.8
    assert "Embedding" not in ran.stderr


def test_classes_can_be_left_out_in_turn(estitchup: Callable[..., Ran], tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(90, 4)) + np.repeat([[0.0], [5.0], [10.0]], 30, axis=0)
    np.save(tmp_path / "v.npy", vectors)
    pd.DataFrame({"label": np.repeat(["a", "b", "c"], 30)}).to_csv(tmp_path / "a.csv", index=False)
    words = ("run", str(tmp_path / "a.csv"), "--label", "label", "--text", "-", "--vectors", str(tmp_path / "v.npy"))
    estitchup(*words, *QUICK, "--cell", "E-Mixup", "--leave-out", "3", "--out", str(tmp_path / "out"))
    result = load_result(tmp_path / "out")
    assert result.spec.leave_out == 3
    assert result.left_out is not None
    assert sorted((~result.left_out.kept).sum(axis=0)) == [1, 1, 1]  # each class by one of the turns
    told = " ".join(estitchup(*words, *QUICK, "--leave-out", "4", fails=True).stderr.split())
    assert "3 known classes cannot be left out in 4 folds" in told


def press_ctrl_c_after(monkeypatch: pytest.MonkeyPatch, epochs: int, times: int = 1) -> None:
    """Have SIGINT raised, so many times, after so many epochs."""
    real = experiment.train

    def train(*arguments: object, listener: Callable[[EpochReport], None], **more: object) -> TrainedStack:
        def tell(report: EpochReport) -> None:
            listener(report)
            if report.epoch == epochs:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)

        return real(*arguments, listener=tell, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(experiment, "train", train)


LONG = ("--seeds", "1", "--epochs", "500", "--head", "linear")


def test_ctrl_c_stops_after_the_epoch_and_keeps_what_the_finished_epochs_gave(
    estitchup: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press_ctrl_c_after(monkeypatch, epochs=2)
    handler = signal.getsignal(signal.SIGINT)  # ignored where a shell runs the tests in the background
    ran = estitchup("run", "sample", *LONG, "--out", str(tmp_path / "out"), fails=True)
    assert ran.code == 130
    assert "Stopping; what is finished is kept." in ran.stderr
    assert "Stopped after epoch 2 of 500" in ran.stderr
    assert "Soft E-Stitchup" in ran.stdout
    result = load_result(tmp_path / "out")
    assert result.facts.stopped
    assert result.history["epoch"].max() == 2
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_ctrl_c_ends_it_there_and_then_in_a_sentence(
    estitchup: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press_ctrl_c_after(monkeypatch, epochs=2, times=2)
    ran = estitchup("run", "sample", *LONG, "--out", str(tmp_path / "out"), fails=True)
    assert ran.code == 130
    assert ran.stderr.rstrip().endswith("Stopped.")
    assert not (tmp_path / "out").exists()


def test_ctrl_c_before_the_first_epoch_says_that_there_is_no_result(
    estitchup: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = experiment.load_corpus

    def load_corpus(spec: CorpusSpec) -> Corpus:
        signal.raise_signal(signal.SIGINT)
        return real(spec)

    monkeypatch.setattr(experiment, "load_corpus", load_corpus)
    ran = estitchup("run", "sample", *LONG, "--out", str(tmp_path / "out"), fails=True)
    assert ran.code == 130
    assert "Stopped before there was a result" in ran.stderr
    assert not (tmp_path / "out").exists()


def test_a_lack_of_memory_is_said_in_a_sentence(estitchup: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(experiment, "training_data", full)
    ran = estitchup("run", "sample", *QUICK, fails=True)
    assert " ".join(ran.stderr.split()).endswith("choose fewer seeds, a smaller head or fewer texts.")
