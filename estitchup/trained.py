"""Trained heads as plain arrays: what is saved, and what predicts, without PyTorch."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Standardisation:
    """Mean and deviation (D,) of the training rows; a constant coordinate has deviation 1."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, embeddings: NDArray[np.float32]) -> "Standardisation":
        """Measure embeddings (N, D), in float64."""
        mean = embeddings.mean(axis=0, dtype=np.float64)
        deviation = embeddings.std(axis=0, dtype=np.float64)
        deviation[deviation < 1e-8] = 1.0
        return cls(mean.astype(np.float32), deviation.astype(np.float32))

    def apply(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return standardised embeddings (N, D)."""
        return (embeddings - self.mean) / self.deviation


@dataclass(frozen=True)
class StackedHeads:
    """R trained heads as plain arrays: what is saved, and what predicts.

    Each layer has weights (R, in, out) and biases (R, out); mean and deviation are (R, D); all float32.
    """

    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def joined(cls, parts: list["StackedHeads"], order: NDArray[np.int64]) -> "StackedHeads":
        """Join stacks along the runs, then put the runs in `order`."""

        def join(arrays: list[NDArray[np.float32]]) -> NDArray[np.float32]:
            return np.concatenate(arrays)[order]

        layers = range(len(parts[0].weights))
        return cls(
            weights=tuple(join([part.weights[layer] for part in parts]) for layer in layers),
            biases=tuple(join([part.biases[layer] for part in parts]) for layer in layers),
            mean=join([part.mean for part in parts]),
            deviation=join([part.deviation for part in parts]),
        )

    def only(self, run: int) -> "StackedHeads":
        """Return a stack of this run alone."""
        place = slice(run, run + 1)
        return StackedHeads(
            weights=tuple(weight[place] for weight in self.weights),
            biases=tuple(bias[place] for bias in self.biases),
            mean=self.mean[place],
            deviation=self.deviation[place],
        )

    @property
    def named_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return every array under the name it has in a safetensors file: layer0.weight, layer0.bias, …, mean."""
        layers = enumerate(zip(self.weights, self.biases, strict=True))
        arrays = {
            f"layer{i}.{kind}": array
            for i, pair in layers
            for kind, array in zip(("weight", "bias"), pair, strict=True)
        }
        arrays |= {"mean": self.mean, "deviation": self.deviation}
        return {name: np.ascontiguousarray(array) for name, array in arrays.items()}

    @classmethod
    def from_named(cls, arrays: Mapping[str, NDArray[np.float32]]) -> "StackedHeads":
        """Put `named_arrays` together again; raises KeyError when one is missing."""
        layers = range(sum(name.endswith(".weight") for name in arrays))
        return cls(
            weights=tuple(arrays[f"layer{i}.weight"] for i in layers),
            biases=tuple(arrays[f"layer{i}.bias"] for i in layers),
            mean=arrays["mean"],
            deviation=arrays["deviation"],
        )

    def logits(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits (R, N, K) of raw embeddings (N, D)."""
        runs, classes = self.mean.shape[0], self.biases[-1].shape[-1]
        logits = np.empty((runs, len(embeddings), classes), np.float32)
        for run in range(runs):
            x = (embeddings - self.mean[run]) / self.deviation[run]
            for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
                x = x @ weight[run] + bias[run]
                if layer < len(self.weights) - 1:
                    x = np.maximum(x, 0)
            logits[run] = x
        return logits
