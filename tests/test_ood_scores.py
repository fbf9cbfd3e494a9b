"""OOD scores of logits, by hand, at the edges, and their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from estitchup.calibration import softmax
from estitchup.errors import EstitchupError
from estitchup.ood import auroc
from estitchup.ood_scores import LOGIT_SCORES, Combination, doubt, energy, entropy, margin, max_logit

some_logits = arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(1, 6)), elements=st.floats(-300, 300))
SURE, TORN, LOST = [9.0, 0.0, 0.0], [5.0, 4.9, 0.0], [0.1, 0.0, 0.1]


def test_scores_by_hand() -> None:
    logits = np.log([[0.7, 0.2, 0.1]])
    assert doubt(logits)[0] == pytest.approx(0.3)
    assert max_logit(logits)[0] == pytest.approx(-np.log(0.7))
    assert energy(logits)[0] == pytest.approx(0.0)
    assert energy(logits, temperature=2.0)[0] == pytest.approx(-2 * np.log(np.sqrt([0.7, 0.2, 0.1]).sum()))
    assert margin(logits)[0] == pytest.approx(0.5)
    assert entropy(logits)[0] == pytest.approx(-(0.7 * np.log(0.7) + 0.2 * np.log(0.2) + 0.1 * np.log(0.1)))


@pytest.mark.parametrize("name", LOGIT_SCORES)
def test_every_score_is_higher_for_a_text_that_no_class_claims(name: str) -> None:
    sure, _, lost = LOGIT_SCORES[name]([SURE, TORN, LOST])
    assert sure < lost


@pytest.mark.parametrize("name", ["Confidence", "Margin", "Entropy"])
def test_scores_tell_texts_apart_whose_confidence_rounds_to_one(name: str) -> None:
    surer, sure = LOGIT_SCORES[name]([[90.0, 0.0, 1.0], [60.0, 0.0, 1.0]])
    assert 0 < surer < sure


@pytest.mark.parametrize("name", LOGIT_SCORES)
def test_a_masked_class_counts_as_absent(name: str) -> None:
    logits = np.array([SURE, TORN, LOST])
    masked = np.concatenate([logits, np.full((3, 1), -np.inf)], axis=1)
    np.testing.assert_allclose(LOGIT_SCORES[name](masked), LOGIT_SCORES[name](logits))


@given(some_logits)
def test_scores_stay_in_their_ranges(logits: np.ndarray) -> None:
    classes = logits.shape[1]
    assert (doubt(logits) >= 0).all()
    assert (doubt(logits) <= 1 - 1 / classes + 1e-12).all()
    assert (margin(logits) >= doubt(logits)).all()
    assert (margin(logits) <= 1 + 1e-12).all()
    assert (entropy(logits) <= np.log(classes) + 1e-12).all()
    assert (energy(logits) <= max_logit(logits) + 1e-9).all()
    np.testing.assert_allclose(energy(logits, 1e-3), max_logit(logits), atol=1e-2)


@given(some_logits)
def test_the_margin_is_the_gap_between_the_two_largest_probabilities(logits: np.ndarray) -> None:
    ordered = np.sort(softmax(logits), axis=1)
    second = ordered[:, -2] if logits.shape[1] > 1 else 0.0
    np.testing.assert_allclose(margin(logits), 1 - (ordered[:, -1] - second), atol=1e-12)


def test_no_texts_have_no_scores_and_a_temperature_of_zero_is_refused() -> None:
    for score in LOGIT_SCORES.values():
        assert score(np.empty((0, 3))).shape == (0,)
    with pytest.raises(EstitchupError, match="above 0"):
        energy([SURE], temperature=0.0)


def test_two_scores_together_find_what_each_of_them_misses() -> None:
    generator = np.random.default_rng(0)
    known, unknown = generator.normal(size=(2, 500)), generator.normal(size=(2, 500))
    unknown[0, :250] += 4  # half stand out by the one score, half by the other
    unknown[1, 250:] += 4
    known[1], unknown[1] = 1000 * known[1] + 7, 1000 * unknown[1] + 7  # on another scale
    both = Combination.of(*known)
    alone = max(auroc(known[i], unknown[i]) for i in (0, 1))
    assert auroc(both.apply(*known), both.apply(*unknown)) > alone + 0.1


def test_known_validation_texts_have_a_mean_of_zero_in_each_part() -> None:
    first, second = np.array([1.0, 2.0, 6.0]), np.array([10.0, -10.0, 30.0])
    both = Combination.of(first, second)
    expected = (first - 3) / first.std() + (second - 10) / second.std()
    np.testing.assert_allclose(both.apply(first, second), expected)


def test_a_constant_score_adds_nothing_among_known_texts() -> None:
    both = Combination.of([1.0, 2.0], [0.1, 0.1])
    np.testing.assert_allclose(both.apply([1.0, 2.0], [0.1, 0.1]), [-1.0, 1.0])
    assert both.apply([1.0], [5.0])[0] > both.apply([1.0], [0.1])[0]
    with pytest.raises(EstitchupError, match="no known validation texts"):
        Combination.of([], [])
