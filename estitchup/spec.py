"""What an experiment is, as one value: corpus, encoder, head, schedule, augmentations and seeds.

The app saves it, the command line runs it, a colleague can read it. The same spec gives the same result on a CPU.
"""

from pathlib import Path

from pydantic import Field

from estitchup.corpus import CorpusSpec
from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.recipe import Augmentation, HeadSpec, TrainingSpec, full_grid
from estitchup.settings import Settings

MOST_SEEDS = 100


class ExperimentSpec(Settings):
    """Everything that decides an experiment's numbers.

    `augmentations` are distinct cells of the grid, `seeds` distinct whole numbers. `device` is "cpu", "cuda" or None
    for the fastest there is. `leave_out` ≥ 2 leaves the known classes out in so many turns, in extra runs with the
    first seed (`leave_out.py`); None: no extra runs. Raises EstitchupError for a value out of range.
    """

    corpus: CorpusSpec
    encoder: str = DEFAULT_ENCODER
    head: HeadSpec = HeadSpec()
    training: TrainingSpec = TrainingSpec()
    augmentations: tuple[Augmentation, ...] = Field(default_factory=full_grid)
    seeds: tuple[int, ...] = (0, 1, 2)
    device: str | None = None
    leave_out: int | None = Field(None, ge=2, le=100)

    def check(self) -> None:
        """Raise EstitchupError when there is nothing to run, or something twice."""
        names = [augmentation.name for augmentation in self.augmentations]
        if not names:
            raise EstitchupError("No augmentation is chosen: choose at least one cell of the grid.")
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise EstitchupError(f"{repeated[0]} is chosen twice: choose each cell of the grid once.")
        if not 1 <= len(self.seeds) <= MOST_SEEDS or len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise EstitchupError(
                f"The seeds {list(self.seeds)} cannot be used: give 1 to {MOST_SEEDS} different whole numbers from 0."
            )
        if self.device not in (None, "cpu", "cuda"):
            raise EstitchupError(f"There is no device {self.device!r}: choose cpu or cuda, or leave it out.")

    @property
    def run_keys(self) -> list[tuple[str, int]]:
        """Return the runs as (augmentation name, seed), augmentation by augmentation."""
        return [(augmentation.name, seed) for augmentation in self.augmentations for seed in self.seeds]

    @property
    def extra_runs(self) -> int:
        """Return how many runs without some of the classes train beside the others."""
        return (self.leave_out or 0) * len(self.augmentations)


def read_spec(path: Path) -> ExperimentSpec:
    """Read a spec that the app or the command line saved; raises EstitchupError."""
    try:
        text = path.read_text(encoding="utf-8")
        return ExperimentSpec.model_validate_json(text)
    except (OSError, ValueError) as error:  # text that is no JSON raises before `_checked` is asked
        raise EstitchupError(f"The spec {str(path)!r} cannot be read ({error}): give a spec.json file.") from None
