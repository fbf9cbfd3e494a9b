"""The command line. Each command has a module of its own, and hangs itself on the root when that is imported."""

from estitchup.cli import app, bundle, predict, report, run, simulate
from estitchup.cli.root import cli, main

__all__ = ["app", "bundle", "cli", "main", "predict", "report", "run", "simulate"]
