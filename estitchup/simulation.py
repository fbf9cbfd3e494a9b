"""Would it have helped? A labelling campaign played on texts whose labels are known.

Each seed draws the absent classes and the first texts; each strategy then picks in rounds, gets the labels, and its
classifier is trained anew on its own rows and classes. Accuracy counts all classes: one that nobody has discovered
yet is always answered wrong. Texts of classes that the corpus calls unknown stay in the pool; labelling one costs a
label and teaches nothing.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.campaign import COLUMNS, SimulationResult, SimulationSpec
from estitchup.corpus import Corpus, Role, load_corpus, normalised
from estitchup.device import device_name, find_device
from estitchup.encoding import VectorStore
from estitchup.errors import EstitchupError
from estitchup.experiment import embed_corpus
from estitchup.labeling import Pool, strategy_named
from estitchup.progress import Cancel, Cancelled, Listener, Meter
from estitchup.recipe import STEPS_PER_EPOCH, Run, TrainingSpec
from estitchup.streams import TrainingData
from estitchup.trained import StackedHeads
from estitchup.training import train

Positions = NDArray[np.int64]

SMALLEST_BATCH, LARGEST_BATCH = 4, 256


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Texts whose labels are known: N that may be labelled, with targets −1 where no class fits, and a test set.

    Equal `keys` (N,) are one text.
    """

    embeddings: NDArray[np.float32]
    targets: NDArray[np.int64]
    keys: NDArray[np.int64]
    test_embeddings: NDArray[np.float32]
    test_targets: NDArray[np.int64]
    classes: int

    @classmethod
    def of(cls, corpus: Corpus, vectors: NDArray[np.float32]) -> "LabelledTexts":
        """Take the labelled training rows, and the test rows of known classes."""
        rows = np.flatnonzero((corpus.roles == Role.TRAIN) & (corpus.labels != ""))
        test = corpus.rows(Role.TEST, known=True)
        return cls(
            vectors[rows],
            corpus.targets[rows],
            pd.factorize(np.array(normalised(corpus.texts[row] for row in rows), dtype=object))[0].astype(np.int64),
            vectors[test],
            corpus.targets[test],
            len(corpus.classes),
        )


@dataclass(frozen=True, eq=False)
class Start:
    """How a seed's campaign begins: the classes that are absent (K,), and the rows that are labelled."""

    absent: NDArray[np.bool_]
    rows: Positions


@dataclass(eq=False)
class Campaign:
    """One strategy with one seed: the rows labelled so far, and the head trained on them."""

    strategy: str
    seed: int
    start: Start
    labelled: Positions
    heads: StackedHeads | None = None
    told: list[tuple[str, int, int, int, float, int]] = field(default_factory=list)

    def classes(self, texts: LabelledTexts) -> NDArray[np.bool_]:
        """Return the classes (K,) of which a text is labelled."""
        known = np.zeros(texts.classes, np.bool_)
        known[self.taught(texts, targets=True)] = True
        return known

    def taught(self, texts: LabelledTexts, targets: bool = False) -> Positions:
        """Return the labelled rows that belong to a class, or their targets."""
        rows = self.labelled[texts.targets[self.labelled] >= 0]
        return texts.targets[rows] if targets else rows

    def logits(self, texts: LabelledTexts, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits (1, N, K); those of undiscovered classes are −∞."""
        assert self.heads is not None
        logits = self.heads.logits(embeddings)
        logits[:, :, ~self.classes(texts)] = -np.inf
        return logits

    def measure(self, number: int, texts: LabelledTexts) -> None:
        """Remember how the head answers the test texts after a round."""
        answers = self.logits(texts, texts.test_embeddings)[0].argmax(axis=-1)
        accuracy = float((answers == texts.test_targets).mean())
        discovered = int((self.classes(texts) & self.start.absent).sum())
        spent = len(self.labelled) - len(self.start.rows)
        self.told.append((self.strategy, self.seed, number, spent, accuracy, discovered))

    def query(self, number: int, count: int, texts: LabelledTexts) -> None:
        """Let the strategy pick among what is not labelled, and label it; equal texts count as labelled together."""
        taken = np.isin(texts.keys, texts.keys[self.labelled])
        left = np.flatnonzero(~taken)
        embeddings = texts.embeddings[left]
        pool = Pool(self.logits(texts, embeddings), embeddings, texts.embeddings[self.labelled], texts.keys[left])
        picked = strategy_named(self.strategy).pick(pool, count, np.random.default_rng((self.seed, number)))
        self.labelled = np.concatenate([self.labelled, left[picked]])


def run_simulation(
    spec: SimulationSpec,
    *,
    store: VectorStore | None = None,
    listener: Listener | None = None,
    cancel: Cancel | None = None,
) -> SimulationResult:
    """Read, embed, and play the campaign; raises EstitchupError for what the user can mend, and Cancelled."""
    find_device(spec.device)
    corpus = load_corpus(spec.corpus)
    vectors, _ = embed_corpus(corpus, spec.encoder, store=store, device=spec.device, listener=listener, cancel=cancel)
    return simulate(spec, LabelledTexts.of(corpus, vectors), listener, cancel)


def simulate(
    spec: SimulationSpec, texts: LabelledTexts, listener: Listener | None = None, cancel: Cancel | None = None
) -> SimulationResult:
    """Play the campaign on embedded texts; deterministic on a CPU. Raises EstitchupError, and Cancelled."""
    started = time.perf_counter()
    starts = {seed: draw_start(spec, texts, seed) for seed in spec.seeds}
    meter = Meter("Simulating", len(spec.seeds) * (spec.rounds + 1), "rounds", listener)
    told = []
    for seed, start in starts.items():
        campaigns = [Campaign(name, seed, start, start.rows) for name in spec.strategies]
        for number in _rounds(spec, cancel):
            _play(number, campaigns, spec, texts)
            meter.advance(1)
        told += [row for campaign in campaigns for row in campaign.told]
    sizes = [len(start.rows) for start in starts.values()]
    return SimulationResult(
        spec,
        pd.DataFrame(told, columns=list(COLUMNS)),
        texts.classes,
        int(next(iter(starts.values())).absent.sum()),
        float(np.mean(sizes)),
        float(len(texts.targets) - np.mean(sizes)),
        time.perf_counter() - started,
        device_name(find_device(spec.device)),
    )


def draw_start(spec: SimulationSpec, texts: LabelledTexts, seed: int) -> Start:
    """Draw the absent classes and the first labelled rows of a seed; raises EstitchupError when too little is left."""
    generator = np.random.default_rng((seed, 0))
    absent = np.zeros(texts.classes, np.bool_)
    absent[generator.permutation(texts.classes)[: round(spec.absent_share * texts.classes)]] = True
    if texts.classes - absent.sum() < 2:
        raise EstitchupError(
            f"An absent share of {spec.absent_share:g} leaves fewer than 2 of {texts.classes} classes to start from: "
            "choose a smaller share."
        )
    rows = []
    _, first = np.unique(texts.keys, return_index=True)
    for target in np.flatnonzero(~absent):
        own = first[texts.targets[first] == target]
        rows.append(np.sort(generator.permutation(own)[: spec.start_texts]))
    start = np.concatenate(rows)
    size, left = spec.round_texts_for(len(texts.targets)), len(first) - len(start)
    if left < spec.rounds * size:
        raise EstitchupError(
            f"{spec.rounds} rounds of {size:,} texts need more than the {left:,} different texts in the pool: choose "
            "fewer rounds, smaller rounds or fewer texts to start from."
        )
    return Start(absent, start)


def _rounds(spec: SimulationSpec, cancel: Cancel | None) -> Iterator[int]:
    for number in range(spec.rounds + 1):
        if cancel and cancel.is_set():
            raise Cancelled
        yield number


def _play(number: int, campaigns: list[Campaign], spec: SimulationSpec, texts: LabelledTexts) -> None:
    """Query (but not at the start), train all strategies of a seed at once, and measure."""
    if number:
        for campaign in campaigns:
            campaign.query(number, spec.round_texts_for(len(texts.targets)), texts)
    trained = campaigns if number else campaigns[:1]  # at the start they are all the same
    runs = [Run(spec.augmentation, c.seed, c.taught(texts), c.classes(texts)) for c in trained]
    start = campaigns[0].start.rows
    data = TrainingData(  # no label is spent on validation: the best epoch is judged on the first texts
        texts.embeddings, texts.targets, texts.embeddings[start], texts.targets[start], texts.classes
    )
    stack = train(data, runs, spec.head, _schedule(spec.training, len(campaigns[0].labelled)), device=spec.device)
    for place, campaign in enumerate(campaigns):
        campaign.heads = _one(stack.heads, place if number else 0)
        campaign.measure(number, texts)


def _schedule(training: TrainingSpec, labelled: int) -> TrainingSpec:
    """Return the schedule with batches so small, and epochs so many, that a few texts make enough steps.

    `labelled` counts all labels spent, which is the same for every strategy: no strategy's schedule depends on another.
    """
    size = training.batch_size or min(LARGEST_BATCH, max(SMALLEST_BATCH, math.ceil(labelled / STEPS_PER_EPOCH)))
    factor = max(1, round(STEPS_PER_EPOCH / math.ceil(labelled / size)))
    return training.model_copy(update={"batch_size": size, "epochs": factor * training.epochs})


def _one(heads: StackedHeads, run: int) -> StackedHeads:
    part = slice(run, run + 1)
    return StackedHeads(
        tuple(weight[part] for weight in heads.weights),
        tuple(bias[part] for bias in heads.biases),
        heads.mean[part],
        heads.deviation[part],
    )
