"""`estitchup report EXPERIMENT --out FILE` writes the page, the slides, or the figures and tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from estitchup.cli.experiments import experiment_folder
from estitchup.cli.root import cli, told
from estitchup.decision_store import kept_thresholds
from estitchup.errors import EstitchupError
from estitchup.result_folder import load_result


@cli.command()
def report(
    experiment: Annotated[str, typer.Argument(help="Folder of a finished experiment, or its id in the app's address.")],
    out: Annotated[Path, typer.Option(help="A file: .html for a page, .pptx for slides, .zip for figures and tables.")],
    title: Annotated[str, typer.Option(help="Title; a question when left out.")] = "",
    remarks: Annotated[str, typer.Option(help="What you want to say of it.")] = "",
    augmentation: Annotated[list[str] | None, typer.Option(help="Show these only; all when left out.")] = None,
    panel: Annotated[list[str] | None, typer.Option(help="Panels in this order; the app's when left out.")] = None,
) -> None:
    """Write what an experiment found as a page that opens offline, as slides, or as figures and tables."""
    write = _writer(out)
    from estitchup.decision import Decision  # draws with Plotly, which a wrong option need not wait for
    from estitchup.evaluation import Evaluation
    from estitchup.report.build import FIRST_CHOICE, build_report

    folder = experiment_folder(experiment)
    result = load_result(folder)
    made = build_report(
        Evaluation(result),
        Decision(result),
        kept_thresholds(folder),
        title=title,
        remarks=remarks,
        names=augmentation or (),
        panels=panel or FIRST_CHOICE,
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(write(made))
    except OSError as error:
        raise EstitchupError(
            f"The report cannot be written to {str(out)!r} ({error.strerror}): give another file."
        ) from None
    told.print(f"The report is in {escape(str(out))}.")


def _writer(out: Path) -> Callable[..., bytes]:
    """Return what writes files of this kind; raises EstitchupError for another kind."""
    kind = out.suffix.lower()
    if kind == ".html":
        from estitchup.report.page import page

        return lambda made: page(made).encode()
    if kind == ".pptx":
        from estitchup.report.slides import slides

        return slides
    if kind == ".zip":
        from estitchup.report.figures import figures

        return figures
    raise EstitchupError(f"{str(out)!r} is no kind of report: give a file that ends in .html, .pptx or .zip.")
