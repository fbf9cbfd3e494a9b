"""`estitchup predict BUNDLE FILE` answers a file of texts of any length."""

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from estitchup.bundle import load
from estitchup.bundle.stream import ROWS, predict_file
from estitchup.cli.root import cli, told
from estitchup.errors import EstitchupError
from estitchup.progress import Progress


@cli.command()
def predict(
    bundle: Annotated[str, typer.Argument(help="A bundle: folder, zip, or hf://owner/name.")],
    file: Annotated[Path, typer.Argument(help="A table with the texts: CSV, Excel, JSON Lines, Parquet and more.")],
    text: Annotated[str | None, typer.Option(help="Column of the texts; guessed when left out.")] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the answers; standard output when left out.")] = None,
    top: Annotated[int, typer.Option(min=0, help="How many most probable classes to add, refused or not.")] = 0,
    encoder: Annotated[str | None, typer.Option(help="Where the encoder is, if not under its own name.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows in memory at a time.")] = ROWS,
    for_spreadsheet: Annotated[
        bool, typer.Option("--for-spreadsheet", help="Disarm cells that a spreadsheet would run as formulas.")
    ] = False,
) -> None:
    """Answer every text of FILE with a label or unknown, confidence, OOD score and accepted."""
    classifier = load(bundle, encoder)
    classifier.encoder_source()  # an encoder that is not there is said before the file is read
    if out is not None and out.is_dir():
        raise EstitchupError(f"{str(out)!r} is a folder: give a file, such as {str(out / 'answers.csv')!r}.")
    with _target(out, for_spreadsheet) as target, _bar() as bars:
        task = bars.add_task("Predicting", total=None)

        def show(progress: Progress) -> None:
            words = f"{progress.stage} {progress.done:,}/{progress.total:,} texts {progress.rate:,.0f} texts/s"
            bars.update(task, completed=progress.done, total=progress.total, description=words)

        answered = predict_file(
            classifier, file, target, text, top=top, rows=rows, for_spreadsheet=for_spreadsheet, listener=show
        )
    if out is not None:
        told.print(f"{answered:,} answers are in {escape(str(out))}.")


def _bar() -> Bars:
    return Bars(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=told)


@contextmanager
def _target(out: Path | None, for_spreadsheet: bool) -> Iterator[TextIO]:
    """Give a file that is in its place when all went well, and not there otherwise."""
    if out is None:
        yield sys.stdout
        return
    partial = out.with_name(f"{uuid.uuid4().hex}.partial")
    try:
        # Spreadsheets take a file without a mark for another encoding.
        with partial.open("w", encoding="utf-8-sig" if for_spreadsheet else "utf-8", newline="") as file:
            yield file
        os.replace(partial, out)
    except OSError as error:
        raise EstitchupError(f"{str(out)!r} cannot be written ({error.strerror}): give another file.") from None
    finally:
        partial.unlink(missing_ok=True)
