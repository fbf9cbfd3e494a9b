"""The panel that says how it was measured: texts, encoder, head, training, seeds, versions, and what limits it."""

from collections.abc import Iterator

from estitchup.corpus import Role
from estitchup.recipe import Augmentation, HeadSpec
from estitchup.report.content import Panel, Table
from estitchup.report.material import Material
from estitchup.report.sources import encoder_said, files_said


def method(material: Material) -> Panel:
    """Say how it was measured."""
    rows = tuple(_facts(material))
    exact = tuple({"fact": name, "value": value} for name, value in rows)
    table = Table("method", "How it was measured", ("What", "How"), rows, exact)
    about = (
        "Runs of one seed share their first weights, batches and pairs, so that augmentations are compared pairwise. "
        "Thresholds, temperatures and best epochs are chosen on validation texts and reported on test texts."
    )
    finding = f"Measured on {material.evaluation.known:,} known and {material.evaluation.unknown:,} unknown test texts"
    limits = _limits(material)
    return Panel("method", finding, (about, *limits), tables=(table,), notes="\n".join([about, *limits]))


def _facts(material: Material) -> Iterator[tuple[str, str]]:
    result = material.evaluation.result
    spec, facts = result.spec, result.facts
    yield "Texts", f"{files_said(spec.corpus)}: {len(result.rows):,} rows, {len(facts.classes):,} known classes"
    for role in Role:
        rows = result.rows[result.rows["role"] == role.value]
        if len(rows):
            unknown = int(((rows["target"] < 0) & (rows["label"] != "")).sum())
            yield (
                role.value.capitalize(),
                f"{len(rows):,} texts" + (f", {unknown:,} of them unknown" if unknown else ""),
            )
    yield "Encoder", encoder_said(spec, facts.encoder_key)
    yield "Head", _head(spec.head)
    yield (
        "Training",
        f"{material.evaluation.epochs_trained} epochs on {facts.device}, {facts.seconds:.0f} s for all runs",
    )
    yield "Seeds", ", ".join(map(str, spec.seeds))
    for augmentation in spec.augmentations:
        if augmentation.name in material.names:
            yield augmentation.name, _parameters(augmentation)
    yield "Versions", ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    yield "Run", f"{facts.created[:10]}, corpus digest {facts.corpus_digest[:12] or 'not kept'}"


def _head(head: HeadSpec) -> str:
    return "linear" if head.kind == "linear" else f"MLP with a hidden layer of {head.hidden}"


def _parameters(augmentation: Augmentation) -> str:
    signs = {"alpha": "α", "epsilon": "ε", "share": "share of pairs mixed"}
    acting = {signs[name]: value for name, value in augmentation.parameters.items() if name in signs}
    said = ", ".join(f"{sign} {value:g}" for sign, value in acting.items())
    return said + " at random below" * augmentation.epsilon_random if said else "as the embeddings come"


def _limits(material: Material) -> tuple[str, ...]:
    """Return what limits the answer, and what was noted when the texts were read."""
    facts, spec = material.evaluation.result.facts, material.evaluation.result.spec
    said = []
    if facts.stopped:
        said.append(
            f"The training was stopped after epoch {material.evaluation.epochs_trained} of {spec.training.epochs}."
        )
    if len(spec.seeds) == 1:
        said.append("One seed was run: intervals cover the luck of the test texts, not that of training.")
    return (*said, *facts.notes)
