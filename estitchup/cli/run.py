"""`estitchup run FILE` does the app's main job in a terminal."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from estitchup.cli.files import Said, corpus_spec, reading_of
from estitchup.cli.interrupt import stopping_gently
from estitchup.cli.root import INTERRUPTED, cli, told
from estitchup.cli.table import print_table
from estitchup.corpus import Use
from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.progress import Cancel, Progress
from estitchup.recipe import CELLS, DEFAULT_ALPHA, DEFAULT_EPSILON, Augmentation, HeadSpec, TrainingSpec
from estitchup.result import ExperimentResult
from estitchup.result_folder import check_folder, save_result
from estitchup.spec import MOST_SEEDS, ExperimentSpec, read_spec
from estitchup.training import EpochReport
from estitchup.workspace import Workspace


class Head(StrEnum):
    """The kinds of head, as the command line spells them."""

    linear = "linear"
    mlp = "mlp"


@cli.command()
def run(
    context: typer.Context,
    file: Annotated[str | None, typer.Argument(help="A file, the word sample, or a public set: clinc150 …")] = None,
    spec: Annotated[Path | None, typer.Option(help="Run this spec.json instead, such as the app saved.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the result: summary.json and all the app shows.")] = None,
    text: Annotated[str | None, typer.Option(help="Column of the texts; guessed when left out.")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the labels; guessed when left out.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Column that says train, validation, test or pool; guessed, or - for none.")
    ] = None,
    unknown: Annotated[
        list[str] | None, typer.Option(help="A label to refuse, may be given several times; guessed, or - for none.")
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(help="A file whose rows are for testing; 'FILE?text=COLUMN&label=COLUMN' names its own columns."),
    ] = None,
    validation: Annotated[list[str] | None, typer.Option(help="A file whose rows are for validation.")] = None,
    ood: Annotated[list[str] | None, typer.Option(help="A file whose texts belong to none of the classes.")] = None,
    pool: Annotated[list[str] | None, typer.Option(help="A file of texts to label later.")] = None,
    vectors: Annotated[
        str | None, typer.Option(help="Column, or NPY or NPZ file, of vectors that replace the encoder; - for none.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of FILE; found out when left out.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Character between cells, or: tab, line for one text a line; found out.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook; the first that holds a table.")] = None,
    records: Annotated[str | None, typer.Option(help="Keys to the records of a JSON file, dots between.")] = None,
    unknown_share: Annotated[float, typer.Option(help="Share of the classes to hold out as unknown, 0 to 1.")] = 0.0,
    seeds: Annotated[
        int, typer.Option(min=1, max=MOST_SEEDS, help="How many seeds; every augmentation runs once with each.")
    ] = 3,
    cell: Annotated[list[str] | None, typer.Option(help="A cell of the grid by name; all six when left out.")] = None,
    alpha: Annotated[float, typer.Option(help="α of λ ~ Beta(α, α).")] = DEFAULT_ALPHA,
    epsilon: Annotated[float, typer.Option(help="ε of the soft labels.")] = DEFAULT_EPSILON,
    head: Annotated[Head, typer.Option(help="The classifier on top of the embeddings.")] = Head.mlp,
    hidden: Annotated[int, typer.Option(help="Width of the MLP's hidden layer.")] = HeadSpec().hidden,
    epochs: Annotated[int, typer.Option(help="Passes over the training texts.")] = TrainingSpec().epochs,
    leave_out: Annotated[
        int | None,
        typer.Option(min=2, help="Leave the classes out in so many turns: stand-ins for unknown texts. 4 is good."),
    ] = None,
    encoder: Annotated[str, typer.Option(help="A sentence-transformers model: hub name or folder.")] = DEFAULT_ENCODER,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; the fastest there is when left out.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of a table.")] = False,
) -> None:
    """Train every augmentation with every seed on FILE, and compare them."""
    if spec is not None:
        _refuse_beside_spec(context)
        wanted = read_spec(spec)
    elif file is not None:
        beside = {Use.VALIDATION: validation, Use.TEST: test, Use.UNKNOWN: ood, Use.POOL: pool}
        files = {use: tuple(names or ()) for use, names in beside.items()}
        reading = reading_of(encoding, delimiter, sheet, records)
        corpus = corpus_spec(file, Said(text, label, split, unknown, unknown_share, vectors, files, reading))
        wanted = ExperimentSpec(
            corpus=corpus,
            encoder=encoder,
            head=HeadSpec(kind=head.value, hidden=hidden),
            training=TrainingSpec(epochs=epochs),
            augmentations=tuple(_cell(name, alpha, epsilon) for name in cell or CELLS),
            seeds=tuple(range(seeds)),
            device=device,
            leave_out=leave_out,
        )
    else:
        raise EstitchupError(
            "There is nothing to run: give a file of texts, the word sample, or --spec with a spec.json."
        )
    if out is not None:
        check_folder(out)  # before the work, not after it
    with stopping_gently() as cancel:
        result = _run_watched(wanted, cancel)
    _hand_over(result, out, json)
    if cancel.is_set():
        reached, epochs = result.history["epoch"].max(), wanted.training.epochs
        told.print(f"Stopped after epoch {reached} of {epochs}; what the finished epochs gave is kept.")
        raise typer.Exit(INTERRUPTED)


def _hand_over(result: ExperimentResult, out: Path | None, json: bool) -> None:
    """Tell what is to know about the result, write it where that is wanted, and print its summary."""
    for note in result.facts.notes:
        told.print(f"Note: {escape(note)}")
    if out is not None:
        save_result(result, out)
        told.print(f"The result is in {escape(str(out))}: open it in the app, or read summary.json.")
    if json:
        sys.stdout.write(result.summary_json + "\n")
    else:
        print_table(result)


def _refuse_beside_spec(context: typer.Context) -> None:
    """Raise EstitchupError when something is said that the spec decides."""
    own = {"spec", "out", "json"}
    said = [name for name in context.params if str(context.get_parameter_source(name)) == "ParameterSource.COMMANDLINE"]
    if beside := [name.replace("_", "-") for name in said if name not in own]:
        raise EstitchupError(f"--spec says all that is run: leave out {', '.join(beside)}, or change the spec.")


def _cell(name: str, alpha: float, epsilon: float) -> Augmentation:
    known = {cell.casefold(): cell for cell in CELLS}
    if name.casefold() not in known:
        raise EstitchupError(f"There is no augmentation {name!r}: choose among {', '.join(CELLS)}.")
    return Augmentation.named(known[name.casefold()], alpha, epsilon)


def _run_watched(spec: ExperimentSpec, cancel: Cancel) -> ExperimentResult:
    """Run the spec with progress bars on standard error."""
    from estitchup.experiment import run_experiment  # loads PyTorch, which a wrong option need not wait for

    with Workspace().vectors() as store, Bars(TextColumn("{task.description}"), BarColumn(), console=told) as bars:
        stages: dict[str, TaskID] = {}

        def show(progress: Progress) -> None:
            if progress.stage not in stages:
                stages[progress.stage] = bars.add_task(progress.stage, total=progress.total)
            speed = f" {progress.rate:,.0f} {progress.unit}/s" if progress.rate else ""
            words = f"{progress.stage} {progress.done:,}/{progress.total:,} {progress.unit}{speed}"
            description = words + _left(progress.remaining)
            bars.update(stages[progress.stage], completed=progress.done, total=progress.total, description=description)

        def show_epoch(report: EpochReport) -> None:
            if "Training" not in stages:
                stages["Training"] = bars.add_task("Training", total=report.epochs)
            accuracy = f"validation accuracy up to {np.nanmax(report.validation_accuracies):.1%}"
            words = f"Training on {report.device}, epoch {report.epoch}/{report.epochs}, {accuracy}"
            bars.update(stages["Training"], completed=report.epoch, description=words + _left(report.remaining))

        return run_experiment(spec, store=store, listener=show, on_epoch=show_epoch, cancel=cancel)


def _left(seconds: float | None) -> str:
    return f", {seconds:.0f} s left" if seconds else ""
