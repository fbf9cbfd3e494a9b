"""A simulated campaign: on made-up groups where the answer is plain, and on real texts."""

import json
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estitchup.campaign import (
    RANDOM,
    SimulationResult,
    SimulationSpec,
    keep_simulation,
    labels_to,
    read_simulation,
)
from estitchup.corpus import CorpusSpec
from estitchup.errors import EstitchupError
from estitchup.labeling import STRATEGIES
from estitchup.progress import Cancelled, Progress
from estitchup.recipe import TrainingSpec
from estitchup.simulation import LabelledTexts, draw_start, simulate

CORPUS = CorpusSpec(file="sample", text_column="text", label_column="intent")
CLASSES = 8


def groups(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points around eight directions, and which; two in five belong to the first class."""
    generator = np.random.default_rng(seed)
    targets = np.where(np.arange(rows) % 5 < 2, 0, np.arange(rows) % CLASSES).astype(np.int64)
    centres = np.random.default_rng(99).normal(size=(CLASSES, 16))
    return (centres[targets] + 0.6 * generator.normal(size=(rows, 16))).astype(np.float32), targets


@pytest.fixture(scope="module")
def texts() -> LabelledTexts:
    (embeddings, targets), (test, test_targets) = groups(400, 0), groups(200, 1)
    targets = np.where(np.arange(400) % 20 == 19, -1, targets)  # some belong to no class
    return LabelledTexts(embeddings, targets, np.arange(400), test, test_targets, CLASSES)


def spec(**changes: object) -> SimulationSpec:
    values = {"seeds": (0, 1), "rounds": 3, "round_texts": 12, "start_texts": 2, "device": "cpu", "corpus": CORPUS}
    values["training"] = TrainingSpec(epochs=8, learning_rate=1e-2)
    return SimulationSpec.model_validate(values | changes)


@pytest.fixture(scope="module")
def result(texts: LabelledTexts) -> SimulationResult:
    return simulate(spec(), texts)


def test_every_strategy_seed_and_round_is_told(result: SimulationResult) -> None:
    assert len(result.curves) == len(STRATEGIES) * 2 * 4
    assert result.labelled.tolist() == [0, 12, 24, 36]
    assert (result.classes, result.absent, result.start) == (8, 2, 12)


def test_all_strategies_of_a_seed_start_alike_and_seeds_differ(result: SimulationResult) -> None:
    start = result.curves[result.curves["round"] == 0]
    assert (start.groupby("seed")["accuracy"].nunique() == 1).all()
    assert start["accuracy"].nunique() == 2
    assert (start["discovered"] == 0).all()


def test_what_is_not_discovered_is_answered_wrong(result: SimulationResult, texts: LabelledTexts) -> None:
    for seed in (0, 1):
        absent = draw_start(spec(), texts, seed).absent
        at_most = 1 - absent[texts.test_targets].mean()
        start = result.curves[(result.curves["seed"] == seed) & (result.curves["round"] == 0)]
        assert 0.5 * at_most < start["accuracy"].iloc[0] <= at_most


def test_discovery_only_grows_and_labels_lift_accuracy(result: SimulationResult) -> None:
    for name in STRATEGIES:
        discovered, accuracy = result.measured(name, "discovered"), result.measured(name, "accuracy")
        assert (np.diff(discovered, axis=1) >= 0).all()
        assert accuracy[:, -1].mean() > accuracy[:, 0].mean()


def test_the_same_spec_gives_the_same_curves_whatever_else_is_compared(
    result: SimulationResult, texts: LabelledTexts
) -> None:
    alone = simulate(spec(strategies=("Margin",), seeds=(1,)), texts)
    both = result.curves[(result.curves["strategy"] == "Margin") & (result.curves["seed"] == 1)]
    pd.testing.assert_frame_equal(alone.curves, both.reset_index(drop=True))


def test_a_start_holds_a_few_texts_of_each_class_that_is_there(texts: LabelledTexts) -> None:
    start = draw_start(spec(), texts, 0)
    counts = np.bincount(texts.targets[start.rows], minlength=CLASSES)
    assert counts.tolist() == [0 if gone else 2 for gone in start.absent]


def test_equal_texts_are_labelled_once(texts: LabelledTexts) -> None:
    halves = LabelledTexts(
        texts.embeddings, texts.targets, np.arange(400) // 2, texts.test_embeddings, texts.test_targets, CLASSES
    )
    with pytest.raises(EstitchupError, match="different texts in the pool"):
        simulate(spec(rounds=17), halves)


def test_too_many_absent_classes_are_refused(texts: LabelledTexts) -> None:
    with pytest.raises(EstitchupError, match="fewer than 2 of 8 classes"):
        simulate(spec(absent_share=0.9), texts)


def test_a_stop_stops_between_rounds_and_progress_counts_them(texts: LabelledTexts) -> None:
    cancel, told = threading.Event(), list[Progress]()

    def listen(progress: Progress) -> None:
        told.append(progress)
        if progress.done == 2:
            cancel.set()

    with pytest.raises(Cancelled):
        simulate(spec(strategies=("Random",)), texts, listen, cancel)
    assert [(progress.done, progress.total) for progress in told] == [(1, 8), (2, 8)]


def test_labels_to_a_level_are_counted_between_rounds() -> None:
    labelled = np.array([0, 10, 20])
    assert labels_to(np.array([0.5, 0.7, 0.9]), labelled, 0.8) == pytest.approx(15)
    assert labels_to(np.array([0.5, 0.7, 0.9]), labelled, 0.4) == 0
    assert labels_to(np.array([0.5, 0.7, 0.9]), labelled, 0.91) is None


def curves(**finals: list[float]) -> SimulationResult:
    rows = [
        (name, 0, number, 10 * number, accuracy, 0)
        for name, own in finals.items()
        for number, accuracy in enumerate(own)
    ]
    table = pd.DataFrame(rows, columns=["strategy", "seed", "round", "labelled", "accuracy", "discovered"])
    kept = spec(strategies=tuple(finals), seeds=(0,))
    return SimulationResult(kept, table, 8, 2, 12, 388, 1.0, "CPU")


def test_what_is_saved_is_counted_by_hand() -> None:
    found = curves(Margin=[0.5, 0.8, 0.9], Energy=[0.5, 0.55, 0.6], Random=[0.5, 0.6, 0.7])
    margin, energy, random = found.savings()
    assert margin.labels == pytest.approx(20 / 3)
    assert margin.share == pytest.approx(1 / 3)
    assert margin.gain == pytest.approx(0.2)
    assert (energy.labels, energy.share) == (None, None)
    assert random.share == pytest.approx(1)
    assert "Margin needs 33% of the labels" in found.finding
    assert "No strategy reaches" in curves(Energy=[0.5, 0.6], Random=[0.5, 0.7]).finding


def test_a_kept_simulation_opens_again(result: SimulationResult, tmp_path: Path) -> None:
    keep_simulation(result, tmp_path / "new" / "simulation.json")
    again = read_simulation(tmp_path / "new" / "simulation.json")
    pd.testing.assert_frame_equal(again.curves, result.curves)
    assert again.spec == result.spec
    assert json.loads(again.as_json)["savings"][-1]["strategy"] == RANDOM
    with pytest.raises(EstitchupError, match="cannot be read"):
        read_simulation(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"strategies": ("x",)}, "no strategy 'x'"), ({"strategies": ()}, "each once"), ({"seeds": (0, 0)}, "seeds")],
)
def test_what_cannot_be_run_is_said(changes: dict[str, object], says: str) -> None:
    with pytest.raises(EstitchupError, match=says):
        spec(**changes)
