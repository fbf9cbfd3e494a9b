"""The one path from spec to result, on real texts: same numbers again, nothing lost on disk, sentences for mistakes."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estitchup import comparison
from estitchup.corpus import SAMPLE, CorpusSpec, Role
from estitchup.encoding import VectorStore
from estitchup.errors import EstitchupError
from estitchup.experiment import run_experiment
from estitchup.progress import Progress
from estitchup.recipe import DEFAULT_EPSILON, HeadSpec, TrainingSpec, full_grid
from estitchup.result import ExperimentResult
from estitchup.result_folder import load_result, save_result
from estitchup.spec import ExperimentSpec, read_spec

METRICS = {*comparison.METRICS, "best_epoch", "seconds"}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> ExperimentSpec:
    """Four intents of the sample with its out-of-scope texts: small, and real."""
    table = pd.read_csv(SAMPLE, dtype=str, keep_default_na=False)
    kept = table["intent"].isin(["refund", "invoice", "app_crash", "two_factor"])
    kept |= (table["intent"] == "oos") & (table.index % 4 == 0)
    file = tmp_path_factory.mktemp("corpus") / "helpdesk.csv"
    table[kept].to_csv(file, index=False)
    corpus = CorpusSpec(
        file=str(file), text_column="text", label_column="intent", split_column="split", unknown_labels=("oos",)
    )
    return ExperimentSpec(corpus=corpus, head=HeadSpec(hidden=32), training=TrainingSpec(epochs=3), seeds=(0, 1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> VectorStore:
    return VectorStore(tmp_path_factory.mktemp("home") / "vectors")


@pytest.fixture(scope="module")
def result(spec: ExperimentSpec, store: VectorStore) -> ExperimentResult:
    return run_experiment(spec, store=store)


def test_the_summary_has_every_cell_with_every_metric(result: ExperimentResult) -> None:
    assert [entry["name"] for entry in result.summary] == [augmentation.name for augmentation in full_grid()]
    for entry in result.summary:
        assert set(entry["metrics"]) == METRICS
        for metric in ("accuracy", "ece", "auroc", "fpr_at_95_tpr", "aupr_out"):
            assert 0 <= entry["metrics"][metric]["mean"] <= 1
        assert entry["metrics"]["accuracy"]["mean"] > 0.6  # four intents, chance is 0.25
    assert result.summary[5]["parameters"] == {
        "mix": "stitchup",
        "alpha": 0.1,
        "share": 1.0,
        "epsilon": DEFAULT_EPSILON,
        "epsilon_random": False,
    }


def test_the_accuracy_is_what_counting_right_answers_by_hand_gives(result: ExperimentResult) -> None:
    rows = result.rows[(result.rows["role"] == "test") & (result.rows["label"] != "")]
    known = rows["target"].to_numpy() >= 0
    predicted = [result.facts.classes[i] for i in result.logits["test"][0].argmax(-1)]
    right = (np.array(predicted) == rows["label"].to_numpy())[known]
    assert result.run_metrics(0)["accuracy"] == pytest.approx(right.mean())
    assert len(result.scores(0).unknown_doubt) == (~known).sum() > 10


def test_the_same_spec_gives_the_same_numbers(
    result: ExperimentResult, spec: ExperimentSpec, store: VectorStore
) -> None:
    again = run_experiment(spec, store=store)
    for role in ("validation", "test"):
        assert np.array_equal(again.logits[role], result.logits[role])


def test_nothing_sees_the_test_rows(result: ExperimentResult, spec: ExperimentSpec, tmp_path: Path) -> None:
    """Labels of test rows turned round change the test figures and not one weight."""
    table = pd.read_csv(spec.corpus.file, dtype=str)
    swapped = {"refund": "invoice", "invoice": "refund"}
    is_test = table["split"] == "test"
    table.loc[is_test, "intent"] = table.loc[is_test, "intent"].replace(swapped)
    file = tmp_path / "swapped.csv"
    table.to_csv(file, index=False)
    turned = run_experiment(spec.model_copy(update={"corpus": spec.corpus.model_copy(update={"file": str(file)})}))
    for ours, theirs in zip(turned.heads.weights, result.heads.weights, strict=True):
        assert np.array_equal(ours, theirs)
    assert turned.run_metrics(0)["accuracy"] < result.run_metrics(0)["accuracy"]


def test_a_saved_result_opens_as_it_was(result: ExperimentResult, tmp_path: Path) -> None:
    save_result(result, tmp_path / "out")
    opened = load_result(tmp_path / "out")
    assert opened.summary == result.summary == json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert opened.facts == result.facts
    assert opened.spec == result.spec == read_spec(tmp_path / "out" / "spec.json")
    pd.testing.assert_frame_equal(opened.rows, result.rows)
    pd.testing.assert_frame_equal(opened.history, result.history)
    assert np.array_equal(opened.heads.weights[1], result.heads.weights[1])


def test_the_saved_heads_give_the_saved_logits(
    result: ExperimentResult, spec: ExperimentSpec, store: VectorStore
) -> None:
    from estitchup.encoding import embed, resolve_encoder

    texts = result.role_rows(Role.TEST)["text"].tolist()
    logits = result.heads.logits(embed(texts, resolve_encoder(spec.encoder), store))
    np.testing.assert_allclose(logits, result.logits["test"], atol=1e-4)


def test_arrays_that_lie_in_another_order_are_kept_as_they_read(result: ExperimentResult, tmp_path: Path) -> None:
    turned = {role: np.asfortranarray(logits) for role, logits in result.logits.items()}
    save_result(replace(result, logits=turned), tmp_path / "out")
    opened = load_result(tmp_path / "out")
    assert all(np.array_equal(opened.logits[role], logits) for role, logits in result.logits.items())


def test_opening_a_result_does_not_load_pytorch(result: ExperimentResult, tmp_path: Path) -> None:
    save_result(result, tmp_path / "out")
    code = "import sys; from pathlib import Path; from estitchup.result_folder import load_result; "
    code += "print(load_result(Path(sys.argv[1])).summary[0]['name'], 'torch' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out")], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "No augmentation False"


def test_a_result_replaces_an_older_one_and_nothing_else(result: ExperimentResult, tmp_path: Path) -> None:
    save_result(result, tmp_path / "out")
    save_result(result, tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(EstitchupError, match="holds other files"):
        save_result(result, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize("damage", ["experiment.json", "corpus.parquet", "logits.safetensors", "spec.json"])
def test_a_damaged_folder_is_said_in_a_sentence(result: ExperimentResult, tmp_path: Path, damage: str) -> None:
    save_result(result, tmp_path / "out")
    (tmp_path / "out" / damage).write_bytes(b"{")
    with pytest.raises(EstitchupError):
        load_result(tmp_path / "out")


def test_without_unknown_texts_the_ood_figures_are_absent(
    spec: ExperimentSpec, store: VectorStore, tmp_path: Path
) -> None:
    table = pd.read_csv(spec.corpus.file, dtype=str)
    file = tmp_path / "known.csv"
    table[table["intent"] != "oos"].to_csv(file, index=False)
    corpus = spec.corpus.model_copy(update={"file": str(file), "unknown_labels": ()})
    found = run_experiment(spec.model_copy(update={"corpus": corpus, "seeds": (0,)}), store=store)
    assert found.summary[0]["metrics"]["auroc"] == {"mean": None, "std": None}
    assert found.summary[0]["metrics"]["accuracy"]["std"] is None  # one seed has no deviation
    assert "NaN" not in found.summary_json


def test_progress_is_told_from_reading_to_scoring(spec: ExperimentSpec, store: VectorStore) -> None:
    told: list[Progress] = []
    epochs: list[int] = []
    one = spec.model_copy(update={"seeds": (0,)})
    run_experiment(one, store=store, listener=told.append, on_epoch=lambda report: epochs.append(report.epoch))
    assert {progress.stage for progress in told} == {"Embedding", "Scoring"}
    assert epochs == [1, 2, 3]


def changed(**values: object) -> Callable[[ExperimentSpec], dict[str, object]]:
    return lambda spec: spec.model_dump() | values


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (changed(augmentations=()), "No augmentation is chosen"),
        (changed(augmentations=(full_grid()[0], full_grid()[0])), "chosen twice"),
        (changed(seeds=()), "seeds"),
        (changed(seeds=(1, 1)), "seeds"),
        (changed(seeds=(-1,)), "seeds"),
        (changed(device="tpu"), "device 'tpu'"),
        (changed(training={"epochs": 0}), "epochs cannot be 0"),
        (changed(head={"kind": "forest"}), "kind cannot be 'forest'"),
        (changed(colour="red"), "colour"),
    ],
)
def test_a_wrong_spec_is_said_in_a_sentence(
    spec: ExperimentSpec, change: Callable[[ExperimentSpec], dict[str, object]], sentence: str
) -> None:
    with pytest.raises(EstitchupError, match=sentence):
        ExperimentSpec.model_validate(change(spec))


def test_a_spec_survives_json(spec: ExperimentSpec) -> None:
    assert ExperimentSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize("content", ["not json", "[]", '{"corpus": 3}'])
def test_a_file_that_is_no_spec_is_said_in_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "spec.json").write_text(content)
    with pytest.raises(EstitchupError):
        read_spec(tmp_path / "spec.json")
