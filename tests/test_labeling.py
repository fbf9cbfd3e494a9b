"""Query strategies, each against a pool whose answer is plain to see."""

import numpy as np
import pytest

from estitchup.corpus.profile import NEAR
from estitchup.errors import EstitchupError
from estitchup.labeling import (
    RANDOM,
    STRATEGIES,
    Pool,
    alike,
    far_from_labelled,
    high_energy,
    least_confidence,
    small_margin,
    strategy_named,
)

RNG = np.random.default_rng(0)


def pool(logits: list[list[float]], embeddings: object = None, keys: object = None) -> Pool:
    values = np.asarray(logits, np.float32)[None]
    count = values.shape[1]
    vectors = np.eye(count, 4) if embeddings is None else embeddings
    names = [f"text {number}" for number in range(count)] if keys is None else keys
    return Pool(values, np.asarray(vectors, np.float32), np.eye(1, 4, dtype=np.float32), np.array(names, dtype=object))


def first(name: str, of: Pool) -> int:
    return int(STRATEGIES[name].pick(of, 1, np.random.default_rng(0))[0])


def test_each_score_puts_its_own_text_first() -> None:
    sure, between, all_alike, all_low = [9.0, 0, 0], [9.0, 9, 0], [6.0, 6, 6], [-5.0, -9, -9]
    of = pool([sure, between, all_alike, all_low])
    assert first("Least confidence", of) == 2
    assert first("Entropy", of) == 2
    assert first("Energy", of) == 3
    assert first("Margin", pool([sure, between, all_low])) == 1


def test_scores_agree_with_their_formulas() -> None:
    of = pool(np.random.default_rng(1).normal(size=(20, 5)).tolist())
    odds = np.exp(of.logits[0].astype(np.float64))
    probabilities = odds / odds.sum(1, keepdims=True)
    ordered = np.sort(probabilities, axis=1)
    np.testing.assert_allclose(least_confidence(of), 1 - ordered[:, -1], rtol=1e-9)
    np.testing.assert_allclose(small_margin(of), 1 - ordered[:, -1] + ordered[:, -2], rtol=1e-9)
    np.testing.assert_allclose(high_energy(of), -np.log(odds.sum(1)), rtol=1e-9)


def test_several_runs_are_averaged_and_a_masked_class_counts_as_absent() -> None:
    logits = np.array([[[0.0, 0, -np.inf]], [[0.0, 0, 0]]], np.float32)
    of = Pool(logits, np.eye(1, 4, dtype=np.float32), np.eye(1, 4, dtype=np.float32), np.array(["a"], dtype=object))
    assert least_confidence(of)[0] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_distance_is_to_the_labelled_texts() -> None:
    of = pool(np.zeros((3, 2)).tolist(), [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0]])
    np.testing.assert_allclose(far_from_labelled(of), [0, np.sqrt(2 - np.sqrt(2)), np.sqrt(2)], atol=1e-7)
    assert first("Distance", of) == 2


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_pick_holds_no_text_twice_nor_a_duplicate_of_a_picked_one(name: str) -> None:
    generator = np.random.default_rng(3)
    keys = [f"text {number // 3}" for number in range(60)]  # each text thrice
    vectors = np.repeat(generator.normal(size=(20, 4)), 3, axis=0)
    of = pool(np.repeat(generator.normal(size=(20, 5)), 3, axis=0).tolist(), vectors, keys)
    for count in (1, 7, 20, 50):
        picked = STRATEGIES[name].pick(of, count, np.random.default_rng(0))
        texts = [of.keys[position] for position in picked]
        assert len(texts) == len(set(texts)) == min(count, 20)


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_same_seed_picks_the_same_and_inputs_stay_as_they_are(name: str) -> None:
    generator = np.random.default_rng(4)
    of = pool(generator.normal(size=(50, 5)).tolist(), generator.normal(size=(50, 4)))
    before = [array.copy() for array in (of.logits, of.embeddings, of.labelled)]
    picks = [STRATEGIES[name].pick(of, 10, np.random.default_rng(9)).tolist() for _ in range(2)]
    assert picks[0] == picks[1]
    for array, kept in zip((of.logits, of.embeddings, of.labelled), before, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize("name", STRATEGIES)
def test_an_empty_pool_gives_nothing(name: str) -> None:
    of = pool(np.zeros((0, 3)).reshape(0, 3).tolist() or np.zeros((0, 3)), np.zeros((0, 4)))  # type: ignore[arg-type]
    assert STRATEGIES[name].pick(of, 5, np.random.default_rng(0)).tolist() == []


def test_equal_scores_are_drawn_by_lot() -> None:
    of = pool(np.zeros((100, 3)).tolist(), np.random.default_rng(0).normal(size=(100, 4)))
    picks = {int(STRATEGIES["Least confidence"].pick(of, 1, np.random.default_rng(seed))[0]) for seed in range(10)}
    assert len(picks) > 5


def test_a_diverse_batch_covers_groups_that_least_confidence_leaves_out() -> None:
    centres = np.repeat(np.eye(4), 10, axis=0) + 0.2 * np.random.default_rng(0).normal(size=(40, 4))
    doubt = np.where(np.arange(40) // 10 == 1, 0.0, 1.0)  # one group is the least sure of all
    of = pool(np.stack([doubt, np.zeros(40)], axis=1).tolist(), centres)
    groups = {
        name: [set((STRATEGIES[name].pick(of, 3, np.random.default_rng(seed)) // 10).tolist()) for seed in range(20)]
        for name in ("Least confidence", "Diverse batch")
    }
    assert all(own == {1} for own in groups["Least confidence"])
    assert np.mean([len(own) for own in groups["Diverse batch"]]) > 2


def test_alike_texts_come_in_order_without_the_text_itself() -> None:
    vectors = np.array([[1, 0], [0, 1], [2, 0.1], [1, 1]], np.float32)
    assert alike(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 0, 0.7).tolist() == [2, 3]


def test_a_strategy_is_found_by_its_name_and_another_is_said() -> None:
    assert strategy_named("random").name == RANDOM
    with pytest.raises(EstitchupError, match="choose among Margin"):
        strategy_named("best")


def unlike_pairs(vectors: np.ndarray, picked: np.ndarray) -> float:
    """Return the highest cosine between two picked texts."""
    rows = vectors[picked] / np.linalg.norm(vectors[picked], axis=1, keepdims=True)
    return float((rows @ rows.T - 2 * np.eye(len(rows))).max())


@pytest.mark.parametrize("name", STRATEGIES)
def test_near_duplicates_of_a_picked_text_come_only_when_nothing_else_is_left(name: str) -> None:
    generator = np.random.default_rng(5)
    centres = generator.normal(size=(30, 16))
    vectors = np.repeat(centres, 40, axis=0) + 0.01 * generator.normal(size=(1200, 16))  # more than a block
    logits = np.repeat(generator.normal(size=(30, 5)), 40, axis=0)  # so that a group has one score
    of = Pool(
        logits[None].astype(np.float32),
        vectors.astype(np.float32),
        generator.normal(size=(3, 16)).astype(np.float32),
        np.array([f"text {number}" for number in range(1200)], dtype=object),
    )
    groups = np.arange(1200) // 40
    for count in (3, 30):
        picked = STRATEGIES[name].pick(of, count, np.random.default_rng(0))
        assert unlike_pairs(vectors, picked) < NEAR
        assert len(set(groups[picked])) == count
    everything = STRATEGIES[name].pick(of, 1200, np.random.default_rng(0))
    assert sorted(everything.tolist()) == list(range(1200))
    if STRATEGIES[name].score:
        assert len(set(groups[everything[:30]])) == 30


def test_an_encoder_to_which_all_texts_are_near_leaves_the_order_as_it_is() -> None:
    generator = np.random.default_rng(6)
    of = pool(generator.normal(size=(40, 5)).tolist(), 1 + 0.01 * generator.normal(size=(40, 4)))
    picked = STRATEGIES["Least confidence"].pick(of, 40, np.random.default_rng(0))
    assert picked.tolist() == np.argsort(-least_confidence(of), kind="stable").tolist()
    assert len(STRATEGIES["Diverse batch"].pick(of, 10, np.random.default_rng(0))) == 10
