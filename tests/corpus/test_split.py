import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estitchup.corpus.roles import Role
from estitchup.corpus.split import apportion, draw_roles, in_most_protected_role, normalised

SHARES = np.array([0.65, 0.2, 0.15])


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, [0, 0, 0]), (1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1]), (10, [7, 2, 1]), (20, [13, 4, 3])],
)
def test_texts_are_shared_out_as_by_hand(count: int, expected: list[int]) -> None:
    assert apportion(count, SHARES).tolist() == expected


def test_a_share_of_nothing_gets_nothing() -> None:
    assert apportion(1, np.array([0.0, 0.6, 0.4])).tolist() == [0, 1, 0]
    assert apportion(7, np.array([1.0, 0.0, 0.0])).tolist() == [7, 0, 0]


@given(st.integers(0, 3_000), st.floats(0.01, 0.49), st.floats(0.01, 0.49))
def test_shares_are_met_within_one_text_or_are_a_single_text(count: int, test: float, validation: float) -> None:
    shares = np.array([1 - test - validation, test, validation])
    counts = apportion(count, shares)
    assert counts.sum() == count
    assert (counts >= (1 if count >= 3 else 0)).all()
    if (shares * count >= 1).all():
        assert np.abs(counts - shares * count).max() <= 1


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from("abc")), min_size=1, max_size=400), st.integers(0, 9))
def test_a_drawn_role_is_the_keys_own_and_the_seeds(rows: list[tuple[int, str]], seed: int) -> None:
    keys = np.array([f"text {key}" for key, _ in rows], dtype=object)
    labels = np.array([label for _, label in rows], dtype=object)
    roles = draw_roles(keys, labels, lambda _: SHARES, np.random.default_rng(seed))
    assert len({*zip(keys, roles, strict=True)}) == len(set(keys))
    assert set(roles) <= set(Role)
    assert (roles == draw_roles(keys, labels, lambda _: SHARES, np.random.default_rng(seed))).all()


def test_another_seed_draws_other_roles() -> None:
    keys, labels = np.arange(100).astype(str).astype(object), np.full(100, "a", dtype=object)
    first, second = (draw_roles(keys, labels, lambda _: SHARES, np.random.default_rng(seed)) for seed in (0, 1))
    assert (first != second).any()


def test_the_most_protected_role_keeps_the_text() -> None:
    keys = np.array(["a", "a", "a", "b", "b", "c", "c", "c"], dtype=object)
    roles = np.array(["train", "test", "validation", "train", "validation", "pool", "train", "train"])
    keep = in_most_protected_role(keys, roles)
    assert keep.tolist() == [False, True, False, False, True, False, True, True]


def test_texts_are_the_same_up_to_case_width_and_white_space() -> None:
    assert len(set(normalised([" Hello  World", "hello world\n", "ＨＥＬＬＯ\u3000ｗｏｒｌｄ"]))) == 1
    assert normalised(["\u3000 \n"]) == [""]
