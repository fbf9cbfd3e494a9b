"""A labelled set whose answer is known: clouds around centres, so far apart as a test wants them."""

import numpy as np

from benchmarks.study.sets import LabelledSet
from estitchup.corpus import Corpus, Role


def clouds(apart: float, classes: int = 8, rows: int = 60) -> LabelledSet:
    """Return clouds around centres that lie `apart` deviations from each other, with roles."""
    generator = np.random.default_rng(0)
    targets = np.repeat(np.arange(classes), rows)
    vectors = apart * np.eye(classes, 16)[targets] / np.sqrt(2) + generator.normal(size=(len(targets), 16))
    roles = np.array([Role.TRAIN, Role.TRAIN, Role.VALIDATION, Role.TEST])[np.arange(len(targets)) % 4]
    labels = np.array([f"class {target}" for target in targets], dtype=object)
    names = tuple(sorted(set(labels)))
    corpus = Corpus(
        tuple(f"text {i}" for i in range(len(targets))), labels, roles, names, targets.astype(np.int64), (), ()
    )
    return LabelledSet("Clouds", corpus, vectors.astype(np.float32))
