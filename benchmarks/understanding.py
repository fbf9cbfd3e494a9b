"""What a profile costs, how good its verdict on labels is, and how fluid the map is with 50,000 points.

    python benchmarks/understanding.py [--data shared/data] [--rows 100000] [--planes]
    python benchmarks/understanding.py --browser

Near duplicates of CLINC150 (embedded first where the store lacks its vectors) and of `--rows` made-up vectors, with the
most memory the process took. One label in fifty is then flipped, and the doubtful ones are compared with the flipped.
`--planes` times UMAP and t-SNE, `--browser` drags and zooms 50,000 points in Chromium. Processor seconds count all
cores: on a machine with other work they say more than seconds do.
"""

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from map_frames import measure_frames  # type: ignore[import-not-found]  # beside this script

from estitchup.corpus import Corpus, CorpusSpec, Role, load_corpus
from estitchup.corpus.profile import count_tokens, profile_of
from estitchup.corpus.profile.neighbours import near_duplicates, suspected_labels, unit
from estitchup.encoding import embed, resolve_encoder
from estitchup.projection import neighbour_plane, principal_plane
from estitchup.workspace import Workspace

FLIPPED_SHARE = 0.02


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--planes", action="store_true", help="time UMAP and t-SNE, too: minutes")
    parser.add_argument("--browser", action="store_true", help="drag and zoom a map in Chromium instead")
    options = parser.parse_args()
    if options.browser:
        measure_frames()
        return
    corpus, vectors = clinc150(options.data)
    measure_profile(corpus, vectors)
    measure_label_errors(corpus, vectors)
    if options.rows:
        measure_many(options.rows)
    if options.planes:
        measure_planes(vectors)


if __name__ == "__main__":
    main()
