"""Where the time of a training step goes on one core: its products, and the passes between them.

    python benchmarks/step.py [--runs 6] [--rounds 15]

MLP-512 on 384 coordinates, batches of 255. Products are printed as shares of a large product's FLOP/s, for as many
outputs as there are classes and for the filled up ones; passes as milliseconds of the compiled loop and how many times
as long PyTorch's operations take. Everything takes its turn in each round; medians.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from unittest.mock import patch

import torch

from estitchup import passes
from estitchup.heads import LANES
from estitchup.recipe import Mix
from estitchup.step import AdamW

ROWS, DIMENSION, HIDDEN, TEXTS = 255, 384, 512, 15_000

Part = Callable[[], object]


def seconds(part: Part) -> float:
    """Return how long the second of two calls takes."""
    part()
    started = time.perf_counter()
    part()
    return time.perf_counter() - started


def medians(parts: dict[str, Part], rounds: int) -> dict[str, float]:
    """Return the median seconds of every part, each taking its turn in each round."""
    took = [{name: seconds(part) for name, part in parts.items()} for _ in range(rounds)]
    return {name: median(one[name] for one in took) for name in parts}


def products(runs: int, outputs: int) -> dict[str, tuple[Part, int]]:
    """Return the five products of a step with the FLOPs of each."""
    x, hidden, logits = (torch.randn(runs, ROWS, width) for width in (DIMENSION, HIDDEN, outputs))
    first, last = torch.randn(runs, DIMENSION, HIDDEN), torch.randn(runs, outputs, HIDDEN)
    given = torch.empty_like(hidden)
    small, large = 2 * runs * ROWS * HIDDEN * outputs, 2 * runs * ROWS * DIMENSION * HIDDEN
    return {
        "first layer": (partial(torch.bmm, x, first, out=given), large),
        "last layer": (partial(torch.bmm, hidden, last.mT, out=torch.empty_like(logits)), small),
        "gradient of the last layer": (partial(torch.bmm, logits.mT, hidden, out=torch.empty_like(last)), small),
        "gradient of the hidden layer": (partial(torch.bmm, logits, last, out=given), small),
        "gradient of the first layer": (partial(torch.bmm, x.mT, hidden, out=torch.empty_like(first)), large),
    }


def large_product() -> tuple[Part, int]:
    """Return one large product with its FLOPs."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return partial(torch.mm, a, b, out=torch.empty_like(a)), 2 * 1024**3


def passes_of(runs: int, outputs: int) -> dict[str, Part]:
    """Return what happens between the products, and the optimiser's step."""
    generator = torch.Generator().manual_seed(0)
    embeddings, out = torch.randn(TEXTS, DIMENSION), torch.empty(runs, ROWS, DIMENSION)
    first = torch.randint(TEXTS, (runs, ROWS), generator=generator)
    second = torch.stack([row[torch.randperm(ROWS, generator=generator)] for row in first])
    share, streams = torch.rand(runs, ROWS), torch.arange(runs)
    hidden, gradient, bias = torch.randn(runs, ROWS, HIDDEN), torch.randn(runs, ROWS, HIDDEN), torch.randn(runs, HIDDEN)
    logits, targets = torch.randn(runs, ROWS, outputs), torch.randint(outputs, (2, runs, ROWS))
    parts, allowed, loss = torch.rand(3, runs, ROWS) / ROWS, torch.ones(runs, outputs), torch.zeros(runs)
    numbers = torch.randn(runs, DIMENSION * HIDDEN + HIDDEN * outputs)
    numbers.grad = torch.randn_like(numbers)
    return {
        "mixed batch": partial(passes.mixed_rows, embeddings, first, second, Mix.STITCHUP, share, streams, out),
        "bias and ReLU": partial(passes.add_relu_, hidden, bias),
        "loss and its gradient": partial(passes.loss_gradient_, logits, targets, parts, allowed, loss),
        "ReLU backwards": partial(passes.relu_backward_, gradient, hidden, bias),
        "AdamW": AdamW(numbers, 0.01).step,
    }


def print_products(runs: int, classes: int, rounds: int) -> None:
    """Print each product's share of a large one's speed, with the last layer as it is and filled up."""
    widths = (classes, -(-classes // LANES) * LANES)
    sides = [products(runs, width) for width in widths]
    named = {f"{name} {width}": part for width, side in zip(widths, sides, strict=True) for name, part in side.items()}
    named["large"] = large_product()
    took = medians({name: part for name, (part, _) in named.items()}, rounds)
    speed = {name: flops / took[name] for name, (_, flops) in named.items()}
    print(f"share of a large product's {speed['large'] / 1e9:.0f} GFLOP/s | {widths[0]} outputs | {widths[1]} outputs")
    for name in sides[0]:
        print(f"  {name:30s} " + " ".join(f"{speed[f'{name} {width}'] / speed['large']:.2f}" for width in widths))


def print_passes(runs: int, classes: int, rounds: int) -> None:
    """Print what each pass takes, and PyTorch's operations in its place."""
    parts = passes_of(runs, -(-classes // LANES) * LANES)
    loops = medians(parts, rounds)
    with patch.object(passes, "in_loops", return_value=False):
        others = medians(parts, rounds)
    print(f"passes of {runs} runs, {classes} classes | ms | operations")
    for name in parts:
        print(f"  {name:30s} {loops[name] * 1e3:.2f}  {others[name] / loops[name]:.1f} ×")


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for classes in (150, 77):
        print_products(options.runs, classes, options.rounds)
        print_passes(options.runs, classes, options.rounds)


if __name__ == "__main__":
    main()
