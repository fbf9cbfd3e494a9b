"""A plain stack written with autograd, for what the library leaves out on purpose: rivals and ablations.

S seeds train side by side by batched products, on the same schedule, batch size, standardisation and choice of the
best epoch as the library's stack, with `torch.optim.AdamW` and `OneCycleLR`. That *No augmentation* comes out as in
the library is tested: it is also an independent check on the library's written-out gradients.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, dropout, one_hot

from estitchup.recipe import TrainingSpec
from estitchup.streams import TrainingData
from estitchup.trained import Standardisation

HIDDEN = 512

Augment = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Takes embeddings (S, B, D) and targets (S, B, K), and returns what the step trains on."""


@dataclass(frozen=True)
class Variant:
    """One rival: what it does to a batch, and where it departs from the default training."""

    name: str
    augment: Augment
    dropout: float = 0.0
    weight_decay: float = 0.01
    standardise: bool = True


class PlainStack(torch.nn.Module):
    """S MLPs of one hidden layer: inputs (S, B, D) to logits (S, B, K)."""

    def __init__(self, seeds: int, dimension: int, classes: int, drop: float):
        super().__init__()
        self.drop = drop
        self.first, self.first_bias = _layer(seeds, dimension, HIDDEN)
        self.second, self.second_bias = _layer(seeds, HIDDEN, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (S, B, K) of inputs (S, B, D)."""
        hidden = torch.relu(torch.baddbmm(self.first_bias, x, self.first))
        return torch.baddbmm(self.second_bias, dropout(hidden, self.drop, self.training), self.second)


def _layer(seeds: int, inputs: int, outputs: int) -> tuple[torch.nn.Parameter, torch.nn.Parameter]:
    bound = inputs**-0.5
    weight = torch.empty(seeds, inputs, outputs).uniform_(-bound, bound)
    return torch.nn.Parameter(weight), torch.nn.Parameter(torch.empty(seeds, 1, outputs).uniform_(-bound, bound))


def train_plain(
    data: TrainingData, variant: Variant, seeds: int, spec: TrainingSpec
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Train S seeds of a variant and return the function from embeddings (N, D) to logits (S, N, K)."""
    torch.manual_seed(0)
    scale = Standardisation.of(data.embeddings) if variant.standardise else _identity(data.embeddings.shape[1])
    x, y = torch.from_numpy(scale.apply(data.embeddings)), torch.from_numpy(data.targets)
    held = torch.from_numpy(scale.apply(data.validation_embeddings))
    model = PlainStack(seeds, x.shape[1], data.classes, variant.dropout)
    size = spec.batch_size_for(len(y))
    steps = -(-len(y) // size)
    optimizer = torch.optim.AdamW(model.parameters(), spec.learning_rate, weight_decay=variant.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, spec.learning_rate, total_steps=steps * spec.epochs, cycle_momentum=False
    )
    best = _Best(model, seeds)
    for _ in range(spec.epochs):
        model.train()
        order = torch.stack([torch.randperm(len(y)) for _ in range(seeds)])
        for batch in order.chunk(steps, dim=1):
            inputs, targets = variant.augment(x[batch], one_hot(y[batch], data.classes).float())
            logits = model(inputs)
            loss = cross_entropy(logits.flatten(0, 1), targets.flatten(0, 1), reduction="sum") / batch.shape[1]
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        best.see(model, held, torch.from_numpy(data.validation_targets))
    best.restore(model)
    return lambda embeddings: _logits(model, torch.from_numpy(scale.apply(embeddings)))


def _identity(dimension: int) -> Standardisation:
    return Standardisation(np.zeros(dimension, np.float32), np.ones(dimension, np.float32))


def _logits(model: PlainStack, x: Tensor) -> NDArray[np.float32]:
    model.eval()
    with torch.no_grad():
        logits: NDArray[np.float32] = model(x.expand(model.first.shape[0], *x.shape)).numpy()
    return logits


class _Best:
    """Each seed's weights as of its best epoch: highest validation accuracy, then lowest loss."""

    def __init__(self, model: PlainStack, seeds: int):
        self.order = [(-1.0, 0.0)] * seeds
        self.weights = [parameter.detach().clone() for parameter in model.parameters()]

    def see(self, model: PlainStack, held: Tensor, targets: Tensor) -> None:
        for seed, logits in enumerate(torch.from_numpy(_logits(model, held))):
            accuracy = (logits.argmax(1) == targets).double().mean().item()
            rank = (accuracy, -cross_entropy(logits, targets).item())
            if rank > self.order[seed]:
                self.order[seed] = rank
                for kept, parameter in zip(self.weights, model.parameters(), strict=True):
                    kept[seed] = parameter[seed].detach()

    def restore(self, model: PlainStack) -> None:
        with torch.no_grad():
            for kept, parameter in zip(self.weights, model.parameters(), strict=True):
                parameter.copy_(kept)
