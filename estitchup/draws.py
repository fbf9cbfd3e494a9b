"""Every random number of a training run, as a function of its seed, the epoch and what the number is for.

Nothing here keeps a state. So runs with one seed share weights, batch order, partners and λ and can be compared
pairwise; a run's numbers do not depend on which other runs train beside it; and training can resume at any epoch.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from estitchup.recipe import Augmentation, Mix

# SplitMix64: the step between places, and what it multiplies by.
SPLIT_STEP, SPLIT_FIRST, SPLIT_SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


class Purpose(IntEnum):
    """What a stream of random numbers is for; streams of two purposes are independent."""

    WEIGHTS = 0
    ORDER = 1
    PARTNER = 2
    SHARE = 3
    UNMIXED = 4
    EPSILON = 5
    STITCH = 6


def _sequence(seed: int, purpose: Purpose, *further: int) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, int(purpose), *further])


def numpy_generator(seed: int, purpose: Purpose, *further: int) -> np.random.Generator:
    """Return NumPy's generator of this purpose; `further` numbers (an epoch, say) tell streams apart."""
    return np.random.Generator(np.random.Philox(_sequence(seed, purpose, *further)))


def torch_generator(seed: int, purpose: Purpose, *further: int) -> torch.Generator:
    """Return a PyTorch generator on the CPU, seeded the same way."""
    state = int(_sequence(seed, purpose, *further).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(state & (2**63 - 1))


def byte_streams(steps: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return for each step (steps,) of an epoch the stream that E-Stitchup's bytes come from."""
    return _sequence(seed, Purpose.STITCH, epoch).generate_state(steps, np.uint64).view(np.int64)


def random_bytes(streams: Tensor, rows: int, columns: int) -> Tensor:
    """Return uniform bytes (V, rows, columns) of streams (V,): row i of a stream is the same however many there are.

    Eight bytes are one number of SplitMix64, a function of the stream and the number's place; integers wrap around.
    Source: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. Drawn like this where
    the tensors are; on a CPU `passes.py` computes the same numbers as it goes.
    """
    words = -(-columns // 8)
    place = torch.arange(1, rows * words + 1, device=streams.device).view(rows, words)
    mixed = streams[:, None, None] + place * _signed(SPLIT_STEP)
    mixed = _folded(mixed, 30) * _signed(SPLIT_FIRST)
    mixed = _folded(mixed, 27) * _signed(SPLIT_SECOND)
    return _folded(mixed, 31).view(torch.uint8)[..., :columns]


def _folded(words: Tensor, shift: int) -> Tensor:
    return torch.bitwise_xor(words, (words >> shift) & (2 ** (64 - shift) - 1))  # shifted without the sign


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word


@dataclass(frozen=True)
class Batches:
    """One epoch of one seed: positions (steps, width) into the training rows, and of each row's partner.

    `weight` (steps, width) is 1 / batch size, and 0 where a short batch is padded, so that a sum is the batch's mean.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    weight: NDArray[np.float64]


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Return the number of batches of at most `batch_size` that hold every row once."""
    return math.ceil(rows / batch_size)


def batch_width(rows: int, batch_size: int) -> int:
    """Return the size of the largest batch when the rows are spread evenly over the steps."""
    return math.ceil(rows / steps_per_epoch(rows, batch_size))


def draw_batches(rows: int, batch_size: int, seed: int, epoch: int) -> Batches:
    """Shuffle `rows` training rows into batches of sizes that differ by at most one, and pair them within each."""
    steps = steps_per_epoch(rows, batch_size)
    order = numpy_generator(seed, Purpose.ORDER, epoch).permutation(rows)
    pairing = numpy_generator(seed, Purpose.PARTNER, epoch)
    width = batch_width(rows, batch_size)
    first = np.zeros((steps, width), np.int64)
    second = np.zeros((steps, width), np.int64)
    weight = np.zeros((steps, width))
    for step, batch in enumerate(np.array_split(order, steps)):
        first[step, : len(batch)] = batch
        second[step, : len(batch)] = pairing.permutation(batch)
        weight[step, : len(batch)] = 1 / len(batch)
    return Batches(first, second, weight)


def draw_share(augmentation: Augmentation, shape: tuple[int, int], seed: int, epoch: int) -> NDArray[np.float64]:
    """Draw λ (steps, width) for each pair: Beta(α, α), and 1 where the pair is not mixed."""
    if augmentation.mix is Mix.NONE:
        return np.ones(shape)
    alpha = augmentation.alpha
    share = numpy_generator(seed, Purpose.SHARE, epoch).beta(alpha, alpha, size=shape)
    if augmentation.share == 1.0:
        return share
    mixed = numpy_generator(seed, Purpose.UNMIXED, epoch).random(shape) < augmentation.share
    return np.where(mixed, share, 1.0)


def draw_epsilon(augmentation: Augmentation, shape: tuple[int, int], seed: int, epoch: int) -> NDArray[np.float64]:
    """Draw ε (steps, width) for each sample: fixed, or from U(0, ε)."""
    if not augmentation.epsilon_random:
        return np.full(shape, augmentation.epsilon)
    return augmentation.epsilon * numpy_generator(seed, Purpose.EPSILON, epoch).random(shape)
