"""What an answer costs: opening a bundle, one text, many texts, and a file answered part by part.

    python benchmarks/predict.py [--repeats 30] [--texts 2000] [--address http://127.0.0.1:8501/try_it]

Trains the sample once, with the baseline and one seed. "One text" is embedding, head and table, as the Try page does
it, on one thread; medians, the processor's time beside the wall's, which counts other work on the machine. With
--address, Chromium types into the Try page of a running app: from Enter to the answer on the screen.
"""

import argparse
import io
import shutil
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd
from threadpoolctl import ThreadpoolController

from estitchup.bundle import Bundle, load, make_bundle
from estitchup.bundle.stream import predict_file
from estitchup.corpus import CorpusSpec
from estitchup.experiment import run_experiment
from estitchup.recipe import Augmentation
from estitchup.spec import ExperimentSpec

SAMPLE = CorpusSpec(
    file="sample", text_column="text", label_column="intent", split_column="split", unknown_labels=("oos",)
)
SEEN = """text => new Promise(done => { const start = performance.now(); const look = () => {
    const shown = [...document.querySelectorAll('.try-text')].pop();
    shown && shown.textContent === text ? done(performance.now() - start) : requestAnimationFrame(look) }; look() })"""


def milliseconds(work: Callable[[int], object], repeats: int) -> str:
    """Return the median time of a call on the wall's clock and on the processor's."""
    wall, processor = [], []
    for turn in range(repeats):
        started, used = time.perf_counter(), time.process_time()
        work(turn)
        wall.append(1000 * (time.perf_counter() - started))
        processor.append(1000 * (time.process_time() - used))
    return f"{median(wall):7.1f} ms, of the processor {median(processor):7.1f} ms"


def trained() -> Bundle:
    spec = ExperimentSpec(corpus=SAMPLE, augmentations=(Augmentation.named("No augmentation"),), seeds=(0,))
    return make_bundle(run_experiment(spec), "No augmentation")


def measure_library(bundle: Bundle, folder: Path, repeats: int, texts: int) -> None:
    path = bundle.save(folder / "classifier.zip")
    print(f"bundle of {path.stat().st_size:,} bytes opened: {milliseconds(lambda _: load(path), repeats)}")
    bundle.predict(["a first text is slower"])
    with ThreadpoolController().limit(limits=1):
        one = milliseconds(lambda turn: bundle.predict([f"invoice number {turn} is wrong"], top=3), repeats)
    print(f"one text:  {one}")
    for count in (texts, 4 * texts):
        source = folder / f"{count}.csv"
        pd.DataFrame({"text": [f"where is invoice {i}" for i in range(count)]}).to_csv(source, index=False)
        tracemalloc.start()
        started = time.perf_counter()
        predict_file(bundle, source, io.StringIO(), "text", rows=500)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        print(f"file of {count:,} texts: {count / (time.perf_counter() - started):,.0f} texts/s, peak {peak:.1f} MB")


def measure_page(address: str, repeats: int) -> None:
    from playwright.sync_api import sync_playwright

    switches = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=switches.split())
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        box, times = page.get_by_placeholder("Type a text"), []
        page.get_by_text("Type a text above").wait_for(timeout=120_000)
        for turn in range(repeats + 1):
            text = f"where is invoice number {turn}"
            box.fill(text)
            page.evaluate(f"text => {{ window.seen = ({SEEN})(text) }}", text)
            box.press("Enter")
            times.append(page.evaluate("window.seen"))
            page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
        print(f"Try page, Enter to answer: first {times[0]:.0f} ms, then {median(times[1:]):.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--address", help="the Try page of a running app, to be measured in Chromium")
    options = parser.parse_args()
    if options.address:
        measure_page(options.address, options.repeats)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure_library(trained(), Path(folder), options.repeats, options.texts)


if __name__ == "__main__":
    main()
