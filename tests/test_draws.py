"""Randomness as a function of seed, epoch and purpose."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, kstest

from estitchup.draws import byte_streams, draw_batches, draw_epsilon, draw_share, random_bytes
from estitchup.recipe import Augmentation, Mix


@given(rows=st.integers(1, 700), batch_size=st.integers(1, 300), seed=st.integers(0, 50), epoch=st.integers(0, 20))
def test_an_epoch_holds_every_row_once_and_pairs_rows_within_their_batch(
    rows: int, batch_size: int, seed: int, epoch: int
) -> None:
    batches = draw_batches(rows, batch_size, seed, epoch)
    real = batches.weight > 0
    assert sorted(batches.first[real]) == list(range(rows))
    assert real.sum(axis=1).max() <= batch_size
    assert np.ptp(real.sum(axis=1)) <= 1
    np.testing.assert_allclose(batches.weight.sum(axis=1), 1)
    for first, second, own in zip(batches.first, batches.second, real, strict=True):
        assert sorted(first[own]) == sorted(second[own])


def test_seeds_and_epochs_draw_differently_and_the_same_draw_comes_again() -> None:
    first = draw_batches(500, 64, seed=1, epoch=0).first
    assert np.array_equal(first, draw_batches(500, 64, seed=1, epoch=0).first)
    assert not np.array_equal(first, draw_batches(500, 64, seed=2, epoch=0).first)
    assert not np.array_equal(first, draw_batches(500, 64, seed=1, epoch=1).first)


@pytest.mark.parametrize("alpha", [0.1, 0.2, 1.0, 8.0])
def test_shares_follow_the_beta_distribution(alpha: float) -> None:
    drawn = draw_share(Augmentation(mix=Mix.MIXUP, alpha=alpha), (50, 200), seed=0, epoch=0)
    assert kstest(drawn.ravel(), beta(alpha, alpha).cdf).pvalue > 0.01


def test_mixup_and_stitchup_of_one_seed_see_the_same_shares() -> None:
    mixup, stitchup = (draw_share(Augmentation(mix=mix), (5, 9), 3, 2) for mix in (Mix.MIXUP, Mix.STITCHUP))
    assert np.array_equal(mixup, stitchup)


def test_only_the_named_share_of_the_pairs_is_mixed() -> None:
    drawn = draw_share(Augmentation(mix=Mix.MIXUP, alpha=1.0, share=0.25), (100, 100), seed=0, epoch=0)
    assert (drawn < 1).mean() == pytest.approx(0.25, abs=0.02)


def test_epsilon_is_fixed_or_uniform_up_to_its_limit() -> None:
    fixed = draw_epsilon(Augmentation(epsilon=0.2), (3, 4), 0, 0)
    assert (fixed == 0.2).all()
    drawn = draw_epsilon(Augmentation(epsilon=0.2, epsilon_random=True), (100, 100), 0, 0)
    assert drawn.max() <= 0.2
    assert drawn.mean() == pytest.approx(0.1, abs=0.003)


def bytes_of(seed: int, epoch: int, rows: int, columns: int) -> torch.Tensor:
    return random_bytes(torch.from_numpy(byte_streams(3, seed, epoch)), rows, columns)


def test_random_bytes_are_uniform_and_independent() -> None:
    noise = bytes_of(3, 0, 2000, 301)[0].to(torch.float64)
    counts = torch.bincount(noise.to(torch.int64).flatten(), minlength=256)
    expected = noise.numel() / 256
    assert float(((counts - expected) ** 2 / expected).sum()) < 330  # chi-square, 255 degrees: p < 0.001
    for one, other in ((noise[:, :-1], noise[:, 1:]), (noise[:-1], noise[1:])):  # beside each other, below each other
        assert abs(float(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1])) < 0.01


def test_random_bytes_are_those_of_splitmix64() -> None:
    # The first outputs for the seed 1234567, as published with several implementations of the generator.
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    words = random_bytes(torch.tensor([1234567]), 2, 16).contiguous().numpy().view("<u8")
    assert words.ravel().tolist() == published


def test_each_step_epoch_and_seed_has_bytes_of_its_own_whatever_else_is_drawn() -> None:
    drawn = bytes_of(5, 2, 7, 13)
    assert drawn.shape == (3, 7, 13)
    assert torch.equal(drawn, bytes_of(5, 2, 7, 13))
    assert torch.equal(drawn[:, :4], bytes_of(5, 2, 4, 13))
    different = [*drawn, bytes_of(5, 3, 7, 13)[0], bytes_of(6, 2, 7, 13)[0]]
    assert len({tuple(one.flatten().tolist()) for one in different}) == 5
