"""What a person takes away, at its heart: one head, its temperature, its threshold; vectors in, a table out.

NumPy only, so that predicting from vectors loads no PyTorch. Probabilities are float64, as everywhere.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from estitchup.calibration import answers, softmax
from estitchup.errors import EstitchupError
from estitchup.temperature import scaled
from estitchup.trained import StackedHeads

COLUMNS = ("label", "confidence", "ood_score", "accepted")


@dataclass(frozen=True)
class Said:
    """What is said of one text: a class or "unknown", how sure it is, and the most probable classes."""

    label: str
    confidence: float
    accepted: bool
    classes: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Classifier:
    """One trained head (a stack of one), and how its logits become answers.

    `classes` (K,) names the outputs; `unknown_label`, which is none of them, is said of a text whose confidence is
    below `threshold`, in [0, 1]; logits are divided by `temperature` first.
    """

    head: StackedHeads
    classes: tuple[str, ...]
    unknown_label: str
    temperature: float
    threshold: float

    @property
    def dimension(self) -> int:
        """Return the length D of the vectors it takes."""
        return int(self.head.mean.shape[1])

    def logits(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Return the logits (N, K) of vectors (N, D), divided by the temperature; raises EstitchupError."""
        rows = self._checked(vectors)
        with np.errstate(over="ignore", invalid="ignore"):
            logits = scaled(self.head.logits(rows)[0], self.temperature)
        if not np.isfinite(logits).all():
            raise EstitchupError(
                f"The numbers of this classifier overflow on vectors that reach {np.abs(rows).max():.3g}: embed the "
                "texts again; where that does not help, save or download the bundle again."
            )
        return logits

    def predict_vectors(
        self, vectors: ArrayLike, top: int = 0, index: Sequence[Hashable] | pd.Index | None = None
    ) -> pd.DataFrame:
        """Answer vectors (N, D): a row each with label, confidence, ood_score = 1 − confidence, and accepted.

        `top` adds the most probable classes as class_1, probability_1, …, refused or not, at most K of them.
        """
        return self.table(self.logits(vectors), top, index)

    def say(self, vectors: ArrayLike, top: int) -> list[Said]:
        """Answer a few vectors (N, D) one by one: what `predict_vectors` says, without the cost of a table."""
        logits = self.logits(vectors)
        found, probabilities = answers(logits), softmax(logits)
        best = np.argsort(-logits, axis=1, kind="stable")[:, :top]
        said = []
        for row, confidence in enumerate(found.confidence.tolist()):
            accepted = confidence >= self.threshold
            classes = tuple((self.classes[place], float(probabilities[row, place])) for place in best[row])
            label = self.classes[found.predicted[row]] if accepted else self.unknown_label
            said.append(Said(label, confidence, accepted, classes))
        return said

    def table(
        self, logits: NDArray[np.float64], top: int = 0, index: Sequence[Hashable] | pd.Index | None = None
    ) -> pd.DataFrame:
        """Return the answers that scaled logits (N, K) give; see `predict_vectors`."""
        if top < 0:
            raise EstitchupError(f"The number of top classes is {top}: give 0 or more.")
        found, names = answers(logits), np.array(self.classes, object)
        accepted = found.confidence >= self.threshold
        label = np.where(accepted, names[found.predicted], self.unknown_label)
        values = (label, found.confidence, found.doubt, accepted)
        table = pd.DataFrame(dict(zip(COLUMNS, values, strict=True)), index=index).astype({"label": "str"})
        return table if top == 0 else table.assign(**self._top(logits, min(top, len(self.classes))))

    def _top(self, logits: NDArray[np.float64], count: int) -> dict[str, pd.api.extensions.ExtensionArray | ArrayLike]:
        probabilities, names = softmax(logits), np.array(self.classes, object)
        best = np.argsort(-logits, axis=1, kind="stable")[:, :count]
        columns: dict[str, pd.api.extensions.ExtensionArray | ArrayLike] = {}
        for place in range(count):
            columns[f"class_{place + 1}"] = pd.array(names[best[:, place]], dtype="str")
            columns[f"probability_{place + 1}"] = np.take_along_axis(probabilities, best[:, [place]], axis=1)[:, 0]
        return columns

    def _checked(self, vectors: ArrayLike) -> NDArray[np.float32]:
        rows = np.asarray(vectors, np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.dimension:
            raise EstitchupError(
                f"The vectors have the shape {rows.shape}: give a matrix with a row for each text and "
                f"{self.dimension} columns."
            )
        if not np.isfinite(rows).all():
            raise EstitchupError("The vectors hold NaN or infinite numbers: embed the texts again.")
        return rows
