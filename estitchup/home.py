"""The folder where everything lives that lasts: `ESTITCHUP_HOME`, else the platform's folder for application data."""

import os
from pathlib import Path

import platformdirs


def home_folder() -> Path:
    """Return the folder, which need not exist yet."""
    return Path(os.environ.get("ESTITCHUP_HOME") or platformdirs.user_data_dir("estitchup"))
