"""How many epochs, at which rate, in batches of which size: time to accuracy, one cycle against a constant rate.

    python -m benchmarks.schedule [--seeds 3]

CLINC150 and BANKING77 from ESTITCHUP_DATA_DIR, MLP-512, *No augmentation* and *E-Stitchup*; a Markdown table of medians
over seeds: the best validation accuracy, the first epoch that reaches 99.5% of the best that any setting found there,
and the seconds that a setting takes. A cycle has to be gone through to its end; a constant rate ends when validation
has not improved for 5 epochs, since nobody knows beforehand when to stop. Test rows are not looked at. Last it names
the setting that takes the least time among those that are near the best everywhere, which is how the defaults of
`TrainingSpec` are chosen.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
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
PATIENCE = 5  # epochs
NEAR = 0.995


@dataclass(frozen=True)
class Setting:
    """A schedule: one cycle, or a constant rate for at most so many epochs; `batch` None as `TrainingSpec` has it."""

    epochs: int
    rate: float
    constant: bool = False
    batch: int | None = None

    def __str__(self) -> str:
        batch = f", batches of {self.batch}" if self.batch else ""
        return f"{'constant' if self.constant else 'one cycle'}, {self.epochs} epochs, rate {self.rate:g}{batch}"

    def curves(self, data: TrainingData, seeds: int) -> "Curves":
        """Train all cells and seeds in one stack."""
        runs = [Run(cell, seed) for cell in CELLS for seed in range(seeds)]
        patience = PATIENCE if self.constant else None
        spec = TrainingSpec(epochs=self.epochs, learning_rate=self.rate, batch_size=self.batch, patience=patience)
        # No schedule but the one cycle is on offer, so that the comparison has to put another in its place.
        with patch("estitchup.group.one_cycle", _flat if self.constant else one_cycle):
            trained = train(data, runs, HeadSpec(), spec, device="cpu")
        return Curves(trained.history.validation_accuracies.reshape(len(CELLS), seeds, -1), trained.seconds)


@dataclass(frozen=True, eq=False)
class Curves:
    """Validation accuracies (cells, seeds, epochs), NaN once a run has left, and the seconds of the whole stack."""

    accuracies: NDArray[np.float64]
    seconds: float


def _flat(_: float) -> float:
    return 1.0


def settings() -> Iterator[Setting]:
    """Yield what is compared."""
    yield from (Setting(epochs, 2e-3) for epochs in (8, 10, 12, 15, 20))
    yield from (Setting(12, rate) for rate in (1e-3, 4e-3))
    yield from (Setting(12, rate, batch=size) for size, rate in ((128, 1.5e-3), (512, 2e-3), (512, 3e-3)))
    yield from (Setting(CONSTANT_EPOCHS, rate, constant=True) for rate in (5e-4, 1e-3))


@dataclass(frozen=True)
class Measured:
    """What one setting reached on one set with one cell; `first` is infinite where it never came near the best.

    Accuracy and epoch are medians over seeds; `seconds` are those of the whole stack.
    """

    best: float
    first: float
    seconds: float


def read_off(found: dict[Setting, Curves]) -> dict[Setting, list[Measured]]:
    """Return each setting's figures cell by cell."""
    bests = {setting: np.median(np.nanmax(curves.accuracies, axis=2), axis=1) for setting, curves in found.items()}
    goals = NEAR * np.max(list(bests.values()), axis=0)
    return {
        setting: [
            Measured(float(best), median(_first_at(curve, goal) for curve in cell), curves.seconds)
            for best, goal, cell in zip(bests[setting], goals, curves.accuracies, strict=True)
        ]
        for setting, curves in found.items()
    }


def _first_at(curve: NDArray[np.float64], goal: float) -> float:
    return float(np.argmax(curve >= goal) + 1) if np.nanmax(curve) >= goal else np.inf


def chosen(measured: list[dict[Setting, list[Measured]]]) -> Setting | None:
    """Return the setting of least time, as a multiple of the fastest's on each set, that is near the best on all."""
    near = [s for s in measured[0] if all(np.isfinite(own.first) for one in measured for own in one[s])]

    def time(setting: Setting) -> float:
        return sum(one[setting][0].seconds / min(one[other][0].seconds for other in near) for one in measured)

    return min(near, key=time, default=None)


def tell(name: str, data: TrainingData, measured: dict[Setting, list[Measured]]) -> None:
    """Print the table of one set."""
    print(f"\n{name}: {len(data.targets):,} training and {len(data.validation_targets):,} validation texts\n")
    columns = (f"{cell.name}: best | epochs to {NEAR:.1%} of it" for cell in CELLS)
    print("| schedule | " + " | ".join(columns) + " | seconds |")
    print("|---" * (2 + 2 * len(CELLS)) + "|")
    for setting, figures in measured.items():
        cells = (f"{own.best:.1%} | {own.first:g}".replace("inf", "–") for own in figures)
        print(f"| {setting} | " + " | ".join(cells) + f" | {figures[0].seconds:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    measured = []
    for one in sets():
        measured.append(read_off({setting: setting.curves(one.data, seeds) for setting in settings()}))
        tell(one.name, one.data, measured[-1])
    print(f"\nLeast time among those near the best everywhere: {chosen(measured) or 'no setting'}")


if __name__ == "__main__":
    main()
