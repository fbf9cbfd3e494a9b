"""Vectors computed elsewhere, all the way: from the file through training to the vectors of the finished experiment."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from estitchup.corpus import CorpusSpec, Role
from estitchup.errors import EstitchupError
from estitchup.experiment import result_vectors, run_experiment
from estitchup.recipe import Augmentation, HeadSpec, TrainingSpec
from estitchup.result import ExperimentResult
from estitchup.result_folder import load_result, save_result
from estitchup.spec import ExperimentSpec

DIMENSION, PER_CLASS = 12, 30
CLASSES = ("cat", "dog", "owl", "unknown")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write clouds of vectors, one a class, without any text, and one row of zeros."""
    generator = np.random.default_rng(0)
    centres = 4 * generator.normal(size=(len(CLASSES), DIMENSION))
    vectors = np.repeat(centres, PER_CLASS, axis=0) + generator.normal(size=(len(CLASSES) * PER_CLASS, DIMENSION))
    vectors[5] = 0
    table = pa.table({"label": np.repeat(CLASSES, PER_CLASS), "embedding": vectors.astype(np.float32).tolist()})
    path = tmp_path_factory.mktemp("given") / "images.parquet"
    pq.write_table(table, path)
    return path


@pytest.fixture(scope="module")
def result(file: Path) -> ExperimentResult:
    corpus = CorpusSpec(file=str(file), label_column="label", vectors="embedding", unknown_labels=("unknown",))
    spec = ExperimentSpec(
        corpus=corpus,
        encoder="nobody/asks-for-this",
        head=HeadSpec(kind="linear"),
        training=TrainingSpec(epochs=100),
        augmentations=(Augmentation.named("No augmentation"), Augmentation.named("E-Stitchup")),
        seeds=(0,),
        device="cpu",
    )
    return run_experiment(spec)


def test_an_experiment_on_given_vectors_learns_without_an_encoder(result: ExperimentResult) -> None:
    assert result.facts.encoder_key == f"given-{DIMENSION}"
    assert result.summary[0]["metrics"]["accuracy"]["mean"] > 0.9
    assert result.heads.mean.shape[-1] == DIMENSION
    assert result.rows["text"].tolist()[:6] == ["row 1", "row 2", "row 3", "row 4", "row 5", "row 7"]


def test_the_vectors_of_a_finished_experiment_are_read_again_in_the_order_of_its_rows(
    result: ExperimentResult, file: Path, tmp_path: Path
) -> None:
    save_result(result, tmp_path / "out")
    opened = load_result(tmp_path / "out")
    vectors = result_vectors(opened)
    every = np.array(pd.read_parquet(file)["embedding"].tolist())
    numbers = [int(text.removeprefix("row ").replace(",", "")) - 1 for text in opened.rows["text"]]
    np.testing.assert_array_equal(vectors, every[numbers])
    test = opened.role_rows(Role.TEST)
    np.testing.assert_allclose(
        opened.heads.logits(vectors[test.index.to_numpy()]), opened.logits["test"], rtol=1e-4, atol=1e-4
    )


def test_a_file_that_has_changed_is_said(result: ExperimentResult, file: Path) -> None:
    whole = file.read_bytes()
    table = pq.read_table(file)
    pq.write_table(table.slice(0, len(table) - 1), file)
    with pytest.raises(EstitchupError, match="has changed since the experiment"):
        result_vectors(result)
    file.write_bytes(whole)
