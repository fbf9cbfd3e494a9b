"""The training texts nearest to a text: what the classifier learned from, to hold its answer against."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Near:
    """A training text with its label, and the cosine similarity of its vector, in [−1, 1]."""

    text: str
    label: str
    similarity: float


@dataclass(frozen=True, eq=False)
class TrainingTexts:
    """N training texts with labels, and their vectors (N, D) on the unit sphere."""

    texts: Sequence[str]
    labels: Sequence[str]
    directions: NDArray[np.float32]

    @classmethod
    def of(cls, texts: Sequence[str], labels: Sequence[str], vectors: NDArray[np.float32]) -> "TrainingTexts":
        """Take texts, labels and raw vectors (N, D) in one order."""
        return cls(texts, labels, _on_sphere(vectors))

    def nearest(self, vectors: NDArray[np.float32], count: int = 3) -> list[list[Near]]:
        """Return, for each of the vectors (M, D), the `count` nearest texts (or all there are), the nearest first."""
        similarities = _on_sphere(vectors) @ self.directions.T  # (M, N)
        order = np.argsort(-similarities, axis=1, kind="stable")[:, :count]
        return [
            [Near(self.texts[place], self.labels[place], float(similarity[place])) for place in places]
            for places, similarity in zip(order, similarities, strict=True)
        ]


def _on_sphere(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: NDArray[np.float32] = vectors / np.maximum(length, np.float32(1e-12))
    return directions
