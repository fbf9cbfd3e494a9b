"""What moving a threshold costs, and what the metrics of a large experiment cost.

    python benchmarks/threshold.py [--repeats 50] [--rows 10000 100000 1000000]
    python benchmarks/threshold.py --browser [--repeats 50]

Made-up logits, a fifth of the texts unknown; medians. "Moved" is what a page asks for when the line moves, in both
panels: counts, shares, cost, and ROC and risk–coverage curves of 200 points a side. "Sorted" is done once before, the
choice of a policy once a click. "30 runs" are all metrics of 30 runs × 100,000 texts in 10 classes.

With --browser the sample is trained (6 augmentations × 3 seeds) and opened in Chromium: milliseconds from letting the
slider, or the dragged line, go until the page has settled, that is until every number is the one that the server
counted for the new threshold, no script runs and the browser has painted. Medians and 95th percentiles.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
from browser import measure_pages  # type: ignore[import-not-found]  # beside this script

from estitchup.ood_scores import LOGIT_SCORES
from estitchup.policy import POLICIES
from estitchup.scores import RunScores
from estitchup.temperature import fit_temperature, scaled
from estitchup.threshold import Costs, ScoredTexts, ThresholdCurve

CLASSES = 10
PANELS = 2
POINTS = 200
COSTS = Costs()


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return median(times)


def made_up(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits (4/5 of rows, K) and targets of known texts, and logits of unknown ones."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(CLASSES, size=rows * 4 // 5)
    known = generator.normal(size=(len(targets), CLASSES)).astype(np.float32)
    known[np.arange(len(targets)), targets] += 4
    return known, targets, generator.normal(scale=1.5, size=(rows - len(targets), CLASSES)).astype(np.float32)


def moved(curves: list[ThresholdCurve], threshold: float) -> list[object]:
    """Return all that two panels show at a threshold."""
    shown: list[object] = []
    for curve in curves:
        outcome, sweep = curve.at(threshold), curve.sweep(POINTS)
        shown += [outcome.known_kept, outcome.unknown_caught, outcome.accepted_accuracy, outcome.cost(COSTS)]
        shown += [sweep.known_refused, sweep.unknown_caught, sweep.coverage, sweep.risk, sweep.cost(COSTS)]
    return shown


def measure_threshold(rows: int, repeats: int) -> None:
    texts = [ScoredTexts.of(*made_up(rows, panel)) for panel in range(PANELS)]
    sorting = milliseconds(lambda: [own.curve for own in texts], 3)
    curves = [own.curve for own in texts]
    thresholds = iter(np.random.default_rng(0).random(repeats))
    moving = milliseconds(lambda: moved(curves, float(next(thresholds))), repeats)
    print(f"{rows:>9,} texts × {PANELS} panels: moved {moving:6.3f} ms, sorted {sorting:7.1f} ms")
    for policy in POLICIES:
        print(f"{'':>11}{policy.name:<40}{milliseconds(partial(policy.choose, texts[0]), 3):8.1f} ms")


def all_metrics(known: np.ndarray, targets: np.ndarray, unknown: np.ndarray) -> list[object]:
    """Return every figure of a run."""
    scores = RunScores.of(known, targets, unknown)
    return [scores.metrics, scores.reliability]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--browser", action="store_true", help="measure the pages in Chromium instead")
    options = parser.parse_args()
    if options.browser:
        measure_pages(options.repeats)
        return
    for rows in options.rows:
        measure_threshold(rows, options.repeats)
    runs = [made_up(100_000, run) for run in range(30)]
    print(f"metrics of 30 runs × 100,000 texts: {milliseconds(lambda: [all_metrics(*run) for run in runs], 1):,.0f} ms")
    known, targets, _ = runs[0]
    print(
        f"temperature of 80,000 texts: {milliseconds(lambda: scaled(known, fit_temperature(known, targets)), 3):.0f} ms"
    )
    for name, score in LOGIT_SCORES.items():
        print(f"{name} of 80,000 texts: {milliseconds(partial(score, known), 3):.0f} ms")


if __name__ == "__main__":
    main()
