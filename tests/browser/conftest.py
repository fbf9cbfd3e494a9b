"""A server of our own on a workspace of its own, and a real Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

expect.set_options(timeout=30_000)  # a busy machine computes intervals for seconds

SWITCHES = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
SECONDS_TO_START = 120.0
PROBED = ("/_stcore/health", "/_stcore/host-config")  # Streamlit looks for these below a deep link first, and gets 404


@dataclass
class Served:
    """The app on a workspace of its own, which can be ended and started anew at the same address."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = os.environ | {"ESTITCHUP_HOME": str(self.home), "HF_HUB_OFFLINE": "1"}
        command = [sys.executable, "-m", "estitchup.ui.server", "--headless", "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.folder)
        _wait_for(f"{self.address}/_stcore/health", self.process)

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def signal_worker(self, number: int) -> None:
        """Send a signal to the worker of this workspace, which outlives the server on purpose."""
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue
            if b"estitchup.worker" in words and str(self.home.resolve()).encode() in words:
                os.kill(int(entry.parent.name), number)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve an empty workspace, as after a fresh start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = Served(tmp_path, port)
    try:
        app.start()
        yield app
    finally:
        app.end()
        app.signal_worker(signal.SIGTERM)


@pytest.fixture
def server(served: Served) -> str:
    """Return the address of an app that is served."""
    return served.address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES.split())
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Open a fresh browser; a test fails when its console shows an error."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    tab = context.new_page()
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not str(message.location.get("url")).endswith(PROBED):
            errors.append(message.text)

    tab.on("console", note)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert not errors


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not start")
