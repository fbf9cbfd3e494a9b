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
from estitchup.recipe import HeadSpec

ALIGNED = 16  # floats: every weight begins at a multiple of 64 bytes, a line of the cache


class HeadStack:
    """R heads, all their numbers in one tensor `flat` (R, P) with its gradient: one row a run, one optimiser call.

    `weights` (R, in, out) and `biases` (R, 1, out) are views of it. The weights of a run depend on its seed alone, so
    that runs with one seed start alike.
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
        self.widths = spec.widths(dimension, classes)
        self._hold(torch.zeros(len(seeds), _size(self.widths), device=device, dtype=dtype))
        drawn = {seed: _initial_weights(self.widths, seed) for seed in seeds}
        for place, seed in enumerate(seeds):
            for weight, bias, (first_weight, first_bias) in zip(self.weights, self.biases, drawn[seed], strict=True):
                weight[place], bias[place] = first_weight.to(device, dtype), first_bias.to(device, dtype)

    def _hold(self, flat: Tensor) -> None:
        """Take `flat` (R, P) as the numbers of all heads."""
        flat.grad = torch.zeros_like(flat)
        self.flat = flat
        self.weights, self.biases = self.layers(flat)
        self._weight_gradients, self._bias_gradients = self.layers(flat.grad)
        self._outputs: list[Tensor] = []
        self._hidden_gradient = flat.new_empty(0)

    def keep(self, places: list[int]) -> None:
        """Go on with some of the runs; the others leave."""
        self._hold(self.flat[places])

    def layers(self, flat: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return views of numbers (R, P) laid out like `flat`: weights (R, in, out) and biases (R, 1, out) by layer.

        The last layer lies in memory the other way round, which makes its products faster where K is odd.
        """
        weights: list[Tensor] = []
        biases: list[Tensor] = []
        start = 0
        for width_in, width_out in itertools.pairwise(self.widths):
            own = flat[:, start : start + width_in * width_out]
            last = len(weights) == len(self.widths) - 2
            weights.append(own.view(-1, width_out, width_in).mT if last else own.view(-1, width_in, width_out))
            start += _aligned(width_in * width_out)
            biases.append(flat[:, start : start + width_out].unsqueeze(1))
            start += _aligned(width_out)
        return weights, biases

    def logits(self, x: Tensor) -> Tensor:
        """Return logits (R, B, K) of standardised embeddings (R, B, D)."""
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x if layer == 0 else x.relu_(), weight)
        return x

    def gradients(self, x: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
        """Set every gradient for a batch (R, B, D) and return what `loss` returns.

        `loss` overwrites logits (R, B, K) with the gradient of the loss by them.
        """
        outputs = self._forward(x)
        value, gradient = loss(outputs[-1]), outputs[-1]
        for layer in reversed(range(len(self.weights))):
            below = outputs[layer]
            torch.bmm(below.mT, gradient, out=self._weight_gradients[layer])
            torch.sum(gradient, 1, keepdim=True, out=self._bias_gradients[layer])
            if layer:
                gradient = torch.bmm(gradient, self.weights[layer].mT, out=self._hidden_gradient)
                # What autograd calls for ReLU; multiplying by (below > 0) would write a mask first.
                torch.ops.aten.threshold_backward.grad_input(gradient, below, 0, grad_input=gradient)
        return value

    def _forward(self, x: Tensor) -> list[Tensor]:
        """Return the input and every layer's output, in memory that is used again for each batch of the same size."""
        runs, rows, _ = x.shape
        if not self._outputs or self._outputs[0].shape[1] != rows:
            self._outputs = [x.new_empty(runs, rows, width) for width in self.widths[1:]]
            self._hidden_gradient = torch.empty_like(self._outputs[0])
        outputs = [x]
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            below = outputs[-1] if layer == 0 else outputs[-1].relu_()
            outputs.append(torch.baddbmm(bias, below, weight, out=self._outputs[layer]))
        return outputs


def _aligned(count: int) -> int:
    return -(-count // ALIGNED) * ALIGNED


def _size(widths: list[int]) -> int:
    """Return P: the numbers of one head, each weight and bias filled up to whole lines of the cache."""
    return sum(_aligned(a * b) + _aligned(b) for a, b in itertools.pairwise(widths))


def _initial_weights(widths: list[int], seed: int) -> list[tuple[Tensor, Tensor]]:
    """Draw weights (in, out) and biases (1, out) from U(±1/√in), as `nn.Linear` does, on the CPU and in float64."""
    generator = torch_generator(seed, Purpose.WEIGHTS)
    layers = []
    for width_in, width_out in itertools.pairwise(widths):
        bound = 1 / math.sqrt(width_in)
        weight = torch.empty(width_in, width_out, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
        bias = torch.empty(1, width_out, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
        layers.append((weight, bias))
    return layers
