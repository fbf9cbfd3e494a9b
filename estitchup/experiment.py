"""Spec in, result out: the one path that the app, the command line, the tests and the benchmarks all take."""

import platform
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.checkpoint import Checkpoint
from estitchup.corpus import Corpus, Role, load_corpus
from estitchup.detectors import Parts, detection_table, distances
from estitchup.device import find_device
from estitchup.encoding import VectorStore, embed, resolve_encoder
from estitchup.errors import EstitchupError
from estitchup.leave_out import LeftOut, leave_out_folds, leave_out_runs
from estitchup.memory import check_memory
from estitchup.progress import Cancel, Listener, Progress
from estitchup.recipe import Run
from estitchup.result import CURVES, ExperimentResult, Facts
from estitchup.spec import ExperimentSpec
from estitchup.streams import TrainingData
from estitchup.trained import StackedHeads
from estitchup.training import EpochReport, History, TrainedStack, train

GIVEN_VECTORS = "given"
"""How the key of vectors that came with the corpus begins."""
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

    `store` keeps vectors from one experiment to the next, `checkpoint` lets a training that was cut off go on. Raises
    EstitchupError for what the user can mend, and Cancelled when stopped before the first epoch ended; stopped later,
    it returns what the finished epochs gave.
    """
    corpus = load_corpus(spec.corpus)
    folds = leave_out_folds(len(corpus.classes), spec.leave_out) if spec.leave_out else None
    vectors, encoder_key = embed_corpus(
        corpus, spec.encoder, store=store, device=spec.device, listener=listener, cancel=cancel
    )
    runs = [Run(augmentation, seed) for augmentation in spec.augmentations for seed in spec.seeds]
    data = training_data(corpus, vectors)
    extra = [] if folds is None else leave_out_runs(runs[:: len(spec.seeds)], data.targets, folds)
    labelled = {role: vectors[_labelled(corpus, role)] for role in (Role.VALIDATION, Role.TEST)}
    widths = spec.head.widths(vectors.shape[1], data.classes)
    check_memory(len(runs) + len(extra), widths, sum(map(len, labelled.values())))
    trained = train(
        data,
        [*runs, *extra],
        spec.head,
        spec.training,
        device=spec.device,
        listener=_of_first(len(runs), on_epoch),
        cancel=cancel,
        checkpoint=checkpoint,
    )
    if listener:
        listener(Progress("Scoring", 0, 1, "experiments"))
    stack, without = _first_and_rest(trained, len(runs))
    logits = {role.value: stack.heads.logits(embeddings) for role, embeddings in labelled.items()}
    rows = pd.DataFrame(
        {"text": corpus.texts, "label": corpus.labels, "role": corpus.roles, "target": corpus.targets}
    ).astype({"text": "str", "label": "str", "role": "str"})
    return ExperimentResult(
        spec=spec,
        facts=_facts(corpus, stack, encoder_key),
        rows=rows,
        history=_history(stack),
        logits=logits,
        heads=stack.heads,
        left_out=None if folds is None else LeftOut(folds, without.logits(labelled[Role.VALIDATION])),
        detection=_detection(spec, corpus, vectors, logits),
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
    """Return the vectors (N, D) of all the corpus' rows, and the key that names encoder and revision.

    Vectors that came with the corpus are returned as they are, under a key that says so; no encoder is asked then.
    """
    if corpus.vectors is not None:
        return corpus.vectors, f"{GIVEN_VECTORS}-{corpus.vectors.shape[1]}"
    source = resolve_encoder(encoder, listener)
    place = find_device(device).type if device else None  # where no GPU is at hand, `train` says so
    return embed(corpus.texts, source, store, listener, cancel, place), source.key


def result_vectors(
    result: ExperimentResult,
    *,
    store: VectorStore | None = None,
    listener: Listener | None = None,
    cancel: Cancel | None = None,
) -> NDArray[np.float32]:
    """Return the vectors (N, D) of all rows of a finished experiment: from the store, or embedded again.

    Vectors that came with the corpus are read again from its files; raises EstitchupError where these have changed.
    """
    if result.spec.corpus.vectors is not None:
        return _given_again(result)
    return embed(result.rows["text"].tolist(), resolve_encoder(result.spec.encoder), store, listener, cancel)


def _given_again(result: ExperimentResult) -> NDArray[np.float32]:
    corpus = load_corpus(result.spec.corpus)
    if corpus.vectors is None or corpus.digest != result.facts.corpus_digest:
        raise EstitchupError(
            f"{result.spec.corpus.file!r} has changed since the experiment, so its vectors belong to it no longer: "
            "bring back the file, or run the experiment again."
        )
    return corpus.vectors


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


def _of_first(runs: int, on_epoch: Callable[[EpochReport], None] | None) -> Callable[[EpochReport], None] | None:
    """Return what tells of the first runs alone: those with classes left out are no part of the comparison."""
    if on_epoch is None:
        return None

    def tell(report: EpochReport) -> None:
        curves = ("training_losses", "validation_losses", "validation_accuracies")
        on_epoch(replace(report, **{name: getattr(report, name)[:runs] for name in curves}))

    return tell


def _first_and_rest(trained: TrainedStack, runs: int) -> tuple[TrainedStack, StackedHeads]:
    """Part the compared runs from the heads of those with classes left out."""
    positions = np.arange(len(trained.best_epochs))
    first = replace(
        trained,
        heads=StackedHeads.joined([trained.heads], positions[:runs]),
        history=History(*(curve[:runs] for curve in vars(trained.history).values())),
        best_epochs=trained.best_epochs[:runs],
    )
    return first, StackedHeads.joined([trained.heads], positions[runs:])


def _detection(
    spec: ExperimentSpec, corpus: Corpus, vectors: NDArray[np.float32], logits: dict[str, NDArray[np.float32]]
) -> pd.DataFrame | None:
    """Measure every OOD score of every augmentation; None where test has no known or no unknown texts."""
    validation, test = (_labelled(corpus, role) for role in (Role.VALIDATION, Role.TEST))
    of_validation, of_test = corpus.targets[validation] >= 0, corpus.targets[test] >= 0
    if of_test.all() or not of_test.any():
        return None

    def parts(own: NDArray[np.float32], tested: NDArray[np.float32]) -> Parts:
        return Parts(own[of_validation], tested[of_test], tested[~of_test])

    train_rows = corpus.rows(Role.TRAIN, known=True)
    far = distances(vectors[train_rows], corpus.targets[train_rows], parts(vectors[validation], vectors[test]))
    runs: dict[str, list[int]] = {}
    for run, (name, _) in enumerate(spec.run_keys):
        runs.setdefault(name, []).append(run)

    def of_run(run: int) -> Parts:
        return parts(logits[Role.VALIDATION.value][run], logits[Role.TEST.value][run])

    return detection_table({name: map(of_run, own) for name, own in runs.items()}, far)


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
        notes=corpus.notes + stack.notes,
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
