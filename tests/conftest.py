"""What every test shares: no network, and real data where it is at hand."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if "PYTEST_XDIST_WORKER" in os.environ:  # before NumPy and PyTorch are loaded, which read it once
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers have the cores between them

import pandas as pd
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from estitchup.result import ExperimentResult
    from estitchup.workspace import Workspace

os.environ["HF_HUB_OFFLINE"] = "1"

settings.register_profile("patient", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("patient")


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Return the folder of public sets: ESTITCHUP_DATA_DIR, else shared/data beside the repository, else skip."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ESTITCHUP_DATA_DIR", beside))
    if not folder.is_dir():
        pytest.skip("no public sets: set ESTITCHUP_DATA_DIR to their folder")
    return folder


@pytest.fixture(scope="session")
def small_result(tmp_path_factory: pytest.TempPathFactory) -> "ExperimentResult":
    """Return the result of a real experiment: 4 known classes, 3 augmentations, 2 seeds, 2 epochs; takes seconds."""
    from estitchup.corpus import SAMPLE, CorpusSpec
    from estitchup.experiment import run_experiment
    from estitchup.recipe import Augmentation, HeadSpec, TrainingSpec
    from estitchup.spec import ExperimentSpec

    table = pd.read_csv(SAMPLE)
    chosen = table[table["intent"].isin(["invoice", "refund", "app_crash", "export_data", "oos"])]
    file = tmp_path_factory.mktemp("small") / "small.csv"
    chosen.groupby(["intent", "split"]).head(14).to_csv(file, index=False)
    spec = ExperimentSpec(
        corpus=CorpusSpec(
            file=str(file), text_column="text", label_column="intent", split_column="split", unknown_labels=("oos",)
        ),
        head=HeadSpec(kind="linear"),
        training=TrainingSpec(epochs=2),
        augmentations=tuple(Augmentation.named(name) for name in ("No augmentation", "Label softening", "E-Stitchup")),
        seeds=(0, 1),
        device="cpu",
    )
    return run_experiment(spec)


@pytest.fixture
def small_workspace(small_result: "ExperimentResult", tmp_path: Path) -> "Workspace":
    """Return a workspace that holds the small result as its only experiment."""
    from estitchup.workspace import Status, Workspace

    workspace = Workspace(tmp_path / "home")
    workspace.save(workspace.add_job(small_result.spec, "small", Status.FINISHED).id, small_result)
    return workspace
