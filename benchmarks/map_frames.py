"""How fluid the map is with 50,000 points in Chromium; `benchmarks/understanding.py --browser` runs it.

Streamlit serves the app's own component. While a real button is held down, every frame moves the pointer or turns the
wheel, so that every frame paints all points anew; a frame lasts from its start to the next one's, 16.7 ms at least. The
processor's time is the main thread's, which says more than milliseconds do on a machine with other work.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from browser import ARGUMENTS  # type: ignore[import-not-found]  # beside this script
from playwright.sync_api import CDPSession, Error, Page, sync_playwright

FRAMES = 240
SECONDS = 120
SCRIPT = """
import numpy as np
from estitchup.charts.map import MOST_POINTS, map_data, map_texts
from estitchup.ui.map_view import show_points
generator = np.random.default_rng(0)
points = generator.normal(size=(MOST_POINTS, 2)).astype(np.float32)
member = generator.integers(6, size=MOST_POINTS)
sent = [f"text number {row} " + "with many words " * 10 for row in range(MOST_POINTS)]
texts = map_texts(sent, ["label"] * MOST_POINTS, ["train"] * MOST_POINTS)
groups = {f"class {k}": np.flatnonzero(member == k) for k in range(1, 6)}
show_points(map_data(points, groups, texts), texts, alt="A map", key="map")
"""
MOVES = {
    "drag": """new PointerEvent('pointermove', {pointerId: 1, clientX: x + 150 * Math.sin(i / 20),
                                                clientY: y + 80 * Math.cos(i / 20)})""",
    "zoom": "new WheelEvent('wheel', {deltaY: i % 120 < 60 ? -12 : 12, clientX: x, clientY: y, cancelable: true})",
}
COUNT = """async ({frames, x, y}) => {
    const canvas = [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')]
        .map((host) => host.shadowRoot.querySelector('.plane canvas')).find(Boolean);
    const before = canvas.toDataURL(), times = [];
    let last = await new Promise(requestAnimationFrame);
    for (let i = 0; i < frames; i++) {
        if (i === 30 && canvas.toDataURL() === before) throw new Error('the map did not move');
        if (i === 30) last = await new Promise(requestAnimationFrame);
        canvas.dispatchEvent(MOVE);
        const now = await new Promise(requestAnimationFrame);
        times.push(now - last);
        last = now;
    }
    return times;
}"""


@contextmanager
def served() -> Iterator[str]:
    """Serve the map alone; yield its address."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        script = Path(folder) / "map.py"
        script.write_text(SCRIPT, encoding="utf-8")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
        command += [f"--server.port={port}", "--browser.gatherUsageStats=false"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def measure_frames() -> None:
    """Print how long a frame of dragging and of zooming takes."""
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        _open(page, address)
        box = page.locator(".plane canvas").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        clock = page.context.new_cdp_session(page)
        clock.send("Performance.enable", {"timeDomain": "threadTicks"})
        for name, move in MOVES.items():
            page.evaluate(COUNT.replace("MOVE", move), {"frames": FRAMES // 4, "x": x, "y": y})  # compiles the painter
            _measure(page, clock, name, COUNT.replace("MOVE", move), {"frames": FRAMES, "x": x, "y": y})
        browser.close()


def _open(page: Page, address: str) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            page.goto(address)
            break
        except Error:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
    page.locator(".map .legend button").nth(5).wait_for(timeout=1000 * SECONDS)
    page.wait_for_timeout(2000)


def _measure(page: Page, clock: CDPSession, name: str, count: str, where: dict[str, float]) -> None:
    before = _busy(clock)
    times = page.evaluate(count, where)
    busy = 1000 * (_busy(clock) - before) / FRAMES
    middle, high = np.percentile(times, [50, 95])
    print(
        f"{name}: {FRAMES} frames, median {middle:.1f} ms, 95th percentile {high:.1f} ms, longest {max(times):.0f} ms; "
        f"{busy:.1f} ms of the processor each"
    )


def _busy(clock: CDPSession) -> float:
    metrics = clock.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")
