"""Distances against the formula written out, and where a plain covariance would be singular."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from estitchup import embedding_scores
from estitchup.embedding_scores import MahalanobisDistance, NeighbourDistance
from estitchup.errors import EstitchupError


def clouds(rows: int = 200, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings of three classes around three centres, stretched along one axis."""
    generator = np.random.default_rng(0)
    targets = np.arange(rows) % 3
    centres = 10 * np.eye(3, width)
    noise = generator.normal(size=(rows, width)) * np.array([3.0, *[1.0] * (width - 1)])
    return centres[targets] + noise, targets


def test_the_neighbour_distance_is_the_kth_smallest_on_the_sphere() -> None:
    rows, _ = clouds(40)
    asked = np.random.default_rng(1).normal(size=(7, 6))
    unit, unit_asked = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (rows, asked))
    distances = np.sort(np.linalg.norm(unit_asked[:, None] - unit[None], axis=2), axis=1)
    np.testing.assert_allclose(NeighbourDistance.of(rows, 4).score(asked), distances[:, 3])
    np.testing.assert_allclose(NeighbourDistance.of(rows, 4).score(5 * asked), distances[:, 3])
    np.testing.assert_allclose(NeighbourDistance.of(rows, 99).score(asked), distances[:, -1])


def test_the_mahalanobis_distance_is_the_formula() -> None:
    rows, targets = clouds()
    means = np.stack([rows[targets == k].mean(axis=0) for k in range(3)])
    precision = np.linalg.inv(ledoit_wolf(rows - means[targets], assume_centered=True)[0])
    asked = 4 * np.random.default_rng(1).normal(size=(9, 6))
    gaps = asked[:, None] - means[None]
    expected = np.einsum("nkd,de,nke->nk", gaps, precision, gaps).min(axis=1)
    np.testing.assert_allclose(MahalanobisDistance.of(rows, targets).score(asked), expected)


def test_a_step_along_the_stretched_axis_counts_less() -> None:
    score = MahalanobisDistance.of(*clouds()).score
    centre, step = np.array([10.0, 0, 0, 0, 0, 0]), np.eye(6)
    assert score([centre + 5 * step[0]]) < score([centre + 5 * step[3]]) / 4


@pytest.mark.parametrize(
    ("rows", "targets"),
    [
        pytest.param(np.eye(4, 6), [0, 1, 2, 3], id="one row per class"),
        pytest.param(np.ones((1, 6)), [0], id="one row"),
        pytest.param(np.zeros((5, 6)), [0, 0, 1, 1, 1], id="all rows the same"),
        pytest.param(np.eye(3, 6)[[0, 0, 1, 1, 2, 2]], [0, 0, 1, 1, 2, 2], id="classes without width"),
        pytest.param(np.array([[2.0], [-2.0]] * 50) * np.eye(1, 6), [0] * 100, id="one line, no shrinkage"),
        pytest.param(clouds(60)[0] * [1, 1, 0, 0, 0, 1], clouds(60)[1], id="constant coordinates"),
        pytest.param(clouds(60)[0][:, [0, 1, 2, 0, 1, 2]], clouds(60)[1], id="coordinates that repeat"),
        pytest.param(clouds(5)[0], [0, 0, 7, 7, 7], id="fewer rows than coordinates, a class without rows"),
    ],
)
def test_a_singular_covariance_still_tells_near_from_far(rows: np.ndarray, targets: list[int]) -> None:
    measure = MahalanobisDistance.of(rows, targets)
    near, far, farther = measure.score(np.stack([rows[0], rows[0] + 40.0, rows[0] + 400.0]))
    assert np.isfinite([near, far, farther]).all()
    assert near < far < farther
    np.testing.assert_array_equal(np.isfinite(measure.whitening), True)


def test_a_step_in_a_direction_that_no_training_text_takes_is_a_step_away() -> None:
    rows, targets = clouds(60)
    rows[:, -1] = 0.0
    measure = MahalanobisDistance.of(rows, targets)
    step = np.eye(6)[-1]
    near, far, farther = measure.score(rows[:1] + np.array([[0.0], [1.0], [9.0]]) * step)
    assert near < far < farther


def test_the_score_does_not_depend_on_the_unit_of_length() -> None:
    rows, targets = clouds(60)
    asked = np.random.default_rng(1).normal(size=(9, 6))
    scores = [MahalanobisDistance.of(scale * rows, targets).score(scale * asked) for scale in (1.0, 1e-4, 1e4)]
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-6)
    np.testing.assert_allclose(scores[2], scores[0], rtol=1e-6)


@pytest.mark.parametrize("at_once", [1, 100, 10_000])
def test_rows_are_scored_in_parts_and_none_get_no_score(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, targets = clouds()
    asked = np.random.default_rng(1).normal(size=(120, 6))
    score = MahalanobisDistance.of(rows, targets).score
    expected = [score(row[None])[0] for row in asked]
    monkeypatch.setattr(embedding_scores, "DISTANCES_AT_ONCE", at_once)
    np.testing.assert_allclose(score(asked), expected)
    assert score(np.empty((0, 6))).shape == (0,)
    assert NeighbourDistance.of(rows).score(np.empty((0, 6))).shape == (0,)


def test_inputs_stay_as_they_were() -> None:
    rows, targets = clouds(30)
    before = rows.copy()
    MahalanobisDistance.of(rows, targets).score(rows)
    NeighbourDistance.of(rows).score(rows)
    np.testing.assert_array_equal(rows, before)


def test_no_training_texts_are_refused_in_words() -> None:
    with pytest.raises(EstitchupError, match="no known training texts"):
        MahalanobisDistance.of(np.empty((0, 4)), [])
    with pytest.raises(EstitchupError, match="no known training texts"):
        NeighbourDistance.of(np.empty((0, 4)))
    with pytest.raises(EstitchupError, match="at least 1"):
        NeighbourDistance.of(np.eye(3), 0)
