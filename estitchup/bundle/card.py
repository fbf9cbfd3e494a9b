"""The model card of a bundle, README.md: metadata in the Hugging Face form, then what a person should know.

The names of classes, files and encoders come from users: they are escaped, so that none becomes a link, an image or
markup in the card. Readers make links of addresses by themselves, some after they resolved entities; an empty comment
within an address keeps them from it.
"""

import html
import re

from estitchup.bundle.manifest import Figure, Manifest
from estitchup.encoding import EncoderName

FIGURES = {  # metric -> what it is, factor, decimals, unit
    "accuracy": ("Accuracy on known texts", 100, 1, "%"),
    "ece": ("Expected calibration error, 15 bins", 1, 3, ""),
    "nll": ("Negative log-likelihood", 1, 3, " nats"),
    "auroc": ("AUROC of telling unknown texts apart", 1, 3, ""),
    "fpr_at_95_tpr": ("Unknown texts let through where 95% of known ones are kept", 100, 1, "%"),
    "aupr_out": ("Average precision of finding unknown texts", 1, 3, ""),
    "known_kept": ("Known texts accepted, at the threshold", 100, 1, "%"),
    "unknown_caught": ("Unknown texts refused, at the threshold", 100, 1, "%"),
    "accepted_accuracy": ("Accepted texts with the right class, at the threshold", 100, 1, "%"),
}
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()#!|~$]|^[-+=]")
_NUMBERED = re.compile(r"^(\d+)\.")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=[\w.+-])(?=@\w)", re.IGNORECASE)


def model_card(manifest: Manifest) -> str:
    """Return the text of README.md."""
    sections = [_title(manifest), _use(manifest), _threshold(manifest), _figures(manifest), _training(manifest)]
    return "\n\n".join([f"---\n{_metadata(manifest)}\n---", *sections, _classes(manifest), _limits(manifest)]) + "\n"


def escaped(text: str) -> str:
    """Return Markdown on one line that shows the text as it is, wherever it stands."""
    plain = _MARKDOWN.sub(r"\\\g<0>", html.escape(" ".join(text.split()), quote=False))
    return _ADDRESS.sub("<!-- -->", _NUMBERED.sub(r"\1\\.", plain))


def _metadata(manifest: Manifest) -> str:
    from huggingface_hub import EvalResult, ModelCardData  # takes a while, and only who writes a card needs it

    encoder = EncoderName.parse(manifest.encoder.name).model
    base = encoder if "/" in encoder else f"sentence-transformers/{encoder}"
    accuracy = manifest.metrics["accuracy"].value
    data = ModelCardData(
        base_model=base if _HUB_NAME.fullmatch(encoder) and not encoder.startswith(".") else None,
        library_name="estitchup",
        pipeline_tag="text-classification",
        tags=["text-classification", "out-of-distribution-detection", "embeddings", "safetensors"],
        model_name=manifest.name,
        eval_results=[
            EvalResult(
                task_type="text-classification",
                dataset_type="private",
                dataset_name=manifest.corpus,
                dataset_split="test",
                metric_type="accuracy",
                metric_value=accuracy,
            )
        ],
    )
    return data.to_yaml(line_break="\n").strip()


def _title(manifest: Manifest) -> str:
    return (
        f"# {escaped(manifest.name)}\n\n"
        f"Sorts texts into {len(manifest.classes):,} classes, says how sure it is, and refuses what it does not know. "
        f"It is a classification head on frozen embeddings of {_encoder(manifest)}, trained with "
        f"{escaped(manifest.head.augmentation)}."
    )


def _encoder(manifest: Manifest) -> str:
    if manifest.encoder.given:
        return "an encoder of the owner's own"
    name = EncoderName.parse(manifest.encoder.name)
    prompt = f" with the prompt “{escaped(name.prompt)}”" if name.prompt else ""
    return escaped(name.model) + prompt


def _use(manifest: Manifest) -> str:
    refused = escaped(manifest.unknown_label)
    return (
        "## Use\n\n```python\nimport estitchup\n\n"
        'classifier = estitchup.load("classifier.zip")  # this folder, its zip, or hf://owner/name\n'
        'classifier.predict(["a text", "another text"])\n```\n\n'
        f"A table comes back, a row for each text: `label` (a class, or {refused} when refused), `confidence`, "
        "`ood_score` (1 − confidence) and `accepted`. On the command line: `estitchup predict classifier.zip "
        "texts.csv`."
    )


def _threshold(manifest: Manifest) -> str:
    threshold = manifest.threshold
    given = ", ".join(f"{escaped(name)} {value:g}" for name, value in threshold.parameters.items() if value is not None)
    policy = f"{escaped(threshold.policy)}{f' ({given})' if given else ''}, on " if threshold.policy else ""
    scaling = (
        "Confidence is as the head says it, without temperature scaling."
        if manifest.temperature == 1
        else f"Logits are divided by a temperature of {manifest.temperature:.4g}, fitted on known validation texts."
    )
    return (
        "## Threshold\n\n"
        f"A text is accepted when its confidence is at least {threshold.value:.4g}. Chosen: {policy}"
        f"{escaped(threshold.chosen_on)}. {scaling}"
    )


def _figures(manifest: Manifest) -> str:
    texts = manifest.texts
    own = manifest.metrics
    rows = [f"| {FIGURES[metric][0]} | {_written(metric, own[metric])} |" for metric in FIGURES if metric in own]
    return (
        "## Figures\n\n"
        f"Of exactly this head, on {texts['test known']:,} known and {texts['test unknown']:,} unknown test texts, "
        "with 95% intervals over the texts. Nothing was trained or chosen on them.\n\n"
        "| figure | value |\n|---|---|\n" + "\n".join(rows)
    )


def _written(metric: str, figure: Figure) -> str:
    _, factor, decimals, unit = FIGURES[metric]
    if figure.value is None:
        return "not measured"
    written = f"{factor * figure.value:.{decimals}f}{unit}"
    if figure.low is None or figure.high is None:
        return written
    return f"{written} ({factor * figure.low:.{decimals}f} to {factor * figure.high:.{decimals}f})"


def _training(manifest: Manifest) -> str:
    head, encoder = manifest.head, manifest.encoder
    shape = "linear" if head.hidden is None else f"one hidden layer of {head.hidden:,}"
    versions = ", ".join(f"{escaped(name)} {escaped(version)}" for name, version in manifest.versions.items())
    lines = [
        f"Encoder: {_encoder(manifest)}, revision {escaped(encoder.revision)}, {encoder.dimension:,} dimensions",
        f"Head: {shape}; {escaped(head.augmentation)}, seed {head.seed}, epoch {head.best_epoch}",
        f"Texts: {escaped(manifest.corpus)}, {manifest.texts['train known']:,} for training and "
        f"{manifest.texts['validation known']:,} for validation; digest {escaped(manifest.corpus_digest)}",
        f"Made {escaped(manifest.created)} with {versions}",
    ]
    return "## Training\n\n" + "\n".join(f"- {line}" for line in lines)


def _classes(manifest: Manifest) -> str:
    return "## Classes\n\n" + "\n".join(f"- {escaped(name)}" for name in manifest.classes)


def _limits(manifest: Manifest) -> str:
    measured = manifest.metrics["unknown_caught"].value is not None
    caught = "" if measured else " How many unknown texts are refused was not measured: there were none to test on."
    return (
        "## Limits\n\n"
        "The figures hold for texts like the test texts; measure again when the texts change. A confidence is not a "
        f"reason, and an accepted text can be wrong.{caught} The digests in bundle.json show damage and careless "
        "edits; they are no signature."
    )
