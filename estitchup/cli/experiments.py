"""Which experiment a command is about: a folder, or an id of the workspace."""

from pathlib import Path

from estitchup.errors import EstitchupError
from estitchup.workspace import Workspace


def experiment_folder(experiment: str) -> Path:
    """Return the folder of the experiment: itself, or where the workspace keeps this id; raises EstitchupError."""
    if Path(experiment).is_dir():
        return Path(experiment)
    workspace = Workspace()
    if not experiment.isalnum() or not workspace.has_result(experiment):
        raise EstitchupError(
            f"There is no experiment {experiment!r}: give the folder that `estitchup run --out` wrote, or the id that "
            "stands behind experiment= in the app's address."
        )
    return workspace.result_folder(experiment)
