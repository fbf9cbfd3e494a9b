"""How fast texts become vectors, against sentence-transformers' own `encode`.

    python benchmarks/encoding.py [--rows 2000] [--rounds 3] [--data DIR] [--single]

One process, contestants by turns: stock at each of its batch sizes, ours padded (batches by tokens, the model's own
forward) and ours as it is (flat where the model allows it). The ratio is the median over the rounds against stock's
best batch size; `clinc150.csv` and `banking77_train.csv` lie in DIR. With --single everything runs on one thread and
the time is the processor's own, which other work on the machine disturbs little.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from estitchup.encoding import DEFAULT_ENCODER, Encoder, load_encoder

STOCK_BATCHES = (16, 32, 64, 128)
SETS = {"CLINC150": "clinc150.csv", "BANKING77": "banking77_train.csv"}
PEAK_SIZE = 2048

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Contest:
    """Hold seconds (rounds,) and vectors (N, D) of each contestant, and the seconds of one large product."""

    seconds: dict[str, list[float]]
    vectors: dict[str, Vectors]
    peak: list[float]

    def ratio(self, name: str, against: str) -> float:
        """Return the median of how many times as fast `name` was, round by round."""
        return statistics.median(b / a for a, b in zip(self.seconds[name], self.seconds[against], strict=True))


def read_texts(path: Path, rows: int) -> list[str]:
    texts = pd.read_csv(path)["text"].astype(str).drop_duplicates()
    return list(texts.sample(min(rows, len(texts)), random_state=0))


def stock_encode(encoder: Encoder, texts: list[str], size: int) -> Vectors:
    prompt = encoder.source.prompt
    vectors: Vectors = encoder.model.encode(texts, prompt=prompt, batch_size=size, show_progress_bar=False)
    return vectors


def large_product() -> torch.Tensor:
    return torch.ones(PEAK_SIZE, PEAK_SIZE) @ torch.ones(PEAK_SIZE, PEAK_SIZE)


def hold(contestants: dict[str, Callable[[], Vectors]], rounds: int, clock: Callable[[], float]) -> Contest:
    """Let everybody run once to warm up, then by turns."""
    vectors = {name: encode() for name, encode in contestants.items()}
    contest = Contest({name: [] for name in contestants}, vectors, [])
    for _ in range(rounds):
        for name, encode in contestants.items():
            begun = clock()
            encode()
            contest.seconds[name].append(clock() - begun)
        begun = clock()
        large_product()
        contest.peak.append(clock() - begun)
    return contest


def smallest_cosine(ours: Vectors, stock: Vectors) -> float:
    a, b = ours.astype(np.float64), stock.astype(np.float64)
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def flops(encoder: Encoder, texts: list[str]) -> float:
    """Return the floating-point operations of the weights' products, for the tokens that are no padding."""
    tokens = sum(map(len, encoder.model.tokenizer(texts, truncation=True)["input_ids"]))
    layers = [module for module in encoder.model[0].modules() if isinstance(module, torch.nn.Linear)]
    return 2.0 * tokens * sum(layer.weight.numel() for layer in layers)


def measure(name: str, encoder: Encoder, texts: list[str], rounds: int, clock: Callable[[], float]) -> None:
    stock = {f"stock, {size} texts": partial(stock_encode, encoder, texts, size) for size in STOCK_BATCHES}
    ours = {"ours, padded": partial(replace(encoder, flat=None).encode, texts), "ours": partial(encoder.encode, texts)}
    contest = hold({**stock, **ours}, rounds, clock)
    best = min(stock, key=lambda size: statistics.median(contest.seconds[size]))
    print(f"{name}, {len(texts):,} texts; stock's best is {best}")
    for contestant, seconds in contest.seconds.items():
        rate = len(texts) / statistics.median(seconds)
        cosine = smallest_cosine(contest.vectors[contestant], contest.vectors[best])
        print(f"  {contestant:17}{rate:7.0f} texts/s  {contest.ratio(contestant, best):.2f} ×  cosine ≥ {cosine:.7f}")
    peak = 2 * PEAK_SIZE**3 / statistics.median(contest.peak)
    share = flops(encoder, texts) / statistics.median(contest.seconds["ours"]) / peak
    print(f"  share of the product peak {share:.0%} of {peak / 1e9:.0f} GFLOP/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=os.environ.get("ESTITCHUP_DATA_DIR", "."))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoder", default=DEFAULT_ENCODER)
    parser.add_argument("--single", action="store_true", help="one thread, and the processor's own time")
    arguments = parser.parse_args()
    if arguments.single:
        torch.set_num_threads(1)
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
    encoder = load_encoder(arguments.encoder, "cpu")
    clock = time.process_time if arguments.single else time.perf_counter
    print(f"{torch.get_num_threads()} threads; {'flat' if encoder.flat else 'padded'} batches; {arguments.encoder}")
    for name, file in SETS.items():
        path = Path(arguments.data) / file
        if path.is_file():
            measure(name, encoder, read_texts(path, arguments.rows), arguments.rounds, clock)
        else:
            print(f"{name}: there is no {path}")


if __name__ == "__main__":
    main()
