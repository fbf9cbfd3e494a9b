"""Open intent detection by the published protocol, with a frozen encoder and a head trained in seconds.

Draw a share of the classes as known; train and choose everything on known training and validation rows; at test time
every text of another class, and every text out of scope, is one further class, "open". The threshold is chosen
without unknown texts: known classes are left out in turn, and the share of known texts to refuse that gives these
stand-ins the highest F1, were there as many of them as of known texts, is carried over. Published figures: the
repository thuiar/TEXTOIR.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from estitchup.recipe import BASELINE, Augmentation, HeadSpec, Run, TrainingSpec
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
    """What answers: one head, or the mean of the logits of several that differ in their seed, and what it refuses by.

    "confidence" is doubt alone, "combined" doubt, energy and neighbour distance together.
    """

    augmentation: Augmentation
    score: Literal["confidence", "combined"]
    heads: int = 1

    @property
    def name(self) -> str:
        """Return what the table calls it."""
        heads = f", {self.heads} heads" if self.heads > 1 else ""
        return f"{self.augmentation.name}{heads}, {self.score}"


NONE, SOFT = Augmentation.named(BASELINE), Augmentation.named("Soft E-Stitchup")
METHODS = (
    Method(NONE, "confidence"),
    Method(NONE, "combined"),
    Method(SOFT, "confidence"),
    Method(SOFT, "combined"),
    Method(SOFT, "confidence", heads=3),
    Method(SOFT, "combined", heads=3),
)
HEADS = {own: max(m.heads for m in METHODS if m.augmentation == own) for own in (NONE, SOFT)}  # trained of each


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts (n, D) as a run that knows the classes `known` (K,) meets them.

    `target` (n,) is K where the class is not known; `distance` (n,) that to the run's own training texts.
    """

    vectors: Vectors
    target: Targets
    known: NDArray[np.bool_]
    distance: Floats

    def only_known(self) -> "Texts":
        """Return the texts of known classes."""
        own = self.target < len(self.known)
        return Texts(self.vectors[own], self.target[own], self.known, self.distance[own])


@dataclass(frozen=True, eq=False)
class Answered:
    """Texts as a classifier sees them: predicted class, OOD score, and the true class, K for "open"."""

    predicted: Targets
    score: Floats
    target: Targets


@dataclass(frozen=True, eq=False)
class Draw:
    """A draw of known classes: the run that knows them all, and behind it those that some are left out of.

    `held` are each run's validation texts of the drawn classes, `test` the test texts as the first run meets them.
    """

    runs: list[Run]
    held: list[Texts]
    test: Texts

    @classmethod
    def of(cls, one: LabelledSet, ratio: float, draw: int) -> "Draw":
        """Draw classes, and of them those that each fold leaves out."""
        known = one.known_classes(draw, ratio)
        run = Run(NONE, draw, rows=one.training_rows(draw, known, None), classes=known)
        folds = np.ones((FOLDS, one.classes), bool)
        folds[:, known] = leave_out_folds(int(known.sum()), FOLDS, seed=draw)
        runs = [run, *leave_out_runs([run], one.data.targets, folds)]
        own = known[one.data.validation_targets]
        validation = one.data.validation_embeddings[own], one.data.validation_targets[own]
        return cls(runs, [_met(one, other, *validation) for other in runs], _met(one, run, *one.role(Role.TEST)))

    def trained(self, draws: int) -> list[Run]:
        """Return the runs to train: each augmentation's heads, and of each head every run of this draw."""
        return [
            replace(run, augmentation=augmentation, seed=run.seed + draws * head)
            for augmentation, heads in HEADS.items()
            for head in range(heads)
            for run in self.runs
        ]


def _met(one: LabelledSet, run: Run, vectors: Vectors, targets: Targets) -> Texts:
    assert run.classes is not None
    target = np.where((targets >= 0) & run.classes[np.maximum(targets, 0)], targets, one.classes)
    distance = NeighbourDistance.of(one.data.embeddings[run.rows]).score(vectors)
    return Texts(vectors, target, run.classes, distance)


def open_intent(one: LabelledSet, kept: Kept, draws: int = DRAWS, ratios: tuple[float, ...] = RATIOS) -> pd.DataFrame:
    """Return a row for each ratio of known classes, draw and method, with the best published figures beside it."""
    tables = []
    for ratio in ratios:
        names = [method.name for method in METHODS]
        settings = {"set": one.name, "ratio": ratio, "draws": draws, "folds": FOLDS, "methods": names}
        compute = partial(_run, one, ratio, draws)
        table = kept.table("open-intent", settings | {"corpus": one.corpus.digest}, compute)
        best = PUBLISHED.get((one.name, ratio), (float("nan"), float("nan")))
        tables.append(table.assign(best_f1=best[0], best_accuracy=best[1]))
        print(f"  open intent detection on {one.name}, {ratio:.0%} of the classes known", flush=True)
    return pd.concat(tables, ignore_index=True)


def _run(one: LabelledSet, ratio: float, draws: int) -> pd.DataFrame:
    """Train the heads of all draws, and those that some known classes are left out of, in one stack."""
    drawn = [Draw.of(one, ratio, draw) for draw in range(draws)]
    runs = [run for draw in drawn for run in draw.trained(draws)]
    stack = train(one.data, runs, HeadSpec(), TrainingSpec())
    places = iter(range(len(runs)))
    rows = []
    for number, draw in enumerate(drawn):
        heads = {
            augmentation: [[stack.heads.only(next(places)) for _ in draw.runs] for _ in range(count)]
            for augmentation, count in HEADS.items()
        }
        for method in METHODS:
            figures = judge(draw, heads[method.augmentation][: method.heads], method)
            rows.append({"set": one.name, "ratio": ratio, "draw": number, "method": method.name} | figures)
    return pd.DataFrame(rows)


def judge(draw: Draw, heads: list[list[StackedHeads]], method: Method) -> dict[str, float]:
    """Choose the share to refuse on the folds' stand-ins, the threshold on known validation texts, and report test.

    `heads` are those of the method, and of each, one for every run of the draw.
    """
    by_run = list(zip(*heads, strict=True))
    own, *folds = (_answered(method, head, texts, texts) for head, texts in zip(by_run, draw.held, strict=True))
    share = best_share(folds, len(draw.test.known))
    test = _answered(method, by_run[0], draw.held[0], draw.test)
    return figures_of(test, float(np.quantile(own.score, 1 - share)), draw.test.known) | {"share": share}


def _answered(method: Method, heads: Sequence[StackedHeads], held: Texts, texts: Texts) -> Answered:
    """Answer texts; scores that differ in scale are put on one by the known texts of `held`."""
    logits = _logits(heads, texts)
    if method.score == "confidence":
        return Answered(logits.argmax(1), doubt(logits), texts.target)
    reference = held.only_known()
    scale = Combination.of(*_scores(_logits(heads, reference), reference.distance))
    return Answered(logits.argmax(1), scale.apply(*_scores(logits, texts.distance)), texts.target)


def _logits(heads: Sequence[StackedHeads], texts: Texts) -> NDArray[np.float32]:
    """Return the mean of the heads' logits (n, K), −∞ where the class is not known."""
    mean = np.mean([head.logits(texts.vectors)[0] for head in heads], axis=0)
    return np.where(texts.known, mean, np.float32(-np.inf))


def _scores(logits: NDArray[np.float32], distance: Floats) -> Iterator[Floats]:
    """Yield log-odds of doubt, energy, and distance: two opinions of the head, one of its neighbours."""
    uncertain = np.clip(doubt(logits), 1e-12, 1 - 1e-12)
    yield np.log(uncertain) - np.log1p(-uncertain)
    yield energy(logits)
    yield distance


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
