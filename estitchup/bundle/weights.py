"""The weights as a safetensors file, and back, checked against what the manifest says of them."""

import itertools

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from estitchup.errors import EstitchupError
from estitchup.trained import StackedHeads


def weights_of(head: StackedHeads) -> bytes:
    """Return the content of heads.safetensors for a stack of one head; the same head gives the same bytes."""
    return bytes(save(head.named_arrays))


def read_weights(content: bytes, widths: list[int], where: str) -> StackedHeads:
    """Return the head of these layer widths (D, …, K); raises EstitchupError where the file holds another or none."""
    try:
        arrays = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise EstitchupError(f"The weights in {where} cannot be read ({error}): save or download it again.") from None
    if {name: array.shape for name, array in arrays.items()} != _shapes(widths) or not _sound(arrays):
        raise EstitchupError(
            f"The weights in {where} are not those of a head {' → '.join(map(str, widths))}: save or download it again."
        )
    return StackedHeads.from_named(arrays)


def _shapes(widths: list[int]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"mean": (1, widths[0]), "deviation": (1, widths[0])}
    for layer, (above, below) in enumerate(itertools.pairwise(widths)):
        shapes |= {f"layer{layer}.weight": (1, above, below), f"layer{layer}.bias": (1, below)}
    return shapes


def _sound(arrays: dict[str, NDArray[np.float32]]) -> bool:
    numbers = all(array.dtype == np.float32 and np.isfinite(array).all() for array in arrays.values())
    return numbers and bool((arrays["deviation"] > 0).all())
