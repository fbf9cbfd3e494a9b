"""The root that every command hangs on, and the way a failure is said."""

import sys

import typer
from rich.console import Console
from rich.markup import escape

from estitchup.errors import EstitchupError

cli = typer.Typer(
    help="Find out whether embedding augmentation helps on your texts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
told = Console(stderr=True, highlight=False)  # what goes on; standard output is for the answer


def main() -> None:
    """Run the command line; what a person can mend is said in one sentence."""
    try:
        cli()
    except EstitchupError as error:
        told.print(f"[red]estitchup:[/red] {escape(str(error))}")
        sys.exit(1)
