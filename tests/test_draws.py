"""Randomness as a function of seed, epoch and purpose."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, kstest

from estitchup.draws import Purpose, draw_batches, draw_epsilon, draw_share, random_bytes
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


def test_random_bytes_are_uniform_and_independent() -> None:
    noise = random_bytes(2000, 301, 3, Purpose.STITCH)().to(torch.float64)
    counts = torch.bincount(noise.to(torch.int64).flatten(), minlength=256)
    expected = noise.numel() / 256
    assert float(((counts - expected) ** 2 / expected).sum()) < 330  # chi-square, 255 degrees: p < 0.001
    neighbours = torch.corrcoef(torch.stack([noise[:, :-1].flatten(), noise[:, 1:].flatten()]))[0, 1]
    assert abs(float(neighbours)) < 0.01


def test_a_source_of_bytes_goes_on_and_starts_again_alike() -> None:
    one, again = (random_bytes(7, 13, 5, Purpose.STITCH, 2) for _ in range(2))
    first, second = one(), one()
    assert first.shape == (7, 13)
    assert not torch.equal(first, second)
    assert torch.equal(first, again())
    assert torch.equal(second, again())
    assert not torch.equal(first, random_bytes(7, 13, 5, Purpose.STITCH, 3)())
