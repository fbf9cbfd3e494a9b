"""How many epochs, at which rate: validation accuracy under the one-cycle schedule and at a constant rate.

    python -m benchmarks.schedule [--seeds 3]

CLINC150 and BANKING77 from ESTITCHUP_DATA_DIR, MLP-512, *No augmentation* and *E-Stitchup*; a Markdown table of medians
over seeds: the best validation accuracy, and the first epoch that reaches 99.5% of the best that any setting found
there. Test rows are not looked at. Last it names the setting with the fewest epochs in all that is near the best
everywhere, which is how the defaults of `TrainingSpec` are chosen.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.training import sets
from estitchup.group import one_cycle
from estitchup.recipe import Augmentation, HeadSpec, Mix, Run, TrainingSpec
from estitchup.streams import TrainingData
from estitchup.training import train

CELLS = (Augmentation(), Augmentation(mix=Mix.STITCHUP))
CONSTANT_EPOCHS = 40
NEAR = 0.995


@dataclass(frozen=True)
class Setting:
    """A schedule: one cycle, or a constant rate whose curve is also read after fewer epochs."""

    epochs: int
    rate: float
    constant: bool = False

    def __str__(self) -> str:
        return f"{'constant' if self.constant else 'one cycle'}, {self.epochs} epochs, rate {self.rate:g}"

    def curves(self, data: TrainingData, seeds: int) -> NDArray[np.float64]:
        """Train and return validation accuracies (cells, seeds, epochs)."""
        runs = [Run(cell, seed) for cell in CELLS for seed in range(seeds)]
        spec = TrainingSpec(epochs=self.epochs, learning_rate=self.rate)
        # No schedule but the one cycle is on offer, so that the comparison has to put another in its place.
        with patch("estitchup.group.one_cycle", _flat if self.constant else one_cycle):
            trained = train(data, runs, HeadSpec(), spec, device="cpu")
        return trained.history.validation_accuracies.reshape(len(CELLS), seeds, -1)


def _flat(_: float) -> float:
    return 1.0


def settings() -> Iterator[Setting]:
    """Yield what is compared."""
    yield from (Setting(epochs, 2e-3) for epochs in (8, 10, 12))
    yield from (Setting(10, rate) for rate in (1e-3, 4e-3))
    yield from (Setting(CONSTANT_EPOCHS, rate, constant=True) for rate in (5e-4, 1e-3))


@dataclass(frozen=True)
class Measured:
    """What one setting reached on one set with one cell: medians over seeds; `first` is infinite where it never did."""

    best: float
    first: float


def read_off(found: dict[Setting, NDArray[np.float64]]) -> dict[Setting, list[Measured]]:
    """Return each setting's figures cell by cell; a constant rate counts once more with half of its epochs."""
    whole = dict(found)
    for setting, curves in found.items():
        if setting.constant:
            half = setting.epochs // 2
            whole[replace(setting, epochs=half)] = curves[..., :half]
    bests = {setting: np.median(curves.max(axis=2), axis=1) for setting, curves in whole.items()}
    goals = NEAR * np.max(list(bests.values()), axis=0)
    return {
        setting: [
            Measured(float(best), median(_first_at(curve, goal) for curve in cell))
            for best, goal, cell in zip(bests[setting], goals, curves, strict=True)
        ]
        for setting, curves in whole.items()
    }


def _first_at(curve: NDArray[np.float64], goal: float) -> float:
    return float(np.argmax(curve >= goal) + 1) if curve.max() >= goal else np.inf


def chosen(measured: list[dict[Setting, list[Measured]]]) -> Setting | None:
    """Return the setting of fewest epochs, then of the best mean accuracy, that is near the best on every set."""

    def mean(setting: Setting) -> float:
        return float(np.mean([figures.best for one in measured for figures in one[setting]]))

    near = [s for s in measured[0] if all(np.isfinite(figures.first) for one in measured for figures in one[s])]
    return min(near, key=lambda setting: (setting.epochs, -mean(setting)), default=None)


def tell(name: str, data: TrainingData, measured: dict[Setting, list[Measured]]) -> None:
    """Print the table of one set."""
    print(f"\n{name}: {len(data.targets):,} training and {len(data.validation_targets):,} validation texts\n")
    print("| schedule | " + " | ".join(f"{cell.name}: best | epochs to {NEAR:.1%} of it" for cell in CELLS) + " |")
    print("|---" * (1 + 2 * len(CELLS)) + "|")
    for setting, figures in measured.items():
        cells = (
            f"{own.best:.1%} | {own.first:g}" if np.isfinite(own.first) else f"{own.best:.1%} | –" for own in figures
        )
        print(f"| {setting} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    measured = []
    for one in sets():
        measured.append(read_off({setting: setting.curves(one.data, seeds) for setting in settings()}))
        tell(one.name, one.data, measured[-1])
    print(f"\nFewest epochs near the best everywhere: {chosen(measured) or 'no setting'}")


if __name__ == "__main__":
    main()
