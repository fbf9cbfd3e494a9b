"""Open intent detection: figures against scikit-learn, and the threshold on data whose answer is known."""

import numpy as np
import pytest
from clouds import clouds
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.study.kept import Kept
from benchmarks.study.open_intent import METHODS, Answered, best_share, f1_of, figures_of, open_intent


def answered(seed: int, texts: int = 400, classes: int = 5) -> Answered:
    generator = np.random.default_rng(seed)
    target = generator.integers(classes + 1, size=texts)
    predicted = np.where(
        generator.random(texts) < 0.7, np.minimum(target, classes - 1), generator.integers(classes, size=texts)
    )
    return Answered(predicted, generator.random(texts) + (target == classes), target)


@pytest.mark.parametrize("seed", range(4))
def test_the_figures_are_scikit_learns(seed):
    one = answered(seed)
    predicted = np.where(one.score <= 0.8, one.predicted, 5)
    every = f1_score(one.target, predicted, average=None, labels=range(6), zero_division=0)
    figures = figures_of(one, 0.8, np.ones(5, bool))
    accuracy = accuracy_score(one.target, predicted)
    expected = {"f1_known": every[:5].mean(), "f1_open": every[5], "f1": every.mean(), "accuracy": accuracy}
    assert figures == pytest.approx(expected)


def test_a_class_that_is_not_known_does_not_count():
    one = answered(0)
    known = np.array([True, True, False, True, True])
    assert len(f1_of(one, 0.8, known)) == 5
    assert f1_of(one, 0.8, known)[-1] == f1_of(one, 0.8, np.ones(5, bool))[-1]


def test_weights_count_a_text_as_often_as_they_say():
    one = answered(1)
    weight = np.random.default_rng(2).integers(1, 4, size=len(one.target))
    often = Answered(*(np.repeat(values, weight) for values in (one.predicted, one.score, one.target)))
    known = np.ones(5, bool)
    assert f1_of(one, 0.8, known, weight.astype(float)) == pytest.approx(f1_of(often, 0.8, known))


def test_a_fifth_is_refused_where_a_fifth_of_the_known_texts_scores_like_the_unknown_ones():
    target = np.repeat([0, 1, 2], [500, 500, 1000])
    score = np.where(target == 2, 2.0, np.where(np.arange(2000) % 5 == 0, 3.0, np.linspace(0, 1, 2000)))
    assert best_share([Answered(np.minimum(target, 1), score, target)], classes=2) == pytest.approx(0.2, abs=0.011)


def test_the_protocol_answers_clouds_that_lie_far_apart_and_goes_no_further_than_chance_on_one_spot(tmp_path):
    easy, hard = (
        open_intent(clouds(apart, classes=12), Kept(tmp_path / str(apart)), draws=1, ratios=(0.5,))
        for apart in (14.0, 0.0)
    )
    assert set(easy["method"]) == {method.name for method in METHODS}
    assert easy["f1"].min() > 0.8
    assert hard["f1_known"].max() < 0.4
