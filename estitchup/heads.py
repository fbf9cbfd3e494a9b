"""R classifier heads stacked into one module: every layer is one batched matrix product over the runs.

A head is linear (D → K) or has one hidden layer (D → H → ReLU → K). It expects embeddings standardised by the mean
and deviation of its training rows (`trained.py`), which are part of the head that a user takes away.
"""

import itertools
import math

import torch
from torch import Tensor, nn

from estitchup.draws import Purpose, torch_generator
from estitchup.recipe import HeadSpec


class HeadStack(nn.Module):
    """R heads side by side: weights (R, in, out) and biases (R, 1, out) for every layer.

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
        super().__init__()
        self.spec = spec
        widths = spec.widths(dimension, classes)
        drawn = {seed: _initial_weights(widths, seed) for seed in seeds}
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for layer in range(len(widths) - 1):
            weight = torch.stack([drawn[seed][layer][0] for seed in seeds])
            bias = torch.stack([drawn[seed][layer][1] for seed in seeds]).unsqueeze(1)
            self.weights.append(nn.Parameter(weight.to(device, dtype)))
            self.biases.append(nn.Parameter(bias.to(device, dtype)))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (R, B, K) of standardised embeddings (R, B, D)."""
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            if layer < last:
                x = torch.relu(x)
        return x


def _initial_weights(widths: list[int], seed: int) -> list[tuple[Tensor, Tensor]]:
    """Draw weights and biases from U(±1/√in), as `nn.Linear` does, on the CPU and in float64."""
    generator = torch_generator(seed, Purpose.WEIGHTS)
    layers = []
    for width_in, width_out in itertools.pairwise(widths):
        bound = 1 / math.sqrt(width_in)
        weight = torch.empty(width_in, width_out, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
        bias = torch.empty(width_out, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
        layers.append((weight, bias))
    return layers
