"""Scores of how far out of distribution a text is, by where its embedding lies among those of the training texts.

Higher is more OOD; embeddings (N, D) in, scores (N,) in float64 out. Both are fitted on known training texts only.
Sources: Sun et al., arXiv:2204.06507 (k-nearest neighbours, on the unit sphere); Lee et al., arXiv:1807.03888
(Mahalanobis), here with the covariance shrunk (Ledoit & Wolf, 2004) and its eigenvalues bounded from below, so that
few rows, constant coordinates or one row per class cannot make it singular.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf
from sklearn.neighbors import NearestNeighbors

from estitchup.errors import EstitchupError

Floats = NDArray[np.float64]

NEIGHBOURS = 10
MOST_ROWS = 20_000  # of training texts that neighbours are looked for among; beyond, a sample of so many
DISTANCES_AT_ONCE = 2_000_000  # to class means: they fit into 16 MB
LEAST_VARIANCE = 1e-6  # of the mean variance; float32 embeddings carry no more


@dataclass(frozen=True)
class NeighbourDistance:
    """The distance to the k-th nearest training text, both on the unit sphere; in [0, 2]."""

    index: NearestNeighbors
    neighbours: int

    @classmethod
    def of(cls, embeddings: ArrayLike, neighbours: int = NEIGHBOURS) -> "NeighbourDistance":
        """Remember training embeddings (N, D); with fewer than `neighbours` of them, the farthest counts.

        Of more than MOST_ROWS a fixed sample is remembered, in which neighbours lie somewhat farther off for all alike.
        """
        rows = _checked(embeddings)
        if len(rows) > MOST_ROWS:
            rows = rows[np.random.default_rng(0).choice(len(rows), MOST_ROWS, replace=False)]
        rows = _on_sphere(rows)
        if neighbours < 1:
            raise EstitchupError(f"The number of neighbours is {neighbours}: give at least 1.")
        count = min(neighbours, len(rows))
        return cls(NearestNeighbors(n_neighbors=count, algorithm="brute").fit(rows), count)

    def score(self, embeddings: ArrayLike) -> Floats:
        """Return the distances (M,) of embeddings (M, D)."""
        rows = np.asarray(embeddings, np.float64)
        if not len(rows):
            return np.empty(0)
        distances: Floats = self.index.kneighbors(_on_sphere(rows))[0][:, -1]
        return distances


@dataclass(frozen=True)
class MahalanobisDistance:
    """The squared distance to the nearest class mean, in units of the deviation within the classes.

    `whitening` (D, D) turns embeddings so that the shared covariance becomes the identity; `centres` (K, D) are the
    class means, turned likewise.
    """

    whitening: Floats
    centres: Floats

    @classmethod
    def of(cls, embeddings: ArrayLike, targets: ArrayLike) -> "MahalanobisDistance":
        """Measure training embeddings (N, D) with targets (N,); a target that does not occur has no mean."""
        rows = _checked(embeddings)
        classes, index = np.unique(np.asarray(targets, np.int64), return_inverse=True)
        sums = np.zeros((len(classes), rows.shape[1]))
        np.add.at(sums, index, rows)
        means = sums / np.bincount(index)[:, None]
        whitening = _whitening(_covariance(rows, rows - means[index]))
        return cls(whitening, means @ whitening)

    def score(self, embeddings: ArrayLike) -> Floats:
        """Return the squared distances (M,) of embeddings (M, D)."""
        turned = np.asarray(embeddings, np.float64) @ self.whitening
        rows = max(1, DISTANCES_AT_ONCE // len(self.centres))
        parts = [turned[start : start + rows] for start in range(0, len(turned), rows)]
        nearest = [cdist(part, self.centres, "sqeuclidean").min(axis=1) for part in parts]
        return np.concatenate([np.empty(0), *nearest])


def _checked(embeddings: ArrayLike) -> Floats:
    rows = np.asarray(embeddings, np.float64)
    if not len(rows):
        raise EstitchupError("There are no known training texts to measure distances from: add some.")
    return rows


def _on_sphere(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)


def _covariance(rows: Floats, residuals: Floats) -> Floats:
    """Return the shrunk covariance (D, D) within classes; of all rows where each is its own class mean; else I."""
    for deviations in (residuals, rows - rows.mean(axis=0)):
        if np.abs(deviations).max() > 1e-7 * np.abs(rows).max():  # more than the rounding of a mean
            covariance: Floats = ledoit_wolf(deviations, assume_centered=True)[0]
            return covariance
    return np.eye(rows.shape[1])


def _whitening(covariance: Floats) -> Floats:
    variances, directions = np.linalg.eigh(covariance)
    least = LEAST_VARIANCE * variances.mean()
    whitening: Floats = directions / np.sqrt(np.maximum(variances, least))
    return whitening
