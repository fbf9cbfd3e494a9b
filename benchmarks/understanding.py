"""What a profile costs, how good its verdict on labels is, and how fluid the map is with 50,000 points.

    python benchmarks/understanding.py [--data shared/data] [--rows 100000] [--planes] [--browser]

Near duplicates of CLINC150 (embedded first where the store lacks its vectors) and of `--rows` made-up vectors, with the
most memory the process took. One label in fifty is then flipped, and the doubtful ones are compared with the flipped.
`--planes` times UMAP and t-SNE, `--browser` draws 50,000 points in Chromium and drags them about. Processor seconds
count all cores: on a machine with other work they say more than seconds do.
"""

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from estitchup.charts.map import CONFIG, MOST_POINTS, hover_text, map_figure
from estitchup.corpus import Corpus, CorpusSpec, Role, load_corpus
from estitchup.corpus.profile import count_tokens, profile_of
from estitchup.corpus.profile.neighbours import near_duplicates, suspected_labels, unit
from estitchup.encoding import embed, resolve_encoder
from estitchup.projection import neighbour_plane, principal_plane
from estitchup.workspace import Workspace

FLIPPED_SHARE = 0.02
DRAGS = 60
IDLE_MS = 18  # a frame in which nothing moves takes a sixtieth of a second
SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]


def timed(name: str, work: Callable[[], object]) -> None:
    """Print the seconds and the processor seconds of a call."""
    started, busy = time.perf_counter(), time.process_time()
    work()
    print(f"{name:<58}{time.perf_counter() - started:8.1f} s{time.process_time() - busy:8.1f} s of processor")


def clinc150(data: Path) -> tuple[Corpus, np.ndarray]:
    spec = CorpusSpec(
        file=str(data / "clinc150.csv"),
        text_column="text",
        label_column="intent",
        split_column="split",
        unknown_labels=("oos",),
    )
    corpus = load_corpus(spec)
    with Workspace().vectors() as store:
        return corpus, embed(corpus.texts, resolve_encoder(), store)


def measure_profile(corpus: Corpus, vectors: np.ndarray) -> None:
    units, ranks = unit(vectors), np.unique(corpus.roles, return_inverse=True)[1]
    source, count = resolve_encoder(), len(corpus.texts)
    timed(f"near duplicates among {count:,} texts", lambda: near_duplicates(units, ranks, 0.95))
    timed(f"tokens of {count:,} texts", lambda: count_tokens(corpus.texts, source.folder))
    timed(f"whole profile of {count:,} texts", lambda: profile_of(corpus, vectors))
    timed(f"principal plane of {count:,} texts", lambda: principal_plane(vectors))


def measure_label_errors(corpus: Corpus, vectors: np.ndarray) -> None:
    """Flip labels of training texts at random and print how many are found, and how many of the found are flipped."""
    generator = np.random.default_rng(0)
    train = corpus.rows(Role.TRAIN, known=True)
    flipped = generator.choice(train, round(FLIPPED_SHARE * len(train)), replace=False)
    targets = corpus.targets.copy()
    classes = len(corpus.classes)
    targets[flipped] = (targets[flipped] + generator.integers(1, classes, size=len(flipped))) % classes
    before = set(suspected_labels(unit(vectors), corpus.targets, train)[0].tolist())
    rows, likely = suspected_labels(unit(vectors), targets, train)
    found = np.isin(rows, flipped)
    right = (likely[found] == corpus.targets[rows[found]]).mean()
    other = sum(row not in before for row in rows[~found].tolist())
    print(
        f"{len(flipped):,} flipped labels: {found.sum() / len(flipped):.1%} found, {right:.1%} of them with the right "
        f"label; {other:,} others not suspected before, {len(before):,} suspected as they came"
    )


def measure_many(rows: int, dimensions: int = 384) -> None:
    vectors = np.random.default_rng(0).normal(size=(rows, dimensions)).astype(np.float32)
    units, ranks = unit(vectors), np.arange(rows) % 3
    timed(f"near duplicates among {rows:,} made-up vectors", lambda: near_duplicates(units, ranks, 0.95))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"most memory of the process: {most:,.0f} MB, of which {2 * units.nbytes / 2**20:,.0f} are the vectors, twice"
    )


def measure_planes(vectors: np.ndarray) -> None:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    timed(f"UMAP of {len(vectors):,} texts, with its compilation", lambda: neighbour_plane(vectors))
    small = PCA(50).fit_transform(vectors)
    timed(f"t-SNE of {len(vectors):,} texts, half its usual rounds", lambda: TSNE(max_iter=500).fit_transform(small))


def measure_browser() -> None:
    """Draw a map of 50,000 points in Chromium and print how long drawing and a frame of dragging take."""
    from playwright.sync_api import sync_playwright

    generator = np.random.default_rng(0)
    points = generator.normal(size=(MOST_POINTS, 2)).astype(np.float32)
    hover = [
        hover_text(f"text number {row} " + "with many words " * 10, "label", "train") for row in range(MOST_POINTS)
    ]
    groups = {f"class {k}": np.flatnonzero(generator.integers(0, 6, MOST_POINTS) == k) for k in range(1, 3)}
    timed(f"figure of {MOST_POINTS:,} points", lambda: map_figure(points, hover, groups))
    page_text = map_figure(points, hover, groups).to_html(include_plotlyjs=True, config=CONFIG, auto_play=False)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "map.html"
        path.write_text(page_text, encoding="utf-8")
        print(f"page of {len(page_text) / 1e6:.1f} MB, {len(page_text.encode()) / 1e6:.1f} with Plotly itself")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(path.as_uri())
        page.wait_for_selector(".js-plotly-plot .main-svg")
        drawn = page.evaluate(_REDRAW)
        print(f"drawing {MOST_POINTS:,} points: median {median(drawn):.0f} ms of {len(drawn)} times")
        box = page.locator(".nsewdrag").first.bounding_box()
        assert box is not None
        page.evaluate(_COUNT_FRAMES)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(DRAGS):
            page.mouse.move(x + 3 * step, y + step)
        page.mouse.up()
        frames = page.evaluate("() => { window.counting = false; return window.frames_ms; }")
        drawn = [frame for frame in frames if frame > IDLE_MS]
        print(f"dragging: {len(drawn)} frames that draw, median {median(drawn):.0f} ms, longest {max(drawn):.0f} ms")
        browser.close()


_REDRAW = """async () => {
    const plot = document.querySelector('.js-plotly-plot'), times = [];
    for (let i = 0; i < 5; i++) {
        const started = performance.now();
        await Plotly.react(plot, plot.data.map(trace => ({...trace})), {...plot.layout, datarevision: i});
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - started);
    }
    return times;
}"""
_COUNT_FRAMES = """() => {
    window.frames_ms = []; window.counting = true;
    let last = performance.now();
    const tick = now => {
        window.frames_ms.push(now - last);
        last = now;
        if (window.counting) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--planes", action="store_true", help="time UMAP and t-SNE, too: minutes")
    parser.add_argument("--browser", action="store_true", help="draw in Chromium, too")
    options = parser.parse_args()
    corpus, vectors = clinc150(options.data)
    measure_profile(corpus, vectors)
    measure_label_errors(corpus, vectors)
    if options.rows:
        measure_many(options.rows)
    if options.planes:
        measure_planes(vectors)
    if options.browser:
        measure_browser()


if __name__ == "__main__":
    main()
