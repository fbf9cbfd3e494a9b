"""R classifier heads side by side: every layer is one batched matrix product over the runs.

A head is linear (D → K) or has one hidden layer (D → H → ReLU → K). It expects embeddings standardised by the mean
and deviation of its training rows (`trained.py`), which are part of the head that a user takes away. The backward pass
is written out: two layers need six lines, and without autograd's bookkeeping and fresh memory a step on a CPU reaches
three quarters of the speed of its matrix products alone (docs/decisions.md).
"""

import copy
import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from estitchup.draws import Purpose, torch_generator
from estitchup.recipe import HeadSpec


class HeadStack:
    """R heads: weights (R, in, out) and biases (R, 1, out) for every layer, each with its gradient.

    The weights of a run depend on its seed alone, so that runs with one seed start alike.
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
        drawn = {seed: _initial_weights(widths, seed) for seed in seeds}

        def stacked(layer: int, part: int) -> Tensor:
            return _with_gradient(torch.stack([drawn[seed][layer][part] for seed in seeds]).to(device, dtype))

        layers = range(len(widths) - 1)
        self.weights = [stacked(layer, 0) for layer in layers]
        self.biases = [stacked(layer, 1) for layer in layers]
        self._outputs: list[Tensor] = []
        self._hidden_gradient = torch.empty(0)

    def only(self, places: list[int]) -> "HeadStack":
        """Return a stack of some of the runs, with copies of their weights."""
        stack = copy.copy(self)
        stack.weights, stack.biases = (
            [_with_gradient(t[places]) for t in part] for part in (self.weights, self.biases)
        )
        stack._outputs = []
        return stack

    @property
    def parameters(self) -> list[Tensor]:
        """Return the weights of all layers, then the biases."""
        return self.weights + self.biases

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
            below, weight, bias = outputs[layer], self.weights[layer], self.biases[layer]
            torch.bmm(below.transpose(1, 2), gradient, out=weight.grad)
            torch.sum(gradient, 1, keepdim=True, out=bias.grad)
            if layer:
                gradient = torch.bmm(gradient, weight.transpose(1, 2), out=self._hidden_gradient)
                # What autograd calls for ReLU; multiplying by (below > 0) would write a mask first.
                torch.ops.aten.threshold_backward.grad_input(gradient, below, 0, grad_input=gradient)
        return value

    def _forward(self, x: Tensor) -> list[Tensor]:
        """Return the input and every layer's output, in memory that is used again for each batch of the same size."""
        runs, rows, _ = x.shape
        if not self._outputs or self._outputs[0].shape[1] != rows:
            self._outputs = [x.new_empty(runs, rows, weight.shape[2]) for weight in self.weights]
            self._hidden_gradient = torch.empty_like(self._outputs[0])
        outputs = [x]
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            below = outputs[-1] if layer == 0 else outputs[-1].relu_()
            outputs.append(torch.baddbmm(bias, below, weight, out=self._outputs[layer]))
        return outputs


def _with_gradient(tensor: Tensor) -> Tensor:
    tensor.grad = torch.zeros_like(tensor)
    return tensor


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
