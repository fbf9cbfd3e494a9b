"""Spec in, result out: the one path that the app, the command line, the tests and the benchmarks all take."""

import platform
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.checkpoint import Checkpoint
from estitchup.corpus import Corpus, Role, load_corpus
from estitchup.encoding import VectorStore, embed, resolve_encoder
from estitchup.progress import Cancel, Listener, Progress
from estitchup.recipe import Run
from estitchup.result import CURVES, ExperimentResult, Facts
from estitchup.spec import ExperimentSpec
from estitchup.streams import TrainingData
from estitchup.training import EpochReport, TrainedStack, find_device, train

PACKAGES = ("estitchup", "torch", "numpy", "sentence-transformers")


def run_experiment(
    spec: ExperimentSpec,
    *,
    store: VectorStore | None = None,
    listener: Listener | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
    cancel: Cancel | None = None,
    checkpoint: Checkpoint | None = None,
) -> ExperimentResult:
    """Read, embed, train and score.

    `store` keeps vectors from one experiment to the next, `checkpoint` lets a training that was cut off go on.
    Raises EstitchupError for what the user can mend, and
    Cancelled when stopped before the first epoch ended; stopped later, it returns what the finished epochs gave.
    """
    find_device(spec.device)  # a device that is not there is said before minutes of embedding
    corpus = load_corpus(spec.corpus)
    vectors, encoder_key = embed_corpus(
        corpus, spec.encoder, store=store, device=spec.device, listener=listener, cancel=cancel
    )
    runs = [Run(augmentation, seed) for augmentation in spec.augmentations for seed in spec.seeds]
    stack = train(
        training_data(corpus, vectors),
        runs,
        spec.head,
        spec.training,
        device=spec.device,
        listener=on_epoch,
        cancel=cancel,
        checkpoint=checkpoint,
    )
    if listener:
        listener(Progress("Scoring", 0, 1, "experiments"))
    rows = pd.DataFrame(
        {"text": corpus.texts, "label": corpus.labels, "role": corpus.roles, "target": corpus.targets}
    ).astype({"text": "str", "label": "str", "role": "str"})
    return ExperimentResult(
        spec=spec,
        facts=_facts(corpus, stack, encoder_key),
        rows=rows,
        history=_history(stack),
        logits={
            role.value: stack.heads.logits(vectors[_labelled(corpus, role)]) for role in (Role.VALIDATION, Role.TEST)
        },
        heads=stack.heads,
    )


def embed_corpus(
    corpus: Corpus,
    encoder: str,
    *,
    store: VectorStore | None = None,
    device: str | None = None,
    listener: Listener | None = None,
    cancel: Cancel | None = None,
) -> tuple[NDArray[np.float32], str]:
    """Return the vectors (N, D) of all the corpus' texts, and the key that names encoder and revision."""
    source = resolve_encoder(encoder)
    return embed(corpus.texts, source, store, listener, cancel, device), source.key


def result_vectors(
    result: ExperimentResult,
    *,
    store: VectorStore | None = None,
    listener: Listener | None = None,
    cancel: Cancel | None = None,
) -> NDArray[np.float32]:
    """Return the vectors (N, D) of all rows of a finished experiment: from the store, or embedded again."""
    return embed(result.rows["text"].tolist(), resolve_encoder(result.spec.encoder), store, listener, cancel)


def training_data(corpus: Corpus, vectors: NDArray[np.float32]) -> TrainingData:
    """Pick what training sees: the known rows of the training and validation roles, and nothing of the test role."""
    train_rows, validation_rows = corpus.rows(Role.TRAIN, known=True), corpus.rows(Role.VALIDATION, known=True)
    return TrainingData(
        embeddings=vectors[train_rows],
        targets=corpus.targets[train_rows],
        validation_embeddings=vectors[validation_rows],
        validation_targets=corpus.targets[validation_rows],
        classes=len(corpus.classes),
    )


def _labelled(corpus: Corpus, role: Role) -> NDArray[np.int64]:
    return np.flatnonzero((corpus.roles == role) & (corpus.labels != ""))


def _facts(corpus: Corpus, stack: TrainedStack, encoder_key: str) -> Facts:
    return Facts(
        classes=corpus.classes,
        best_epochs=tuple(int(epoch) for epoch in stack.best_epochs),
        seconds=stack.seconds,
        device=stack.device,
        stopped=stack.stopped,
        encoder_key=encoder_key,
        notes=corpus.notes,
        corpus_digest=corpus.digest,
        versions={"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _history(stack: TrainedStack) -> pd.DataFrame:
    """Return the curves in long form, a row for each run and epoch (1-based); NaN where a run had ended."""
    history = stack.history
    runs, epochs = history.validation_accuracies.shape
    curves = (history.training_losses, history.validation_losses, history.validation_accuracies)
    table = pd.DataFrame({"run": np.repeat(np.arange(runs), epochs), "epoch": np.tile(np.arange(1, epochs + 1), runs)})
    for name, curve in zip(CURVES, curves, strict=True):
        table[name] = curve.ravel()
    reached = table.loc[table[CURVES[-1]].notna(), "epoch"].max()
    return table[table["epoch"] <= reached].reset_index(drop=True)
