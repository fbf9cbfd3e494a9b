"""Scores of how far out of distribution a text is, read off its logits, and two scores added into one.

Higher is more OOD; logits (N, K) in, scores (N,) in float64 out. A class masked by −∞ counts as absent. Scores that
are near 0 for sure answers are computed without cancellation, so that they tell texts apart whose confidence is 1.0.
Sources: Hendrycks & Gimpel, arXiv:1610.02136 (MSP); Hendrycks et al., arXiv:1911.11132 (max-logit); Liu et al.,
arXiv:2010.03759 (energy); Scheffer et al., IDA 2001 (margin).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from estitchup.calibration import answers, softmax
from estitchup.errors import EstitchupError

Floats = NDArray[np.float64]


def doubt(logits: ArrayLike) -> Floats:
    """Return 1 − the largest probability (MSP turned round), in [0, 1)."""
    return answers(logits).doubt


def max_logit(logits: ArrayLike) -> Floats:
    """Return −(the largest logit)."""
    score: Floats = -np.asarray(logits, np.float64).max(axis=-1)
    return score


def energy(logits: ArrayLike, temperature: float = 1.0) -> Floats:
    """Return −T · log Σ exp(logit / T), T > 0; towards T = 0 it is `max_logit`."""
    if not temperature > 0:
        raise EstitchupError(f"The temperature of the energy is {temperature}: give a number above 0.")
    cooled = np.asarray(logits, np.float64) / temperature
    given = answers(cooled)
    score: Floats = -temperature * (cooled.max(axis=-1) + np.log1p(given.doubt / given.confidence))
    return score


def margin(logits: ArrayLike) -> Floats:
    """Return 1 − (largest − second largest probability), in [0, 1]; 0 when there is one class."""
    values = np.asarray(logits, np.float64)
    if values.shape[-1] < 2:
        return np.zeros(values.shape[:-1])
    second: Floats = np.partition(softmax(values), -2, axis=-1)[..., -2]
    return doubt(values) + second


def entropy(logits: ArrayLike) -> Floats:
    """Return −Σ p log p in nats, in [0, log K]."""
    score: Floats = entr(softmax(logits)).sum(axis=-1)
    return score


LOGIT_SCORES: dict[str, Callable[[ArrayLike], Floats]] = {
    "Confidence": doubt,
    "Largest logit": max_logit,
    "Energy": energy,
    "Margin": margin,
    "Entropy": entropy,
}


@dataclass(frozen=True)
class Combination:
    """The sum of scores that differ in scale, each standardised by known validation texts: mean and deviation (S,).

    Not by ranks, in which every text beyond the last known one would be tied.
    """

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, *known_scores: ArrayLike) -> "Combination":
        """Measure S scores (N,) of known validation texts; a constant score keeps its own scale."""
        values = np.asarray(known_scores, np.float64)
        if not values.size:
            raise EstitchupError("There are no known validation texts to put the scores on one scale: add some.")
        deviation = values.std(axis=1)
        constant = deviation <= 1e-12 * np.abs(values).max(axis=1)
        return cls(values.mean(axis=1), np.where(constant, 1.0, deviation))

    def apply(self, *scores: ArrayLike) -> Floats:
        """Return the sum (M,) of the standardised scores (M,), given in the same order."""
        values = np.asarray(scores, np.float64)
        total: Floats = ((values - self.mean[:, None]) / self.deviation[:, None]).sum(axis=0)
        return total
