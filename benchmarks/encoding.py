"""How much faster batches by tokens are than sentence-transformers' own `encode` on short texts.

Both run in one process by turns, ours after each of stock's batch sizes; the ratio is the median over the rounds,
against stock's best batch size. Run `python benchmarks/encoding.py --data DIR` with `clinc150.csv` in DIR.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.encoding import DEFAULT_ENCODER, Encoder, load_encoder

STOCK_BATCHES = (16, 32, 64, 128)


def read_texts(folder: Path, rows: int) -> list[str]:
    texts = pd.read_csv(folder / "clinc150.csv")["text"].astype(str).drop_duplicates()
    return list(texts.sample(min(rows, len(texts)), random_state=0))


def rate(encode: Callable[[], NDArray[np.float32]], rows: int) -> tuple[float, NDArray[np.float32]]:
    begun = time.perf_counter()
    vectors = encode()
    return rows / (time.perf_counter() - begun), vectors


def stock_encode(encoder: Encoder, texts: list[str], size: int) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = encoder.model.encode(texts, batch_size=size, show_progress_bar=False)
    return vectors


def smallest_cosine(ours: NDArray[np.float32], stock: NDArray[np.float32]) -> float:
    a, b = ours.astype(np.float64), stock.astype(np.float64)
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def measure(encoder: Encoder, texts: list[str], rounds: int) -> None:
    ours: dict[int, list[float]] = {size: [] for size in STOCK_BATCHES}
    stock: dict[int, list[float]] = {size: [] for size in STOCK_BATCHES}
    cosine = 1.0
    for _ in range(rounds):
        for size in STOCK_BATCHES:
            speed, theirs = rate(lambda size=size: stock_encode(encoder, texts, size), len(texts))  # type: ignore[misc]
            stock[size].append(speed)
            speed, vectors = rate(lambda: encoder.encode(texts), len(texts))
            ours[size].append(speed)
            cosine = min(cosine, smallest_cosine(vectors, theirs))
    print("stock batch  stock texts/s  our texts/s  median ratio")
    ratios = [statistics.median(a / b for a, b in zip(ours[size], stock[size], strict=True)) for size in STOCK_BATCHES]
    for size, ratio in zip(STOCK_BATCHES, ratios, strict=True):
        print(f"{size:11} {statistics.median(stock[size]):14.0f} {statistics.median(ours[size]):12.0f} {ratio:13.2f}")
    print(f"against stock's best: {min(ratios):.2f} times as fast; smallest cosine {cosine:.7f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=os.environ.get("ESTITCHUP_DATA_DIR", "."))
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoder", default=DEFAULT_ENCODER)
    arguments = parser.parse_args()
    texts = read_texts(Path(arguments.data), arguments.rows)
    encoder = load_encoder(arguments.encoder, "cpu")
    encoder.encode(texts[:200])  # the first call is slower than any other
    measure(encoder, texts, arguments.rounds)


if __name__ == "__main__":
    main()
