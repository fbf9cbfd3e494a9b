"""What a run costs in the stack, against the loop that everybody writes and against scikit-learn.

    python benchmarks/training.py [--repeats 7] [--quick]

One process, contestants in turn, medians of ratios; embeddings of CLINC150 and BANKING77 from ESTITCHUP_DATA_DIR, else
vectors of the same shapes made up. Peers: (a) PyTorch with a DataLoader, one run after another, E-Stitchup as in the
common mixup snippets (one-hot targets, soft cross-entropy by autograd, Adam); (b) scikit-learn's MLPClassifier, which
does not augment. All use the same batch size.
"""

import argparse
import itertools
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier
from torch.utils.data import DataLoader, TensorDataset

from estitchup.corpus import CorpusSpec, load_corpus
from estitchup.device import device_name, find_device
from estitchup.experiment import embed_corpus, training_data
from estitchup.recipe import Augmentation, HeadSpec, Mix, Run, TrainingSpec, full_grid
from estitchup.streams import TrainingData
from estitchup.trained import Standardisation
from estitchup.training import train
from estitchup.workspace import Workspace

STITCH = Augmentation(mix=Mix.STITCHUP)
LARGEST = "large square products on all cores, just before and just after"
PRODUCTS = {"cpu": 8, "cuda": 256}  # about a second, long enough for what else a machine does to even out


@dataclass(frozen=True)
class Set:
    """A named set of training data."""

    name: str
    data: TrainingData


def sets() -> list[Set]:
    """Return the two public sets, or made-up ones of the same shapes."""
    folder = os.environ.get("ESTITCHUP_DATA_DIR")
    if not folder:
        return [made_up("CLINC150's shape", 15000, 3000, 150), made_up("BANKING77's shape", 8500, 1500, 77)]
    clinc = CorpusSpec(
        file=str(Path(folder) / "clinc150.csv"),
        text_column="text",
        label_column="intent",
        split_column="split",
        unknown_labels=("oos",),
    )
    banking = CorpusSpec(file=str(Path(folder) / "banking77_train.csv"), text_column="text", label_column="category")
    found = []
    with Workspace().vectors() as store:
        for name, spec in (("CLINC150", clinc), ("BANKING77", banking)):
            corpus = load_corpus(spec)
            found.append(Set(name, training_data(corpus, embed_corpus(corpus, "all-MiniLM-L6-v2", store=store)[0])))
    return found


def made_up(name: str, rows: int, validation: int, classes: int) -> Set:
    """Return clouds of vectors: what a step costs does not depend on what the vectors mean."""
    generator = np.random.default_rng(0)
    targets = generator.integers(classes, size=rows + validation)
    centres = generator.normal(size=(classes, 384))
    vectors = (centres[targets] + generator.normal(size=(rows + validation, 384))).astype(np.float32)
    return Set(name, TrainingData(vectors[:rows], targets[:rows], vectors[rows:], targets[rows:], classes))


def stack_seconds(data: TrainingData, runs: list[Run], head: HeadSpec, epochs: int = TrainingSpec().epochs) -> float:
    """Return seconds per run-epoch of a training, from the vectors to the heads, validation of every epoch included."""
    started = time.perf_counter()
    train(data, runs, head, TrainingSpec(epochs=epochs))
    return (time.perf_counter() - started) / len(runs) / epochs


def idiomatic_seconds(data: TrainingData, head: HeadSpec, device: str) -> float:
    """Return seconds of one epoch of one run in the loop that everybody writes."""
    scale = Standardisation.of(data.embeddings)
    rows = TensorDataset(torch.from_numpy(scale.apply(data.embeddings)), torch.from_numpy(data.targets))
    loader = DataLoader(rows, batch_size=TrainingSpec().batch_size_for(len(rows)), shuffle=True)
    widths = head.widths(data.embeddings.shape[1], data.classes)
    layers: list[torch.nn.Module] = []
    for width_in, width_out in itertools.pairwise(widths):
        layers += [torch.nn.Linear(width_in, width_out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    beta = torch.distributions.Beta(0.1, 0.1)
    started = time.perf_counter()
    for x, y in loader:
        x, y = x.to(device), torch.nn.functional.one_hot(y.to(device), data.classes).float()
        partner, share = torch.randperm(len(x)), beta.sample((len(x), 1)).to(device)
        keep = torch.rand_like(x) < share
        logits = model(torch.where(keep, x, x[partner]))
        loss = torch.nn.functional.cross_entropy(logits, share * y + (1 - share) * y[partner])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        validation = torch.from_numpy(scale.apply(data.validation_embeddings)).to(device)
        (model(validation).argmax(-1).cpu().numpy() == data.validation_targets).mean()
    return time.perf_counter() - started


def scikit_seconds(data: TrainingData, head: HeadSpec) -> float:
    """Return seconds of one epoch of scikit-learn's MLPClassifier, without augmentation."""
    model = MLPClassifier((head.hidden,), batch_size=TrainingSpec().batch_size_for(len(data.targets)), max_iter=1)
    scale = Standardisation.of(data.embeddings)  # the encoder has coordinates that never change
    x, held = scale.apply(data.embeddings), scale.apply(data.validation_embeddings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.perf_counter()
        model.fit(x, data.targets)
        model.predict(held)
        return time.perf_counter() - started


def shape_flops(data: TrainingData, head: HeadSpec, device: str) -> float:
    """Return FLOP/s of the products of one step's forward pass alone, one run after another, all cores on each."""
    batch = TrainingSpec().batch_size_for(len(data.targets))
    shapes = list(itertools.pairwise(head.widths(data.embeddings.shape[1], data.classes)))
    layers = [
        (torch.randn(batch, a, device=device), torch.randn(a, b, device=device), torch.empty(batch, b, device=device))
        for a, b in shapes
    ]

    def multiply(rounds: int) -> None:
        for _ in range(rounds):
            for x, weight, out in layers:
                torch.mm(x, weight, out=out)
        layers[-1][-1][0, 0].item()  # a GPU is through with them

    rounds = 20
    multiply(1)
    started = time.perf_counter()
    multiply(rounds)
    return rounds * sum(2 * batch * a * b for a, b in shapes) / (time.perf_counter() - started)


def peak_flops(device: str) -> float:
    """Return FLOP/s of large float32 matrix products."""
    size = 2048 if device == "cpu" else 8192
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    product = torch.mm(a, b)
    product[0, 0].item()  # a GPU is through with it before the clock starts
    started = time.perf_counter()
    for _ in range(PRODUCTS[device]):
        torch.mm(a, b, out=product)
    product[0, 0].item()
    return float(PRODUCTS[device] * 2 * size**3 / (time.perf_counter() - started))


def flops_of_epoch(data: TrainingData, head: HeadSpec) -> float:
    """Return the FLOPs of the products of a run-epoch: forward, both gradients but the input's, and validation."""
    sizes = [a * b for a, b in itertools.pairwise(head.widths(data.embeddings.shape[1], data.classes))]
    training = len(data.targets) * 2 * (3 * sum(sizes) - sizes[0])
    return float(training + len(data.validation_targets) * 2 * sum(sizes))


def medians(contestants: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Measure every contestant in turn, `repeats` times after one round to warm up."""
    for contestant in contestants.values():
        contestant()
    rounds = [{name: contestant() for name, contestant in contestants.items()} for _ in range(repeats)]
    return {name: [measured[name] for measured in rounds] for name in contestants}


def ratio(peer: list[float], ours: list[float]) -> float:
    """Return the median of how many times as long the peer took, round by round."""
    return median(p / o for p, o in zip(peer, ours, strict=True))


def compare(one: Set, head: HeadSpec, repeats: int, device: str) -> None:
    """Print what a run-epoch costs, and what it costs the peers."""
    runs = [Run(STITCH, seed) for seed in range(30 if device == "cuda" else 12)]
    contestants: dict[str, Callable[[], float]] = {
        "before": lambda: 1 / peak_flops(device),  # next to the stack, since clocks drift
        "stack": lambda: stack_seconds(one.data, runs, head),
        "after": lambda: 1 / peak_flops(device),
        "loop": lambda: idiomatic_seconds(one.data, head, device),
        "shapes": lambda: 1 / shape_flops(one.data, head, device),
    }
    if head.kind == "mlp":
        contestants["scikit"] = lambda: scikit_seconds(one.data, head)
    took = medians(contestants, repeats)
    took["peak"] = [(before + after) / 2 for before, after in zip(took["before"], took["after"], strict=True)]
    shares = [flops_of_epoch(one.data, head) * p / s for p, s in zip(took["peak"], took["stack"], strict=True)]
    print(f"{one.name}, {head.kind} head, {len(runs)} runs of E-Stitchup")
    print(f"  seconds per run-epoch      {median(took['stack']):.3f}")
    print(f"  idiomatic loop (a)         {ratio(took['loop'], took['stack']):.2f} × as long")
    if "scikit" in took:
        print(f"  scikit-learn (b)           {ratio(took['scikit'], took['stack']):.2f} × as long")
    peak = f"{1 / median(took['peak']) / 1e9:.0f} GFLOP/s in {LARGEST}"
    print(f"  share of the product peak  {median(shares):.0%} ({min(shares):.0%} to {max(shares):.0%}) of {peak}")
    of_shapes = median(
        flops_of_epoch(one.data, head) * p / s for p, s in zip(took["shapes"], took["stack"], strict=True)
    )
    shapes = 1 / median(took["shapes"]) / 1e9
    print(f"  share of its own shapes    {of_shapes:.0%} of {shapes:.0f} GFLOP/s in products of its sizes", flush=True)


def cost_of_runs(one: Set, counts: tuple[int, ...], repeats: int) -> None:
    """Print what more runs cost: medians of rounds in which all counts take their turn."""
    contestants = {
        count: partial(stack_seconds, one.data, [Run(STITCH, seed) for seed in range(count)], HeadSpec(), epochs=2)
        for count in counts
    }
    rounds = [{count: contestant() for count, contestant in contestants.items()} for _ in range(repeats)]
    print("| runs | seconds per run-epoch | times the epoch of one run |")
    print("|---|---|---|")
    for count in counts:
        times = median(count * took[count] / took[counts[0]] for took in rounds)
        print(f"| {count} | {median(took[count] for took in rounds):.3f} | {times:.1f} |", flush=True)


def full_comparison(one: Set, repeats: int) -> None:
    """Print how long six augmentations with five seeds take, and the memory that this process had at its most."""
    grid = [Run(augmentation, seed) for augmentation in full_grid() for seed in range(5)]
    took = []
    for _ in range(repeats):
        started = time.perf_counter()
        train(one.data, grid, HeadSpec(), TrainingSpec())
        took.append(time.perf_counter() - started)
    print(f"6 augmentations × 5 seeds × {TrainingSpec().epochs} epochs: {median(took):.1f} s")
    print(f"peak memory of the process {peak_gigabytes():.1f} GB, peers, PyTorch and vectors included")
    if torch.cuda.is_available():
        print(f"peak memory of the GPU {torch.cuda.max_memory_allocated() / 1e9:.1f} GB")


def peak_gigabytes() -> float:
    """Return the most memory this process has had; macOS counts bytes, others kibibytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="leave out the cost of more runs")
    options = parser.parse_args()
    device = find_device().type
    if device == "cuda":  # as the stack multiplies, so that its peak and its peers do too
        torch.backends.cuda.matmul.fp32_precision = "tf32"
    print(f"{device_name(torch.device(device))}; PyTorch {torch.__version__}")
    if device == "cpu":
        print("no GPU at hand: the figures for a GPU are not measured")
    for one in (found := sets()):
        for head in (HeadSpec(kind="linear"), HeadSpec(kind="mlp", hidden=512)):
            compare(one, head, options.repeats, device)
    if not options.quick:
        print(f"{found[0].name}, MLP-512, E-Stitchup")
        full_comparison(found[0], min(options.repeats, 3))
        cost_of_runs(found[0], (1, 6, 30, 120), min(options.repeats, 3))
        print(f"peak memory of the process after 120 runs {peak_gigabytes():.1f} GB")


if __name__ == "__main__":
    main()
