"""Leaving classes out: the folds, the runs, and thresholds that come near those from really unknown texts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estitchup.errors import EstitchupError
from estitchup.leave_out import EXPECTED_UNKNOWN, as_validation, leave_out_folds, leave_out_runs, stand_ins
from estitchup.policy import HighestF1, HighestOpenSetF1, LeastCost, LimitUnknown, Policy
from estitchup.recipe import Augmentation, HeadSpec, Run, TrainingSpec
from estitchup.streams import TrainingData
from estitchup.threshold import Outcome, ScoredTexts
from estitchup.training import train

KNOWN, UNKNOWN, WIDTH = 12, 12, 32
PLAIN = Augmentation()


@given(st.integers(3, 40), st.integers(2, 10), st.integers(0, 99))
def test_every_class_is_left_out_once_and_every_fold_keeps_two(classes: int, folds: int, seed: int) -> None:
    if folds > classes or classes - -(-classes // folds) < 2:
        with pytest.raises(EstitchupError, match=f"{classes} known classes cannot be left out in {folds} folds"):
            leave_out_folds(classes, folds, seed)
        return
    kept = leave_out_folds(classes, folds, seed)
    assert kept.shape == (folds, classes)
    assert ((~kept).sum(axis=0) == 1).all()
    assert (kept.sum(axis=1) >= 2).all()
    assert np.ptp(kept.sum(axis=1)) <= 1
    np.testing.assert_array_equal(kept, leave_out_folds(classes, folds, seed))


@pytest.mark.parametrize(("classes", "folds"), [(1, 2), (2, 2), (3, 1), (3, 4)])
def test_too_few_classes_or_folds_are_refused_in_words(classes: int, folds: int) -> None:
    with pytest.raises(EstitchupError, match="give 3 classes or more"):
        leave_out_folds(classes, folds)


def test_runs_see_neither_rows_nor_classes_that_are_left_out() -> None:
    targets = np.array([0, 1, 2, 0, 1, 2])
    folds = np.array([[True, True, False], [False, True, True]])
    some = Run(PLAIN, 1, rows=np.array([5, 1, 0]), classes=np.array([True, True, True]))
    first, second, third, fourth = leave_out_runs([Run(PLAIN, 0), some], targets, folds)
    assert [run.seed for run in (first, second, third, fourth)] == [0, 0, 1, 1]
    assert [run.rows.tolist() for run in (first, second, third, fourth)] == [[0, 1, 3, 4], [1, 2, 4, 5], [1, 0], [5, 1]]
    assert [run.classes.tolist() for run in (first, second)] == folds.tolist()


def test_stand_ins_by_hand() -> None:
    kept = np.array([True, True, False])
    logits = np.log([[0.6, 0.2, 0.2], [0.3, 0.1, 0.6], [0.1, 0.4, 0.5], [0.2, 0.2, 0.6]])
    texts = stand_ins(logits, [0, 2, 1, -1], kept)
    np.testing.assert_allclose(texts.confidence, [0.75, 0.8])  # the class left out takes no share
    assert texts.predicted.tolist() == [0, 1]
    np.testing.assert_allclose(texts.unknown_confidence, [0.75])  # a really unknown text is left aside
    assert texts.unknown_predicted.tolist() == [0]


def scored(known: list[float], unknown: list[float]) -> ScoredTexts:
    classes = np.zeros(len(known), np.int64)
    return ScoredTexts(np.array(known), classes, classes, np.array(unknown), np.zeros(len(unknown), np.int64))


def test_stand_ins_move_by_rank_to_the_scale_of_the_classifier() -> None:
    full, fold = scored([0.1, 0.2, 0.3, 0.4, 0.5], []), scored([0.5, 0.6, 0.7, 0.8, 0.9], [0.7, 0.95, 0.2])
    moved = as_validation(full, [fold])
    middle, above, below = moved.unknown_confidence
    assert middle == pytest.approx(0.3)
    assert above == 0.5
    assert below < 0.1
    assert moved.confidence is full.confidence


def test_stand_ins_on_the_same_scale_stay_where_they_are() -> None:
    generator = np.random.default_rng(0)
    texts = scored(list(generator.random(2000)), list(0.7 * generator.random(500)))
    moved = as_validation(scored(list(texts.confidence), []), [texts])
    np.testing.assert_allclose(moved.unknown_confidence, np.clip(texts.unknown_confidence, texts.confidence.min(), 1))


def test_no_known_texts_and_folds_without_any() -> None:
    with pytest.raises(EstitchupError, match="no known validation texts"):
        as_validation(scored([], []), [])
    assert as_validation(scored([0.5], []), [scored([], [0.3])]).unknown_confidence.size == 0
    assert stand_ins(np.empty((0, 3)), np.empty(0, np.int64), np.array([True, True, False])).confidence.size == 0


def cloud_logits(rows: np.ndarray, seen: np.ndarray, targets: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return what a perfect head of the classes `kept` would learn from the rows seen, and nonsense for the others."""
    centres = np.stack([seen[targets == k].mean(axis=0) for k in range(KNOWN)])
    logits = rows @ centres.T - (centres**2).sum(axis=1) / 2
    return np.where(kept, logits, 1e4)


def cloud_choices(seed: int, policies: list[Policy]) -> list[tuple[Outcome, Outcome]]:
    """Return what each policy's threshold does on test: chosen with real unknown texts, and with stand-ins."""
    generator = np.random.default_rng(seed)
    centres = 0.8 * generator.normal(size=(KNOWN + UNKNOWN, WIDTH))

    def draw(rows: int, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        targets = generator.integers(low, high, size=rows)
        return centres[targets] + 1.2 * generator.normal(size=(rows, WIDTH)), targets

    seen, (rows, targets), (test, test_targets) = draw(3000, 0, KNOWN), draw(1000, 0, KNOWN), draw(2000, 0, KNOWN)
    unknown, test_unknown = (draw(1000, KNOWN, KNOWN + UNKNOWN)[0] for _ in range(2))
    every = np.ones(KNOWN, bool)
    real = ScoredTexts.of(cloud_logits(rows, *seen, every), targets, cloud_logits(unknown, *seen, every))
    folds = [stand_ins(cloud_logits(rows, *seen, kept), targets, kept) for kept in leave_out_folds(KNOWN)]
    on_test = ScoredTexts.of(
        cloud_logits(test, *seen, every), test_targets, cloud_logits(test_unknown, *seen, every)
    ).curve
    substitute = as_validation(real, folds)
    assert substitute.unknown_share == EXPECTED_UNKNOWN
    real = replace(real, unknown_share=EXPECTED_UNKNOWN)
    return [(on_test.at(policy.choose(real)), on_test.at(policy.choose(substitute))) for policy in policies]


def test_thresholds_from_stand_ins_come_near_those_from_unknown_texts() -> None:
    policies = [LimitUnknown(0.1), LimitUnknown(0.3), HighestF1(), HighestOpenSetF1(), LeastCost(unknown_share=0.2)]
    pairs = [pair for seed in range(20) for pair in cloud_choices(seed, policies)]
    kept = np.array([[real.known_kept, chosen.known_kept] for real, chosen in pairs])
    caught = np.array([[real.unknown_caught, chosen.unknown_caught] for real, chosen in pairs])
    assert np.ptp(kept[:, 0]) > 0.2  # the policies ask for different things
    assert np.abs(np.diff(kept)).mean() < 0.04
    assert np.abs(np.diff(caught)).mean() < 0.06


def test_the_extra_runs_train_in_one_stack_with_the_others() -> None:
    generator = np.random.default_rng(0)
    targets = np.arange(90) % 3
    rows = (8 * np.eye(3, 8)[targets] + generator.normal(size=(90, 8))).astype(np.float32)
    base, folds = [Run(Augmentation(), 0)], leave_out_folds(3, 3)
    runs = [*base, *leave_out_runs(base, targets, folds)]
    data = TrainingData(rows, targets, rows, targets, 3)
    heads = train(data, runs, HeadSpec(kind="linear"), TrainingSpec(epochs=8, learning_rate=0.05), device="cpu").heads
    for logits, kept in zip(heads.logits(rows)[1:], folds, strict=True):
        texts = stand_ins(logits, targets, kept)
        assert texts.unknown_confidence.size == 30
        assert (texts.predicted == texts.target).mean() > 0.8
        assert set(texts.unknown_predicted) <= set(np.flatnonzero(kept))
