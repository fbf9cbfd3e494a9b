"""Leaving classes out in a real experiment: the compared runs stay what they are, and thresholds get stand-ins."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estitchup.corpus import Role
from estitchup.decision import Decision
from estitchup.errors import EstitchupError
from estitchup.experiment import run_experiment
from estitchup.policy import HighestF1, KeepKnown, LimitUnknown
from estitchup.result import ExperimentResult
from estitchup.result_folder import load_result, save_result
from estitchup.threshold import ScoredTexts
from estitchup.training import EpochReport


@pytest.fixture(scope="module")
def known_only(small_result: ExperimentResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the small corpus without its unknown texts."""
    table = pd.read_csv(small_result.spec.corpus.file)
    file = tmp_path_factory.mktemp("known") / "known.csv"
    table[table["intent"] != "oos"].to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def plain(small_result: ExperimentResult, known_only: Path) -> ExperimentResult:
    corpus = small_result.spec.corpus.model_copy(update={"file": str(known_only), "unknown_labels": ()})
    training = small_result.spec.training.model_copy(update={"epochs": 8, "learning_rate": 0.01})
    return run_experiment(small_result.spec.model_copy(update={"corpus": corpus, "training": training}))


@pytest.fixture(scope="module")
def reports() -> list[EpochReport]:
    return []


@pytest.fixture(scope="module")
def left_out(plain: ExperimentResult, reports: list[EpochReport]) -> ExperimentResult:
    return run_experiment(plain.spec.model_copy(update={"leave_out": 4}), on_epoch=reports.append)


def test_the_compared_runs_are_the_same_as_without(plain: ExperimentResult, left_out: ExperimentResult) -> None:
    for role in ("validation", "test"):
        np.testing.assert_allclose(left_out.logits[role], plain.logits[role], atol=1e-4)
    assert left_out.facts.best_epochs == plain.facts.best_epochs
    pd.testing.assert_frame_equal(left_out.history, plain.history, atol=1e-4)


def test_progress_tells_of_the_compared_runs_alone(left_out: ExperimentResult, reports: list[EpochReport]) -> None:
    assert {len(report.validation_accuracies) for report in reports} == {len(left_out.spec.run_keys)}


def test_each_augmentation_has_its_folds_and_they_do_not_know_what_was_left_out(left_out: ExperimentResult) -> None:
    assert left_out.left_out is not None
    kept = left_out.left_out.kept
    assert ((~kept).sum(axis=0) == 1).all()
    assert left_out.left_out.logits.shape == (4 * 3, len(left_out.role_rows(Role.VALIDATION)), 4)
    folds = [fold for i in range(3) for fold in left_out.left_out.of(i)]
    targets = left_out.role_rows(Role.VALIDATION)["target"].to_numpy()
    for logits, known in folds:
        own = known[targets]
        right = np.where(known, logits, -np.inf).argmax(axis=1) == targets
        assert right[own].mean() > 0.6
    assert not np.array_equal(folds[0][0], folds[4][0])


def test_it_survives_the_folder_and_older_folders_open(
    plain: ExperimentResult, left_out: ExperimentResult, tmp_path: Path
) -> None:
    save_result(left_out, tmp_path / "new")
    opened = load_result(tmp_path / "new")
    assert opened.left_out is not None
    assert left_out.left_out is not None
    np.testing.assert_array_equal(opened.left_out.kept, left_out.left_out.kept)
    np.testing.assert_array_equal(opened.left_out.logits, left_out.left_out.logits)
    assert opened.intervals.keys() == left_out.intervals.keys()
    save_result(replace(plain, facts=replace(plain.facts, format=1)), tmp_path / "old")
    (tmp_path / "old" / "intervals.parquet").unlink()
    table = pd.read_parquet(tmp_path / "old" / "differences.parquet")
    table[table["metric"] != "aupr_out"].to_parquet(tmp_path / "old" / "differences.parquet")
    older = load_result(tmp_path / "old")
    assert older.left_out is None
    assert older.detection is None
    assert "aupr_out" in older.differences["E-Stitchup"]
    assert older.intervals["E-Stitchup"]["accuracy"].low > 0


@pytest.mark.parametrize("calibrated", [False, True])
def test_policies_that_need_unknown_texts_choose_by_stand_ins(left_out: ExperimentResult, calibrated: bool) -> None:
    found = Decision(left_out)
    assert found.uses_stand_ins
    classifier = found.classifier("E-Stitchup", calibrated)
    texts = classifier.validation
    validation = len(left_out.role_rows(Role.VALIDATION))
    assert texts.unknown_confidence.size == texts.confidence.size == 2 * validation  # 2 seeds
    assert texts.confidence.mean() > texts.unknown_confidence.mean()
    chosen = classifier.choose(LimitUnknown(0.2))
    assert (texts.unknown_confidence >= chosen).mean() <= 0.2
    assert 0 < classifier.choose(HighestF1()) < 1
    bare = Decision(replace(left_out, left_out=None)).classifier("E-Stitchup", calibrated)
    assert classifier.choose(KeepKnown()) == bare.choose(KeepKnown())
    with pytest.raises(EstitchupError, match="leave classes out in turn"):
        bare.choose(LimitUnknown())


def test_real_unknown_validation_texts_are_preferred(
    small_result: ExperimentResult, left_out: ExperimentResult
) -> None:
    both = replace(small_result, left_out=left_out.left_out)
    found = Decision(both)
    assert not found.uses_stand_ins
    unknown: ScoredTexts = found.classifier("E-Stitchup", False).validation
    targets = both.role_rows(Role.VALIDATION)["target"].to_numpy()
    assert unknown.unknown_confidence.size == 2 * (targets < 0).sum()


def test_too_few_classes_are_said_before_anything_is_embedded(plain: ExperimentResult) -> None:
    with pytest.raises(EstitchupError, match="4 known classes cannot be left out in 9 folds"):
        run_experiment(plain.spec.model_copy(update={"leave_out": 9, "encoder": "no such encoder"}))
    with pytest.raises(EstitchupError, match="leave_out"):
        plain.spec.model_validate(plain.spec.model_dump() | {"leave_out": 1})
