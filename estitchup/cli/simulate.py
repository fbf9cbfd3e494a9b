"""`estitchup simulate FILE` plays a labelling campaign on labelled texts, to see which order would have helped."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table

from estitchup.campaign import FILE, SimulationResult, SimulationSpec, keep_simulation
from estitchup.cli.files import Said, corpus_spec
from estitchup.cli.root import cli, told
from estitchup.corpus import Reading
from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.labeling import STRATEGIES
from estitchup.progress import Progress
from estitchup.recipe import CELLS, Augmentation, HeadSpec, TrainingSpec
from estitchup.workspace import Workspace

CURVES = "simulation.csv"
WIDTH = 100  # columns where no terminal says how wide it is


@cli.command()
def simulate(
    file: Annotated[str, typer.Argument(help="A file, the word sample, or a public set: clinc150 …")],
    out: Annotated[Path | None, typer.Option(help=f"Folder for {FILE} and {CURVES}.")] = None,
    text: Annotated[str | None, typer.Option(help="Column of the texts; guessed when left out.")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the labels; guessed when left out.")] = None,
    split: Annotated[str | None, typer.Option(help="Column that says train or test; guessed, or - for none.")] = None,
    unknown: Annotated[
        list[str] | None, typer.Option(help="A label of texts that belong to no class; guessed, or - for none.")
    ] = None,
    strategy: Annotated[list[str] | None, typer.Option(help=f"One of: {', '.join(STRATEGIES)}; default all.")] = None,
    cell: Annotated[str, typer.Option(help="The cell of the grid that trains.")] = "Soft E-Stitchup",
    absent: Annotated[float, typer.Option(help="Share of the classes absent at the start, 0 to 1.")] = 0.25,
    start: Annotated[int, typer.Option(help="Labelled texts of each other class at the start.")] = 5,
    rounds: Annotated[int, typer.Option(help="Rounds of labelling.")] = 10,
    round_texts: Annotated[int | None, typer.Option(help="Texts labelled in a round; suits the file.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many seeds.")] = 5,
    epochs: Annotated[int | None, typer.Option(help="Passes over the labelled texts after each round.")] = None,
    hidden: Annotated[
        int | None, typer.Option(help="Width of an MLP's hidden layer; a linear head if left out.")
    ] = None,
    encoder: Annotated[str, typer.Option(help="A sentence-transformers model: hub name or folder.")] = DEFAULT_ENCODER,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; the fastest there is when left out.")] = None,
    json: Annotated[bool, typer.Option("--json", help=f"Print {FILE} instead of a table.")] = False,
) -> None:
    """Label in rounds on FILE, with every strategy, and compare with labelling at random."""
    if cell not in CELLS:
        raise EstitchupError(f"There is no augmentation {cell!r}: choose among {', '.join(CELLS)}.")
    own = {"epochs": epochs} if epochs is not None else {}
    spec = SimulationSpec(
        corpus=corpus_spec(file, Said(text, label, split, unknown, 0.0, None, {}, Reading())),
        encoder=encoder,
        head=HeadSpec(kind="linear") if hidden is None else HeadSpec(kind="mlp", hidden=hidden),
        training=TrainingSpec(**(SimulationSpec.model_fields["training"].default.model_dump() | own)),
        augmentation=Augmentation.named(cell),
        strategies=tuple(strategy or STRATEGIES),
        seeds=tuple(range(seeds)),
        absent_share=absent,
        start_texts=start,
        rounds=rounds,
        round_texts=round_texts,
        device=device,
    )
    result = _run_watched(spec)
    if out is not None:
        keep_simulation(result, out / FILE)
        result.curves.to_csv(out / CURVES, index=False)
        told.print(f"The curves are in {escape(str(out))}: {FILE} and {CURVES}.")
    if json:
        sys.stdout.write(result.as_json + "\n")
    else:
        _print(result)


def _run_watched(spec: SimulationSpec) -> SimulationResult:
    """Run the simulation with a progress bar on standard error."""
    from estitchup.simulation import run_simulation  # loads PyTorch, which a wrong option need not wait for

    with Workspace().vectors() as store, Bars(TextColumn("{task.description}"), BarColumn(), console=told) as bars:
        tasks = {}

        def show(progress: Progress) -> None:
            if progress.stage not in tasks:
                tasks[progress.stage] = bars.add_task(progress.stage, total=progress.total)
            left = f", {progress.remaining:.0f} s left" if progress.remaining else ""
            words = f"{progress.stage} {progress.done:,}/{progress.total:,} {progress.unit}{left}"
            bars.update(tasks[progress.stage], completed=progress.done, description=words)

        return run_simulation(spec, store=store, listener=show)


def _print(result: SimulationResult) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    labels = [0, *result.labelled[[len(result.labelled) // 2, -1]]]
    table = Table(
        title=f"Accuracy over all {result.classes} classes, {result.absent} absent at the start, by texts labelled",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("strategy", no_wrap=True)
    for heading in (*(f"{count:,}" for count in labels), "discovered", "of random's labels"):
        table.add_column(heading, justify="right")
    shares = {saving.strategy: saving.share for saving in result.savings()}
    for name in result.spec.strategies:
        accuracy = result.measured(name, "accuracy").mean(axis=0)
        found = result.measured(name, "discovered").mean(axis=0)[-1]
        share = shares.get(name)
        points = [f"{100 * accuracy[place]:.1f}" for place in (0, len(accuracy) // 2, -1)]
        table.add_row(name, *points, f"{found:.1f}", "–" if share is None else f"{share:.0%}")
    console.print(table)
    console.print(result.finding)
