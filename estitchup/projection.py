"""Vectors on a plane: principal components at once, UMAP's neighbourhoods when asked for.

PCA keeps the directions of largest spread and is exact; UMAP (McInnes, Healy & Melville, arXiv:1802.03426) keeps
neighbours together and is far slower. UMAP compiles itself for 20 s of processor time before it starts, so it runs as a
process of its own: `python -m estitchup.projection in.npy out.npy`. The app stays quick, and stopping is killing.
"""

import hashlib
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 15
_COMPONENTS = 50  # before UMAP: nearly all of the spread, an eighth of the distances' cost
_SECONDS_TO_START = 25.0
_SECONDS_A_TEXT = 0.0035  # of processor time, 23,700 texts of CLINC150

Points = NDArray[np.float32]


def principal_plane(vectors: NDArray[np.float32]) -> Points:
    """Return the vectors (N, D) on their first two principal components, (N, 2); the same vectors, the same points."""
    return _components(vectors, 2)


def neighbour_plane(vectors: NDArray[np.float32]) -> Points:
    """Return the vectors (N, D) on a plane where neighbours stay together, (N, 2).

    With few vectors, of which UMAP makes nothing, it is the principal plane. It is not seeded, which would cost it all
    cores but one: two runs turn and bend the same picture differently.
    """
    if len(vectors) <= NEIGHBOURS + 1:
        return principal_plane(vectors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about settings that are not ours
        import umap

        reducer = umap.UMAP(n_neighbors=NEIGHBOURS, init="pca")
        points: Points = reducer.fit_transform(_components(vectors, _COMPONENTS)).astype(np.float32)
    return points


def _components(vectors: NDArray[np.float32], count: int) -> Points:
    from sklearn.decomposition import PCA

    wanted = min(count, *vectors.shape) if vectors.size else 0
    points = np.zeros((len(vectors), max(count, 2) if wanted < 2 else wanted), np.float32)
    if wanted and (vectors != vectors[0]).any():
        points[:, :wanted] = PCA(wanted, svd_solver="covariance_eigh").fit_transform(vectors)
    return points


def estimated_seconds(count: int) -> float:
    """Return about how long `neighbour_plane` takes for so many vectors on two cores with nothing else to do."""
    return _SECONDS_TO_START + _SECONDS_A_TEXT * count


class NeighbourPlanes:
    """The planes computed in a folder: one file each, named after the vectors they are of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}

    def key(self, vectors: NDArray[np.float32]) -> str:
        """Return what tells these vectors from others."""
        return hashlib.blake2b(vectors.tobytes(), digest_size=12).hexdigest()

    def plane(self, key: str) -> Points | None:
        """Return the plane of the vectors with this key, None while there is none."""
        try:
            points: Points = np.load(self._path(key), allow_pickle=False)
        except (OSError, ValueError):
            return None
        return points

    def start(self, key: str, vectors: NDArray[np.float32]) -> None:
        """Begin to compute a plane in a process of its own, unless that goes on already."""
        if self.running(key):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        source = self._folder / f"{key}.vectors.npy"
        np.save(source, vectors)
        command = [sys.executable, "-m", "estitchup.projection", str(source), str(self._path(key))]
        self._running[key] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._started[key] = time.monotonic()

    def running(self, key: str) -> bool:
        """Return whether this plane is being computed."""
        return key in self._running and self._running[key].poll() is None

    def seconds(self, key: str) -> float:
        """Return for how long this plane has been computed, 0 where it never was."""
        return time.monotonic() - self._started[key] if key in self._started else 0.0

    def failed(self, key: str) -> bool:
        """Return whether computing this plane ended without one."""
        return key in self._running and not self.running(key) and self.plane(key) is None

    def stop(self, key: str) -> None:
        """Stop computing a plane."""
        process = self._running.pop(key, None)
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait()
        (self._folder / f"{key}.vectors.npy").unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.npy"


def main(source: Path, target: Path) -> None:
    """Compute the plane of the vectors in one file into another, which is whole or not there."""
    points = neighbour_plane(np.load(source, allow_pickle=False))
    partial = target.with_suffix(".partial.npy")
    np.save(partial, points)
    os.replace(partial, target)
    source.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
