"""Open intent detection by the published protocol, with a frozen encoder and a head trained in seconds.

Draw a share of the classes as known; train and choose everything on known training and validation rows; at test time
every text of another class, and every text out of scope, is one further class, "open". The threshold is chosen
without unknown texts: known classes are left out in turn, and the share of known texts to refuse that gives these
stand-ins the highest F1, were there as many of them as of known texts, is carried over. Published figures: the
repository thuiar/TEXTOIR.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.study.kept import Kept
from benchmarks.study.sets import LabelledSet
from estitchup.corpus import Role
from estitchup.embedding_scores import NeighbourDistance
from estitchup.leave_out import leave_out_folds, leave_out_runs
from estitchup.ood_scores import Combination, doubt, energy
from estitchup.recipe import Augmentation, HeadSpec, Run, TrainingSpec
from estitchup.trained import StackedHeads
from estitchup.training import train

RATIOS = (0.25, 0.5, 0.75)
DRAWS = 10
FOLDS = 3
SHARES = np.arange(0.0, 0.51, 0.01)  # of known validation texts to refuse

# The best published figure of each cell, in percent: F1 and accuracy may come from different methods.
# thuiar/TEXTOIR, open_intent_detection/results/results.md, labelled ratio 1.0.
PUBLISHED: dict[tuple[str, float], tuple[float, float]] = {
    ("BANKING77", 0.25): (73.73, 81.19),
    ("BANKING77", 0.5): (82.53, 81.51),
    ("BANKING77", 0.75): (86.11, 81.39),
    ("CLINC150", 0.25): (79.92, 89.87),
    ("CLINC150", 0.5): (85.64, 87.93),
    ("CLINC150", 0.75): (88.94, 87.39),
}

Floats = NDArray[np.float64]
Targets = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Method:
    """A head and the score by which it refuses: doubt alone, or doubt, energy and neighbour distance together."""

    augmentation: Augmentation
    score: Literal["confidence", "combined"]

    @property
    def name(self) -> str:
        """Return what the table calls it."""
        return f"{self.augmentation.name}, {self.score}"


HEADS = (Augmentation.named("No augmentation"), Augmentation.named("Soft E-Stitchup"))
METHODS = tuple(Method(head, score) for head in HEADS for score in ("confidence", "combined"))


@dataclass(frozen=True, eq=False)
class Answered:
    """Texts as a classifier sees them: predicted class, OOD score, and the true class, K for "open"."""

    predicted: Targets
    score: Floats
    target: Targets


def open_intent(one: LabelledSet, kept: Kept, draws: int = DRAWS, ratios: tuple[float, ...] = RATIOS) -> pd.DataFrame:
    """Return a row for each ratio of known classes, draw and method, with the best published figures beside it."""
    tables = []
    for ratio in ratios:
        settings = {"set": one.name, "ratio": ratio, "draws": draws, "folds": FOLDS, "corpus": one.corpus.digest}
        table = kept.table("open-intent", settings, partial(_run, one, ratio, draws))
        best = PUBLISHED.get((one.name, ratio), (float("nan"), float("nan")))
        tables.append(table.assign(best_f1=best[0], best_accuracy=best[1]))
        print(f"  open intent detection on {one.name}, {ratio:.0%} of the classes known", flush=True)
    return pd.concat(tables, ignore_index=True)


def _run(one: LabelledSet, ratio: float, draws: int) -> pd.DataFrame:
    """Train the heads of all draws, and those that some known classes are left out of, in one stack."""
    plans = [_plan(one, ratio, draw, head) for draw in range(draws) for head in HEADS]
    stack = train(one.data, [run for plan in plans for run in plan], HeadSpec(), TrainingSpec())
    rows = []
    for place, plan in enumerate(plans):
        heads = [stack.heads.only(place * len(plan) + i) for i in range(len(plan))]
        for method in METHODS:
            if method.augmentation == plan[0].augmentation:
                figures = _judge(one, plan, heads, method)
                rows.append({"set": one.name, "ratio": ratio, "draw": plan[0].seed, "method": method.name} | figures)
    return pd.DataFrame(rows)


def _plan(one: LabelledSet, ratio: float, draw: int, augmentation: Augmentation) -> list[Run]:
    """Return the run of a draw, and behind it those with some of its known classes left out."""
    known = one.known_classes(draw, ratio)
    run = Run(augmentation, draw, rows=one.training_rows(draw, known, None), classes=known)
    folds = np.ones((FOLDS, one.classes), bool)
    folds[:, known] = leave_out_folds(int(known.sum()), FOLDS, seed=draw)
    return [run, *leave_out_runs([run], one.data.targets, folds)]


def _judge(one: LabelledSet, plan: list[Run], heads: list[StackedHeads], method: Method) -> dict[str, float]:
    """Choose the share to refuse on the folds' stand-ins, the threshold on known validation texts, and report test."""
    known = _classes(plan[0])
    validation, held_targets = one.data.validation_embeddings, one.data.validation_targets
    own = known[held_targets]
    folds = zip(plan[1:], heads[1:], strict=True)
    stand_ins = [_answered(one, run, head, method, validation[own], held_targets[own]) for run, head in folds]
    share = best_share(stand_ins, one.classes)
    held = _answered(one, plan[0], heads[0], method, validation[own], held_targets[own])
    answered = _answered(one, plan[0], heads[0], method, *one.role(Role.TEST))
    return figures_of(answered, float(np.quantile(held.score, 1 - share)), known) | {"share": share}


def _answered(
    one: LabelledSet, run: Run, head: StackedHeads, method: Method, vectors: Vectors, targets: Targets
) -> Answered:
    """Answer texts; classes that the run does not know are open. Scales come from the run's known validation texts."""
    known, classes = _classes(run), one.classes
    logits = np.where(known, head.logits(vectors)[0], -np.inf)
    target = np.where((targets >= 0) & known[np.maximum(targets, 0)], targets, classes)
    if method.score == "confidence":
        return Answered(logits.argmax(1), doubt(logits), target)
    held = one.data.validation_embeddings[known[one.data.validation_targets]]
    neighbours = NeighbourDistance.of(one.data.embeddings[run.rows])
    scale = Combination.of(*_scores(np.where(known, head.logits(held)[0], -np.inf), neighbours.score(held)))
    return Answered(logits.argmax(1), scale.apply(*_scores(logits, neighbours.score(vectors))), target)


def _scores(logits: NDArray[np.floating], distance: Floats) -> Iterator[Floats]:
    """Yield log-odds of doubt, energy, and distance: two opinions of the head, one of its neighbours."""
    uncertain = np.clip(doubt(logits), 1e-12, 1 - 1e-12)
    yield np.log(uncertain) - np.log1p(-uncertain)
    yield energy(logits)
    yield distance


def _classes(run: Run) -> NDArray[np.bool_]:
    assert run.classes is not None
    return run.classes


def best_share(folds: list[Answered], classes: int) -> float:
    """Return the share of known texts to refuse that has the highest F1 on stand-ins, mean over folds."""
    return float(SHARES[np.mean([_f1_by_share(fold, classes) for fold in folds], axis=0).argmax()])


def _f1_by_share(fold: Answered, classes: int) -> list[float]:
    """Return the F1 at each of SHARES with the stand-ins weighted to be as many as the known texts."""
    known = fold.target < classes
    weight = np.where(known, 1.0, known.sum() / max((~known).sum(), 1))
    thresholds = np.quantile(fold.score[known], 1 - SHARES)
    present = np.bincount(fold.target[known], minlength=classes) > 0
    return [f1_of(fold, threshold, present, weight).mean() for threshold in thresholds]


def f1_of(answered: Answered, threshold: float, known: NDArray[np.bool_], weight: Floats | None = None) -> Floats:
    """Return the F1 of each known class and, last, of "open": 2 hits / (predicted + true).

    A text is accepted when its score is at most the threshold; `known` (K,) are the classes that count.
    """
    classes = len(known)
    predicted = np.where(answered.score <= threshold, answered.predicted, classes)
    hits = predicted == answered.target
    counts = [
        np.bincount(which, weights=weight if weight is None else weight[chosen], minlength=classes + 1)
        for which, chosen in ((predicted[hits], hits), (predicted, slice(None)), (answered.target, slice(None)))
    ]
    f1 = 2 * counts[0] / np.maximum(counts[1] + counts[2], 1e-12)
    return np.asarray(f1[np.append(known, True)], np.float64)


def figures_of(answered: Answered, threshold: float, known: NDArray[np.bool_]) -> dict[str, float]:
    """Return the protocol's four figures, as fractions."""
    f1 = f1_of(answered, threshold, known)
    predicted = np.where(answered.score <= threshold, answered.predicted, len(known))
    return {
        "f1_known": float(f1[:-1].mean()),
        "f1_open": float(f1[-1]),
        "f1": float(f1.mean()),
        "accuracy": float((predicted == answered.target).mean()),
    }
