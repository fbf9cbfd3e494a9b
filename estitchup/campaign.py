"""A simulated labelling campaign as values: what is asked, and what came of it.

Names, numbers and tables only, so that a page can show a simulation without loading PyTorch; `simulation.py` does it.
"""

import json
import os
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from estitchup.corpus import CorpusSpec
from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.labeling import RANDOM, STRATEGIES, strategy_named
from estitchup.recipe import Augmentation, HeadSpec, TrainingSpec
from estitchup.settings import Settings

Floats = NDArray[np.float64]

COLUMNS = ("strategy", "seed", "round", "labelled", "accuracy", "discovered")
FILE = "simulation.json"
LEAST_SAVING = 0.02  # below it is nothing to speak of


class SimulationSpec(Settings):
    """Everything that decides a simulation's numbers.

    A campaign starts from `start_texts` labelled training texts of each class but the absent ones, a share
    `absent_share` of the classes drawn by the seed; all other training texts are the pool. In each of `rounds` rounds
    every strategy picks `round_texts` texts (None: a size that suits the corpus, `round_texts_for`), gets their labels,
    and its classifier is trained anew.
    """

    called = "simulation setting"

    corpus: CorpusSpec
    encoder: str = DEFAULT_ENCODER
    head: HeadSpec = HeadSpec(kind="linear")
    training: TrainingSpec = TrainingSpec(epochs=10, learning_rate=5e-3)
    augmentation: Augmentation = Field(default_factory=lambda: Augmentation.named("Soft E-Stitchup"))
    strategies: tuple[str, ...] = tuple(STRATEGIES)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    absent_share: float = Field(0.25, ge=0, lt=1)
    start_texts: int = Field(5, ge=1, le=1000)
    rounds: int = Field(10, ge=1, le=100)
    round_texts: int | None = Field(None, ge=1, le=100_000)
    device: str | None = None

    def round_texts_for(self, rows: int) -> int:
        """Return the texts of a round for a number of training texts."""
        return self.round_texts or suitable_round(rows)

    def check(self) -> None:
        """Raise EstitchupError when there is no strategy or seed, or something twice."""
        names = [strategy_named(name).name for name in self.strategies]
        if not names or len(set(names)) < len(names):
            raise EstitchupError(f"The strategies {list(self.strategies)} cannot be used: give each once.")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise EstitchupError(f"The seeds {list(self.seeds)} cannot be used: give different whole numbers from 0.")


def suitable_round(rows: int) -> int:
    """Return the 150th part of the training texts, at least 10: ten rounds then label a fifteenth."""
    return max(10, round(rows / 150))


@dataclass(frozen=True)
class Saving:
    """What a strategy saves against random: after how many labels it has random's final accuracy, mean over seeds.

    `labels` is None where it never gets there; `share` = labels / random's labels. `gain` is its final accuracy less
    random's, mean over seeds.
    """

    strategy: str
    labels: float | None
    share: float | None
    gain: float


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """What came of a simulation.

    `curves` has a row for each strategy, seed and round (columns COLUMNS; round 0 is the start): texts labelled since
    the start, accuracy on test texts over all classes in [0, 1], and absent classes discovered so far. `absent` and
    `classes` count classes, `start` labelled texts at the start (mean over seeds).
    """

    spec: SimulationSpec
    curves: pd.DataFrame
    classes: int
    absent: int
    start: float
    pool: float
    seconds: float
    device: str

    @cached_property
    def labelled(self) -> NDArray[np.int64]:
        """Return the texts labelled after each round (T + 1,)."""
        return np.sort(self.curves["labelled"].unique()).astype(np.int64)

    def measured(self, strategy: str, measure: str) -> Floats:
        """Return "accuracy" or "discovered" of a strategy as (S, T + 1): seeds and rounds."""
        own = self.curves[self.curves["strategy"] == strategy]
        measured: Floats = own.pivot(index="seed", columns="round", values=measure).to_numpy(np.float64)
        return measured

    def savings(self) -> list[Saving]:
        """Return what each strategy saves against random, in the order of the spec; [] when random was not run."""
        if RANDOM not in self.spec.strategies:
            return []
        level, final = self.measured(RANDOM, "accuracy").mean(axis=0)[-1], float(self.labelled[-1])
        savings = []
        for name in self.spec.strategies:
            curve = self.measured(name, "accuracy").mean(axis=0)
            labels = labels_to(curve, self.labelled, level)
            share = None if labels is None or not final else labels / final
            savings.append(Saving(name, labels, share, float(curve[-1] - level)))
        return savings

    @property
    def finding(self) -> str:
        """Say in a sentence which strategy saves most."""
        others = [saving for saving in self.savings() if saving.strategy != RANDOM]
        reaching = [(saving.share, saving.strategy) for saving in others if saving.share is not None]
        if not others:
            return "There is nothing to compare: run random and another strategy."
        if not reaching:
            return "No strategy reaches what choosing at random reaches."
        share, name = min(reaching)
        if share > 1 - LEAST_SAVING:
            return "No strategy saves labels against choosing at random."
        return f"{name} needs {share:.0%} of the labels that choosing at random needs for the same accuracy."

    @property
    def as_json(self) -> str:
        """Return all of it as JSON."""
        facts = {key: getattr(self, key) for key in ("classes", "absent", "start", "pool", "seconds", "device")}
        savings = [vars(saving) for saving in self.savings()]
        curves = self.curves.to_dict(orient="list")
        content: dict[str, Any] = {"spec": self.spec.model_dump(mode="json"), **facts, "savings": savings}
        return json.dumps(content | {"curves": curves}, indent=2, ensure_ascii=False, allow_nan=False)


def labels_to(curve: Floats, labelled: NDArray[np.int64], level: float) -> float | None:
    """Return after how many labels a curve (T + 1,) first reaches a level, between two rounds on a straight line.

    None when it never does.
    """
    reached = np.flatnonzero(curve >= level)
    if not len(reached):
        return None
    place = int(reached[0])
    if place == 0:
        return float(labelled[0])
    rise = curve[place] - curve[place - 1]
    part = (level - curve[place - 1]) / rise
    return float(labelled[place - 1] + part * (labelled[place] - labelled[place - 1]))


def keep_simulation(result: SimulationResult, path: Path) -> None:
    """Write what came of a simulation, whole or not at all; raises EstitchupError when it cannot be written."""
    partial = path.with_name(f"{uuid.uuid4().hex}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(result.as_json, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise EstitchupError(f"Nothing can be written to {str(path)!r} ({error}): give another folder.") from None


def read_simulation(path: Path) -> SimulationResult:
    """Read what `SimulationResult.as_json` wrote; raises EstitchupError when it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content.pop("savings")
        spec = SimulationSpec.model_validate(content.pop("spec"))
        return SimulationResult(spec, pd.DataFrame(content.pop("curves"))[list(COLUMNS)], **content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EstitchupError(f"The simulation {str(path)!r} cannot be read ({error}): run it again.") from None
