"""The root that every command hangs on, and the way a failure is said."""

import sys
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from estitchup.errors import NOT_ENOUGH_MEMORY, EstitchupError
from estitchup.progress import Cancelled

cli = typer.Typer(
    help="Find out whether embedding augmentation helps on your texts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
told = Console(stderr=True, highlight=False)  # what goes on; standard output is for the answer
INTERRUPTED = 130  # what a shell gives a command that SIGINT ended: 128 and the signal's number


def main() -> None:
    """Run the command line; what a person can mend is said in one sentence."""
    try:
        cli()
    except SystemExit as ended:
        if isinstance(getattr(ended.__context__, "__cause__", None), KeyboardInterrupt):  # Typer says nothing then
            told.print("Stopped.")
        raise
    except EstitchupError as error:
        _end(str(error), 1)
    except MemoryError:
        _end(NOT_ENOUGH_MEMORY, 1)
    except Cancelled:
        _end("Stopped before there was a result; texts that were embedded need not be embedded again.", INTERRUPTED)


def _end(sentence: str, code: int) -> NoReturn:
    told.print(f"[red]estitchup:[/red] {escape(sentence)}")
    sys.exit(code)
