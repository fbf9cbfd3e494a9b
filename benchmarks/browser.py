"""How long the pages take in Chromium to follow a threshold; `benchmarks/threshold.py --browser` runs it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page, sync_playwright

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
SECONDS = 120_000
# Starts a clock at the next release inside the page, and stops it in the frame after everything has settled.
CLOCK = """(panels) => { window.settled = new Promise((done) => {
  const now = () => [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')]
    .map((host) => host.shadowRoot.querySelector(".panel")).filter(Boolean)
    .map((panel) => panel.dataset.settled);
  const before = now();
  const start = () => {
    const released = performance.now();
    const look = () => {
      const changed = now().filter((value, i) => value !== before[i]).length >= panels;
      const idle = document.querySelector('[data-testid="stApp"]').dataset.testScriptState === 'notRunning';
      if (changed && idle) requestAnimationFrame(() => setTimeout(() => done(performance.now() - released)));
      else requestAnimationFrame(look);
    };
    look();
  };
  for (const name of ['pointerup', 'keyup']) window.addEventListener(name, start, { once: true, capture: true });
}); }"""


@contextmanager
def served() -> Iterator[str]:
    """Train the sample in a workspace of its own and serve the app; yield its address."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as free:
        environment = os.environ | {"ESTITCHUP_HOME": home, "HF_HUB_OFFLINE": "1"}
        subprocess.run([sys.executable, "-c", TRAIN], env=environment, check=True)
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        command = [sys.executable, "-m", "estitchup.ui.server", "--headless", "--port", port]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


TRAIN = """
from estitchup.corpus import CorpusSpec
from estitchup.experiment import run_experiment
from estitchup.spec import ExperimentSpec
from estitchup.workspace import Status, Workspace
corpus = CorpusSpec(
    file="sample", text_column="text", label_column="intent", split_column="split", unknown_labels=("oos",)
)
spec, home = ExperimentSpec(corpus=corpus), Workspace()
home.save(home.add_job(spec, "sample", Status.FINISHED).id, run_experiment(spec))
"""


def _wait(address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"The app did not answer at {address}.")


def measure_pages(repeats: int) -> None:
    """Print the times of both pages, for the slider and for the dragged line."""
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for path, panels in (("threshold", 2), ("compare", 6)):
            page = browser.new_page(viewport={"width": 1440, "height": 2000})
            page.goto(f"{address}/{path}")
            page.locator(".panel .handle").nth(panels - 1).wait_for(timeout=SECONDS)
            page.wait_for_timeout(3000)
            moved = panels if path == "compare" else 1
            for how, move in (("slider", _by_slider), ("line", _by_line)):
                times = [_timed(page, moved, move, i) for i in range(repeats + 3)][3:]
                low, high = np.percentile(times, [50, 95])
                print(f"{path}, {panels} panels, {how} released: median {low:.0f} ms, 95th percentile {high:.0f} ms")
            page.close()
        browser.close()


def _timed(page: Page, moved: int, move: Callable[[Page, int], None], turn: int) -> float:
    page.evaluate(CLOCK, moved)
    move(page, turn)
    return float(page.evaluate("window.settled"))


def _by_slider(page: Page, turn: int) -> None:
    _drag(page, page.locator('[data-testid="stSliderThumbValue"]').first.locator(".."), turn)


def _by_line(page: Page, turn: int) -> None:
    _drag(page, page.locator(".panel .handle").first, turn)


def _drag(page: Page, handle: Locator, turn: int) -> None:
    """Drag a handle some way, to the right and back in turns, and never twice to one place, which would be cached."""
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    way = 45 + 5 * (turn % 7)
    page.mouse.move(x + (way if turn % 2 else -way), y, steps=5)
    page.mouse.up()
