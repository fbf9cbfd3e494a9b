"""Simple rivals of augmentation, and ablations of it: would something simpler do as well.

A draw takes a quarter of the classes for unknown; all variants of a draw train on the same rows. The figures of a
draw are means over its seeds, intervals are over draws.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from benchmarks.study.kept import Kept
from benchmarks.study.measures import measure
from benchmarks.study.plain import Augment, Variant, train_plain
from benchmarks.study.sets import LabelledSet
from estitchup.corpus import Role
from estitchup.recipe import DEFAULT_EPSILON, TrainingSpec
from estitchup.streams import TrainingData

DRAWS = 5
SEEDS = 2
ALPHA = 0.4  # larger than the default, so that what is done with λ can show
EPSILON = DEFAULT_EPSILON
NEIGHBOURS = 10

Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def as_given(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the batch as it is."""
    return x, y


def softened(epsilon: float) -> Augment:
    """Return the softening of targets with a fixed ε: label smoothing."""
    return lambda x, y: (x, (1 - epsilon) * y + epsilon / y.shape[-1])


def noisy(deviation: float) -> Augment:
    """Return the addition of Gaussian noise to standardised embeddings."""
    return lambda x, y: (x + deviation * torch.randn_like(x), y)


def _pairs(x: Tensor, y: Tensor, folded: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Return partners' embeddings and targets, and λ (S, B, 1), at least one half when folded."""
    partner = torch.argsort(torch.rand(x.shape[:2]), dim=1)
    share = torch.distributions.Beta(ALPHA, ALPHA).sample((*x.shape[:2], 1))
    share = torch.maximum(share, 1 - share) if folded else share
    seeds = torch.arange(len(x)).unsqueeze(1)
    return x[seeds, partner], y[seeds, partner], share


def mixed(folded: bool = False) -> Augment:
    """Return E-Mixup."""

    def augment(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        other, other_y, share = _pairs(x, y, folded)
        return share * x + (1 - share) * other, share * y + (1 - share) * other_y

    return augment


def stitched(folded: bool = False, realised: bool = False) -> Augment:
    """Return E-Stitchup; `realised` weighs the targets by the coordinates that were taken, not by λ."""

    def augment(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        other, other_y, share = _pairs(x, y, folded)
        own = torch.rand_like(x) < share
        weight = own.float().mean(-1, keepdim=True) if realised else share
        return torch.where(own, x, other), weight * y + (1 - weight) * other_y

    return augment


def same_class(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Stitch each row with another of its own class in the batch; alone in its class, a row stays as it is."""
    order = torch.argsort(y.argmax(-1) + 0.5 * torch.rand(x.shape[:2]), dim=1)
    seeds = torch.arange(len(x)).unsqueeze(1)
    x, y = x[seeds, order], y[seeds, order]
    other, other_y = x.roll(1, dims=1), y.roll(1, dims=1)
    alike = (y.argmax(-1) == other_y.argmax(-1)).unsqueeze(-1)
    own = torch.rand_like(x) < torch.distributions.Beta(ALPHA, ALPHA).sample((*x.shape[:2], 1))
    return torch.where(own | ~alike, x, other), y


BASE = Variant("No augmentation", as_given)
VARIANTS = (
    BASE,
    Variant("Label softening", softened(EPSILON)),
    Variant("Dropout 0.2", as_given, dropout=0.2),
    Variant("Dropout 0.5", as_given, dropout=0.5),
    Variant("Weight decay 0.3", as_given, weight_decay=0.3),
    Variant("Gaussian noise 0.5", noisy(0.5)),
    Variant("Gaussian noise 1", noisy(1.0)),
    Variant("Same-class stitching", same_class),
    Variant("E-Mixup", mixed()),
    Variant("E-Mixup, λ folded", mixed(folded=True)),
    Variant("E-Stitchup", stitched()),
    Variant("E-Stitchup, λ folded", stitched(folded=True)),
    Variant("E-Stitchup, realised share", stitched(realised=True)),
    replace(BASE, name="Raw embeddings", standardise=False),
    Variant("Raw embeddings, E-Stitchup", stitched(), standardise=False),
)


def rivals(one: LabelledSet, kept: Kept, draws: int = DRAWS) -> pd.DataFrame:
    """Return a row for each variant and draw; `seed` is the draw."""
    settings = {"set": one.name, "draws": draws, "seeds": SEEDS, "corpus": one.corpus.digest}
    tables = []
    for name, fit in contestants():
        key = settings | {"variant": name}
        tables.append(kept.table("rivals", key, partial(_run, one, name, fit, draws)))
        print(f"  {one.name}: {name}", flush=True)
    return pd.concat(tables, ignore_index=True)


def contestants() -> Iterator[tuple[str, Callable[[TrainingData], Predict]]]:
    """Yield each rival's name and how it is fitted."""
    for variant in VARIANTS:
        yield variant.name, partial(train_plain, variant=variant, seeds=SEEDS, spec=TrainingSpec())
    yield "Logistic regression", logistic
    yield f"{NEIGHBOURS} nearest neighbours", neighbours


def logistic(data: TrainingData) -> Predict:
    """Fit scikit-learn's logistic regression on standardised embeddings."""
    scale = StandardScaler().fit(data.embeddings)
    model = LogisticRegression(C=0.01, max_iter=300).fit(scale.transform(data.embeddings), data.targets)
    return lambda embeddings: model.decision_function(scale.transform(embeddings)).astype(np.float32)[None]


def neighbours(data: TrainingData) -> Predict:
    """Vote by cosine: a class's logit is the log of the summed similarity of its rows among the nearest."""
    index = NearestNeighbors(n_neighbors=NEIGHBOURS, metric="cosine").fit(data.embeddings)

    def logits(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        distances, rows = index.kneighbors(embeddings)
        votes = np.full((len(embeddings), data.classes), 1e-3)
        places = np.arange(len(embeddings))[:, None]
        np.add.at(votes, (places, data.targets[rows]), np.maximum(1 - distances, 0))
        return np.asarray(np.log(votes), np.float32)[None]

    return logits


def _run(one: LabelledSet, name: str, fit: Callable[[TrainingData], Predict], draws: int) -> pd.DataFrame:
    rows = []
    for draw in range(draws):
        known = one.known_classes(draw)
        data, place = _known_only(one, known)
        predict = fit(data)
        (validation, held_targets), (test, targets) = (one.role(role) for role in (Role.VALIDATION, Role.TEST))
        held, logits = predict(validation), predict(test)
        seen = [np.where(own >= 0, place[own], -1) for own in (targets, held_targets)]
        figures = pd.DataFrame([measure(logits[seed], seen[0], held[seed], seen[1]) for seed in range(len(logits))])
        rows.append({"set": one.name, "variant": name, "seed": draw} | figures.mean().to_dict())
    return pd.DataFrame(rows)


def _known_only(one: LabelledSet, known: NDArray[np.bool_]) -> tuple[TrainingData, NDArray[np.int64]]:
    """Return the training data of the known classes alone, and the new place of each class (K,), −1 for unknown."""
    place = np.where(known, np.cumsum(known) - 1, -1)
    train, held = known[one.data.targets], known[one.data.validation_targets]
    data = TrainingData(
        one.data.embeddings[train],
        place[one.data.targets[train]],
        one.data.validation_embeddings[held],
        place[one.data.validation_targets[held]],
        int(known.sum()),
    )
    return data, place
