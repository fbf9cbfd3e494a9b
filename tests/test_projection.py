import time
from pathlib import Path

import numpy as np
import pytest

from estitchup import projection
from estitchup.projection import NeighbourPlanes, estimated_seconds, neighbour_plane, principal_plane


def test_the_principal_plane_is_that_of_a_singular_value_decomposition() -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 8)) @ np.diag([9, 5, 1, 1, 1, 1, 1, 1])
    points = principal_plane(vectors.astype(np.float32))
    left, sizes, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(points), np.abs(left[:, :2] * sizes[:2]), rtol=1e-3, atol=1e-3)


def test_the_same_vectors_give_the_same_points_and_stay_as_they_were() -> None:
    vectors = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)
    before = vectors.copy()
    assert (principal_plane(vectors) == principal_plane(vectors)).all()
    assert (vectors == before).all()


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (2, 4), (5, 1), (5, 2)])
@pytest.mark.parametrize("plane", [principal_plane, neighbour_plane])
def test_few_vectors_or_dimensions_make_a_plane_too(plane: object, shape: tuple[int, int]) -> None:
    points = plane(np.random.default_rng(2).normal(size=shape).astype(np.float32))  # type: ignore[operator]
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()


def test_equal_vectors_lie_on_one_point() -> None:
    assert np.ptp(principal_plane(np.ones((6, 3), np.float32)), axis=0).max() == pytest.approx(0, abs=1e-6)


def test_a_plane_is_computed_beside_us_and_found_again(tmp_path: Path) -> None:
    vectors = np.random.default_rng(3).normal(size=(12, 4)).astype(np.float32)  # so few that UMAP is not loaded
    planes = NeighbourPlanes(tmp_path)
    key = planes.key(vectors)
    assert planes.plane(key) is None
    assert planes.seconds(key) == 0
    planes.start(key, vectors)
    assert 0 <= planes.seconds(key) < 10
    planes.start(key, vectors)
    until = time.monotonic() + 60
    while planes.running(key) and time.monotonic() < until:
        time.sleep(0.05)
    assert not planes.failed(key)
    points = NeighbourPlanes(tmp_path).plane(key)
    assert points is not None
    np.testing.assert_allclose(points, principal_plane(vectors), rtol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == [f"{key}.npy"]
    assert planes.key(vectors + 1) != key


def test_stopping_leaves_no_plane_and_no_vectors(tmp_path: Path) -> None:
    vectors = np.random.default_rng(4).normal(size=(500, 4)).astype(np.float32)
    planes = NeighbourPlanes(tmp_path)
    key = planes.key(vectors)
    planes.start(key, vectors)
    planes.stop(key)
    assert not planes.running(key)
    assert not planes.failed(key)
    assert list(tmp_path.iterdir()) == []


def test_a_computation_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection.sys, "executable", "/bin/false")
    planes = NeighbourPlanes(tmp_path)
    planes.start("0", np.zeros((3, 2), np.float32))
    until = time.monotonic() + 10
    while planes.running("0") and time.monotonic() < until:
        time.sleep(0.01)
    assert planes.failed("0")


def test_more_vectors_take_longer() -> None:
    assert 20 < estimated_seconds(100) < estimated_seconds(25_000) < estimated_seconds(50_000) < 600
