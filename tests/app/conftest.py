"""The app without a browser, on a workspace of its own, with no worker: jobs stay where a test puts them."""

from pathlib import Path

import pytest
from screen import Open
from streamlit.testing.v1 import AppTest

from estitchup.jobs import JobQueue
from estitchup.ui.server import APP
from estitchup.workspace import Workspace


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ESTITCHUP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(JobQueue, "ensure_worker", lambda *_: None)
    monkeypatch.setattr(JobQueue, "worker_lives", lambda *_: True)
    return Workspace(tmp_path / "home")


@pytest.fixture
def visit(home: Workspace) -> Open:  # noqa: ARG001 (it sets the workspace)
    """Open a page by its path, with query parameters, as somebody with a fresh browser would."""

    def open_page(path: str = "", **query: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=30)
        app.query_params.update(query)
        app.run()
        return app.switch_page(path).run() if path else app

    return open_page
