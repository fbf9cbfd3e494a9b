"""`estitchup app` opens the app, `estitchup version` says which one."""

import subprocess
import sys
from typing import Annotated

import typer

from estitchup import __version__
from estitchup.cli.root import cli


@cli.command()
def app(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
    headless: Annotated[bool, typer.Option(help="Do not open a browser.")] = False,
) -> None:
    """Open the app in the browser."""
    # Another process, because this module is below the app and must not import Streamlit.
    command = [sys.executable, "-m", "estitchup.ui.server", "--port", str(port), *(["--headless"] if headless else [])]
    raise typer.Exit(subprocess.run(command, check=False).returncode)


@cli.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"estitchup {__version__}\n")
