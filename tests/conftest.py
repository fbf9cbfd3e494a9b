"""What every test shares: no network, and real data where it is at hand."""

import os
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Return the folder of public sets: ESTITCHUP_DATA_DIR, else shared/data beside the repository, else skip."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ESTITCHUP_DATA_DIR", beside))
    if not folder.is_dir():
        pytest.skip("no public sets: set ESTITCHUP_DATA_DIR to their folder")
    return folder
