"""`estitchup bundle EXPERIMENT` takes a classifier out of a finished experiment."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from estitchup.bundle import Bundle, make_bundle
from estitchup.cli.experiments import experiment_folder
from estitchup.cli.root import cli, told
from estitchup.decision_store import KeptThreshold, kept_thresholds
from estitchup.errors import EstitchupError
from estitchup.result_folder import load_result


@cli.command()
def bundle(
    experiment: Annotated[str, typer.Argument(help="Folder of a finished experiment, or its id in the app's address.")],
    out: Annotated[Path | None, typer.Option(help="Where to write it: a .zip file, or a folder.")] = None,
    augmentation: Annotated[str | None, typer.Option(help="Whose classifier; may be left out if there is one.")] = None,
    seed: Annotated[int | None, typer.Option(help="Which run; the best on validation when left out.")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="The kept threshold when left out, else 90% of known texts kept.")
    ] = None,
    onnx: Annotated[Path | None, typer.Option(help="Write the head as an .onnx file, too.")] = None,
    push: Annotated[str | None, typer.Option(help="Put it on the Hugging Face hub, too: owner/name.")] = None,
) -> None:
    """Take the classifier of an augmentation away, with its threshold, figures and a model card."""
    if out is None and onnx is None and push is None:
        raise EstitchupError("There is nowhere to put the classifier: give --out, --onnx or --push.")
    folder = experiment_folder(experiment)
    result = load_result(folder)
    name = augmentation or _only(result.names)
    kept = KeptThreshold(threshold) if threshold is not None else kept_thresholds(folder).get(name)
    made = make_bundle(result, name, kept, seed)
    told.print(escape(_said(made)))
    if out is not None:
        told.print(f"The classifier is in {escape(str(made.save(out)))}.")
    if onnx is not None:
        _write_onnx(made, onnx)
    if push is not None:
        from estitchup.bundle.hub import push_to_hub

        told.print(f"The classifier is on the hub: {escape(push_to_hub(made, push))}")


def _only(names: list[str]) -> str:
    if len(names) > 1:
        raise EstitchupError(f"Say whose classifier to take with --augmentation: {', '.join(names)}.")
    return names[0]


def _said(made: Bundle) -> str:
    head, threshold = made.manifest.head, made.manifest.threshold
    policy = f"{threshold.policy}, on {threshold.chosen_on}" if threshold.policy else threshold.chosen_on
    return f"{head.augmentation}, seed {head.seed}; threshold {threshold.value:.4g} ({policy})."


def _write_onnx(made: Bundle, path: Path) -> None:
    from estitchup.bundle.onnx_export import onnx_of

    try:
        path.write_bytes(onnx_of(made))
    except OSError as error:
        raise EstitchupError(f"{str(path)!r} cannot be written ({error.strerror}): give another file.") from None
    told.print(f"The head is in {escape(str(path))}.")
