"""How many epochs, at which rate: validation accuracy under the one-cycle schedule and at a constant rate.

    python -m benchmarks.schedule [--seeds 3]

CLINC150 and BANKING77 from ESTITCHUP_DATA_DIR, MLP-512, *No augmentation* and *E-Stitchup*; medians over seeds of the
best validation accuracy, and of the first epoch that reaches 99.5% of the best that any setting found there. Test rows
are not looked at: the defaults of `TrainingSpec` were chosen by this table.
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
NEAR = 0.995


@dataclass(frozen=True)
class Setting:
    """A schedule: one cycle, or a constant rate whose curve is also read after fewer epochs."""

    epochs: int
    rate: float
    constant: bool = False

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


def rows(found: list[tuple[Setting, NDArray[np.float64]]]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield what each setting is called with its curves; a constant rate counts once more with half of its epochs."""
    for setting, curves in found:
        kind = "constant" if setting.constant else "one cycle"
        for epochs in (setting.epochs // 2, setting.epochs) if setting.constant else (setting.epochs,):
            yield f"{kind:9s} {epochs:3d} epochs, rate {setting.rate:.4f}", curves[..., :epochs]


def tell(name: str, data: TrainingData, seeds: int) -> None:
    """Train one set under every setting and print the table."""
    found = list(rows([(setting, setting.curves(data, seeds)) for setting in settings()]))
    print(f"{name}: {len(data.targets):,} training and {len(data.validation_targets):,} validation texts")
    for place, cell in enumerate(CELLS):
        goal = NEAR * max(median(curves[place].max(axis=1)) for _, curves in found)
        for what, curves in found:
            best = median(curves[place].max(axis=1))
            first = median([int(np.argmax(c >= goal)) + 1 if c.max() >= goal else np.inf for c in curves[place]])
            print(f"  {cell.name:16s} {what}: {best:.1%}, {NEAR:.1%} of the best after {first:g} epochs", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    for one in sets():
        tell(one.name, one.data, seeds)


if __name__ == "__main__":
    main()
