"""From an experiment to one classifier: which run is taken, at which temperature and threshold, and what it is worth.

One run is shipped, not the mean of the seeds: confidences of one run are what the pages show and what the thresholds
were chosen on, and a mean of S heads would cost S times the size and time. It is the run with the highest validation
accuracy, then the lowest validation loss, as with epochs. The figures are of exactly this run, on test texts.
"""

from dataclasses import dataclass
from pathlib import PurePath
from typing import cast

import numpy as np
from numpy.typing import NDArray

from estitchup.bundle.classifier import Classifier
from estitchup.bundle.manifest import EncoderFacts, Figure, HeadFacts, Manifest, ThresholdFacts, sha256
from estitchup.bundle.weights import weights_of
from estitchup.calibration import wilson_interval
from estitchup.corpus import Role
from estitchup.decision_store import KeptThreshold
from estitchup.encoding import EncoderName
from estitchup.errors import EstitchupError
from estitchup.policy import KeepKnown
from estitchup.result import ExperimentResult
from estitchup.scores import RunScores
from estitchup.temperature import fit_temperature, scaled
from estitchup.threshold import Outcome, ScoredTexts

DEFAULT_POLICY = KeepKnown()
UNKNOWN = "unknown"
METRICS = ("accuracy", "ece", "nll", "auroc", "fpr_at_95_tpr", "aupr_out")
UNBOUNDED = ("nll",)


@dataclass(frozen=True)
class Choice:
    """What is taken from an experiment: a run, and the temperature and threshold it answers with."""

    run: int
    temperature: float
    threshold: ThresholdFacts


def choose(
    result: ExperimentResult, augmentation: str, kept: KeptThreshold | None = None, seed: int | None = None
) -> Choice:
    """Choose the run of an augmentation (of `seed`, by default the best on validation) and how it answers.

    `kept` is the threshold that a person decided on. Without one, the run is calibrated by temperature scaling, and
    DEFAULT_POLICY chooses the threshold on its validation texts. Raises EstitchupError for a name or seed not there.
    """
    run = _chosen_run(result, augmentation, seed)
    if kept is not None:
        temperature = _temperature(result, run) if kept.temperature else 1.0
        chosen_on = "validation texts, all seeds" if kept.policy else "by hand"
        return Choice(
            run,
            temperature,
            ThresholdFacts(
                value=kept.threshold, policy=kept.policy, parameters=dict(kept.parameters), chosen_on=chosen_on
            ),
        )
    temperature = _temperature(result, run)
    threshold = DEFAULT_POLICY.choose(ScoredTexts.of(*_split(result, run, Role.VALIDATION, temperature)))
    return Choice(
        run,
        temperature,
        ThresholdFacts(
            value=threshold,
            policy=DEFAULT_POLICY.name,
            parameters={own.field: getattr(DEFAULT_POLICY, own.field) for own in DEFAULT_POLICY.parameters},
            chosen_on="validation texts",
        ),
    )


def classifier_of(result: ExperimentResult, choice: Choice) -> Classifier:
    """Return the chosen run as a classifier."""
    classes = result.facts.classes
    return Classifier(
        head=result.heads.only(choice.run),
        classes=classes,
        unknown_label=free_label(classes),
        temperature=choice.temperature,
        threshold=choice.threshold.value,
    )


def free_label(classes: tuple[str, ...]) -> str:
    """Return "unknown", in as many parentheses as it takes to be none of the classes."""
    label = UNKNOWN
    while label in classes:
        label = f"({label})"
    return label


def manifest_of(result: ExperimentResult, choice: Choice, name: str | None = None) -> Manifest:
    """Return the sealed manifest of the chosen run, with its figures on test texts."""
    augmentation, seed = result.spec.run_keys[choice.run]
    parameters = next(own.parameters for own in result.spec.augmentations if own.name == augmentation)
    head, corpus = result.spec.head, PurePath(result.spec.corpus.file).name
    classifier = classifier_of(result, choice)
    return Manifest(
        name=name or f"{PurePath(corpus).stem}: {augmentation}",
        encoder=_encoder_facts(result, classifier.dimension),
        classes=classifier.classes,
        unknown_label=classifier.unknown_label,
        head=HeadFacts(
            kind=head.kind,
            hidden=head.hidden if head.kind == "mlp" else None,
            augmentation=augmentation,
            parameters=parameters,
            seed=seed,
            best_epoch=result.facts.best_epochs[choice.run],
        ),
        temperature=choice.temperature,
        threshold=choice.threshold,
        metrics=figures(result, choice),
        texts=_counts(result),
        corpus=corpus,
        corpus_digest=result.facts.corpus_digest,
        created=result.facts.created,
        versions=result.facts.versions,
        weights_digest=sha256(weights_of(classifier.head)),
    ).sealed()


def _encoder_facts(result: ExperimentResult, dimension: int) -> EncoderFacts:
    """Return the encoder under a name that says which prompt it took, also where that was the registry's."""
    key, _, revision = result.facts.encoder_key.rpartition("@")
    if result.spec.corpus.vectors:
        return EncoderFacts(name="", revision=revision, dimension=dimension)
    asked, taken = EncoderName.parse(result.spec.encoder), EncoderName.parse(key).prompt
    name = str(asked if taken is None else EncoderName(asked.model, taken))  # asked for none, it stays ""
    return EncoderFacts(name=name, revision=revision, dimension=dimension)


def figures(result: ExperimentResult, choice: Choice) -> dict[str, Figure]:
    """Measure the chosen run at its temperature and threshold on test texts, with 95% intervals over the texts.

    Shares have Wilson's interval, the other metrics ± 1.96 deviations of a bootstrap; AUPR-out has none.
    """
    logits, targets, unknown = _split(result, choice.run, Role.TEST, choice.temperature)
    scores = RunScores.of(logits, targets, unknown)
    spread = {metric: 1.96 * float(values.std()) for metric, values in scores.resampled.items()}
    measured = {metric: _figure(metric, scores.metrics[metric], spread.get(metric, np.nan)) for metric in METRICS}
    measured["accuracy"] = _share(int(scores.correct.sum()), len(targets))
    return measured | _at_threshold(ScoredTexts.of(logits, targets, unknown).curve.at(choice.threshold.value))


def _at_threshold(outcome: Outcome) -> dict[str, Figure]:
    accepted = outcome.known_accepted + outcome.unknown_accepted
    return {
        "known_kept": _share(outcome.known_accepted, outcome.known),
        "unknown_caught": _share(outcome.unknown - outcome.unknown_accepted, outcome.unknown),
        "accepted_accuracy": _share(outcome.accepted_right, accepted),
    }


def _share(hits: int, count: int) -> Figure:
    if not count:
        return Figure(value=None, low=None, high=None)
    low, high = wilson_interval(hits, count)
    return Figure(value=hits / count, low=float(low), high=float(high))


def _figure(metric: str, value: float, reach: float) -> Figure:
    highest = np.inf if metric in UNBOUNDED else 1.0
    bounds = (float(np.clip(bound, 0.0, highest)) for bound in (value, value - reach, value + reach))
    return Figure(
        **{
            name: bound if np.isfinite(bound) else None
            for name, bound in zip(("value", "low", "high"), bounds, strict=True)
        }
    )


def _chosen_run(result: ExperimentResult, augmentation: str, seed: int | None) -> int:
    runs = result.runs_of(augmentation)
    if not runs:
        raise EstitchupError(
            f"There is no augmentation {augmentation!r} in this experiment: choose among {', '.join(result.names)}."
        )
    if seed is None:
        return max(runs, key=lambda run: _validation_rank(result, run))
    if seed not in result.spec.seeds:
        raise EstitchupError(
            f"There is no seed {seed} in this experiment: choose among {', '.join(map(str, result.spec.seeds))}."
        )
    return runs[result.spec.seeds.index(seed)]


def _validation_rank(result: ExperimentResult, run: int) -> tuple[float, float]:
    epoch = result.facts.best_epochs[run] - 1
    return (
        float(result.curve(run, "validation_accuracy")[epoch]),
        -float(result.curve(run, "validation_loss")[epoch]),
    )


def _temperature(result: ExperimentResult, run: int) -> float:
    logits, targets, _ = _split(result, run, Role.VALIDATION, 1.0)
    return fit_temperature(logits, targets)


def _split(
    result: ExperimentResult, run: int, role: Role, temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return a role's scaled logits of known texts, their targets, and the scaled logits of unknown texts."""
    targets = cast(NDArray[np.int64], result.role_rows(role)["target"].to_numpy())
    logits, known = scaled(result.logits[role.value][run], temperature), targets >= 0
    return logits[known], targets[known], logits[~known]


def _counts(result: ExperimentResult) -> dict[str, int]:
    counts: dict[str, int] = {}
    for role in (Role.TRAIN, Role.VALIDATION, Role.TEST):
        known = result.role_rows(role)["target"] >= 0
        counts |= {f"{role.value} known": int(known.sum()), f"{role.value} unknown": int((~known).sum())}
    return counts
