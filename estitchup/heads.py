"""R classifier heads side by side: every layer is one batched matrix product over the runs.

A head is linear (D → K) or has one hidden layer (D → H → ReLU → K). It expects embeddings standardised by the mean
and deviation of its training rows (`trained.py`), which are part of the head that a user takes away. The backward pass
is written out: two layers need six lines, and no fresh memory (measurements in docs/decisions.md).
"""

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from estitchup.draws import Purpose, torch_generator
from estitchup.passes import add_relu_, relu_backward_
from estitchup.recipe import HeadSpec

ALIGNED = 16  # floats: every weight begins at a multiple of 64 bytes, a line of the cache
LANES = 8  # floats: the last layer is filled up to whole vectors of them, which its products need to be fast


class HeadStack:
    """R heads, all their numbers in one tensor `flat` (R, P) with its gradient: one row a run, one optimiser call.

    `weights` (R, in, out) and `biases` (R, out) are views of it, where the last layer has `outputs`, some more than
    there are classes: their weights are 0, and stay so as long as their gradient is. The weights of a run depend on its
    seed alone, so that runs with one seed start alike.
    """

    def __init__(
        self,
        spec: HeadSpec,
        dimension: int,
        classes: int,
        seeds: list[int],
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        widths = spec.widths(dimension, classes)
        self.classes, self.outputs = classes, _filled(classes, LANES)
        self._widths = [*widths[:-1], self.outputs]
        self._hold(torch.zeros(len(seeds), _size(self._widths), device=device, dtype=dtype))
        drawn = {seed: _initial_weights(widths, seed) for seed in seeds}
        for place, seed in enumerate(seeds):
            for weight, bias, (first_weight, first_bias) in zip(*self.layers(self.flat), drawn[seed], strict=True):
                weight[place], bias[place] = first_weight.to(device, dtype), first_bias.to(device, dtype)

    def _hold(self, flat: Tensor) -> None:
        """Take `flat` (R, P) as the numbers of all heads."""
        flat.grad = torch.zeros_like(flat)
        self.flat = flat
        self.weights, self.biases = self._laid_out(flat)
        self._weight_gradients, self._bias_gradients = self._laid_out(flat.grad)
        self._output_memory: dict[int, list[Tensor]] = {}
        self._gradient_memory: dict[int, list[Tensor]] = {}

    def keep(self, places: list[int]) -> None:
        """Go on with some of the runs; the others leave."""
        self._hold(self.flat[places])

    def layers(self, flat: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return views of numbers (R, P) laid out like `flat`: weights (R, in, out) and biases (R, out) by layer.

        The last layer has one output a class.
        """
        weights, biases = self._laid_out(flat)
        weights[-1], biases[-1] = weights[-1][..., : self.classes], biases[-1][..., : self.classes]
        return weights, biases

    def _laid_out(self, flat: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return the same views with all outputs; the last layer lies the other way round, which is faster."""
        weights: list[Tensor] = []
        biases: list[Tensor] = []
        start = 0
        for width_in, width_out in itertools.pairwise(self._widths):
            own = flat[:, start : start + width_in * width_out]
            last = len(weights) == len(self._widths) - 2
            weights.append(own.view(-1, width_out, width_in).mT if last else own.view(-1, width_in, width_out))
            start += _filled(width_in * width_out, ALIGNED)
            biases.append(flat[:, start : start + width_out])
            start += _filled(width_out, ALIGNED)
        return weights, biases

    def logits(self, x: Tensor) -> Tensor:
        """Return logits (R, B, K) of standardised embeddings (R, B, D), in memory as that of `outputs_of`."""
        return self.outputs_of(x)[..., : self.classes]

    def outputs_of(self, x: Tensor) -> Tensor:
        """Return logits (R, B, outputs) in memory that the next batch of as many rows will overwrite."""
        return self._forward(x)[-1]

    def gradients(self, x: Tensor, loss: Callable[[Tensor], None]) -> None:
        """Set every gradient for a batch (R, B, D).

        `loss` overwrites logits (R, B, outputs) with the gradient of the loss by them, 0 for outputs that are no class.
        """
        outputs = self._forward(x)
        gradient = outputs[-1]
        loss(gradient)
        last = len(self.weights) - 1
        for layer in reversed(range(len(self.weights))):
            below = outputs[layer]
            if layer == last:  # (out, in), as it lies in memory
                torch.bmm(gradient.mT, below, out=self._weight_gradients[layer].mT)
                torch.sum(gradient, 1, out=self._bias_gradients[layer])
            else:
                torch.bmm(below.mT, gradient, out=self._weight_gradients[layer])
            if layer:
                memory = self._of_rows(self._gradient_memory, self._widths[1:2], x)
                gradient = torch.bmm(gradient, self.weights[layer].mT, out=memory[0])
                relu_backward_(gradient, below, self._bias_gradients[layer - 1])

    def _forward(self, x: Tensor) -> list[Tensor]:
        """Return the input and every layer's output (R, B, out)."""
        outputs, memory = [x], self._of_rows(self._output_memory, self._widths[1:], x)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            # Not baddbmm, which first copies the bias to every row and then reads it again.
            sums = torch.bmm(outputs[-1], weight, out=memory[layer])
            last = layer == len(self.weights) - 1
            outputs.append(sums.add_(bias.unsqueeze(1)) if last else add_relu_(sums, bias))
        return outputs

    def _of_rows(self, kept: dict[int, list[Tensor]], widths: list[int], x: Tensor) -> list[Tensor]:
        """Return memory (R, B, width) of these widths for as many rows as x has.

        It is the same for each batch of one size, as long as the runs are: a recorded graph goes on writing to it.
        """
        runs, rows, _ = x.shape
        if rows not in kept:
            kept[rows] = [x.new_empty(runs, rows, width) for width in widths]
        return kept[rows]


def _filled(count: int, unit: int) -> int:
    return -(-count // unit) * unit


def _size(widths: list[int]) -> int:
    """Return P: the numbers of one head, each weight and bias filled up to whole lines of the cache."""
    return sum(_filled(a * b, ALIGNED) + _filled(b, ALIGNED) for a, b in itertools.pairwise(widths))


def _initial_weights(widths: list[int], seed: int) -> list[tuple[Tensor, Tensor]]:
    """Draw weights (in, out) and biases (out,) from U(±1/√in), as `nn.Linear` does, on the CPU and in float64."""
    generator = torch_generator(seed, Purpose.WEIGHTS)
    layers = []
    for width_in, width_out in itertools.pairwise(widths):
        bound = 1 / math.sqrt(width_in)
        weight = torch.empty(width_in, width_out, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
        bias = torch.empty(width_out, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
        layers.append((weight, bias))
    return layers
