"""Would labelling in this order have helped? The campaign of docs/labelling.md on CLINC150.

`python benchmarks/simulation.py --data FOLDER` plays it with Soft E-Stitchup and with No augmentation, all strategies,
five seeds, and writes docs/labelling.md. FOLDER holds clinc150.csv.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

from estitchup.campaign import SimulationResult, SimulationSpec, keep_simulation
from estitchup.corpus import CorpusSpec, load_corpus
from estitchup.experiment import embed_corpus
from estitchup.labeling import OOD_DRIVEN, STRATEGIES
from estitchup.recipe import Augmentation
from estitchup.simulation import LabelledTexts, simulate
from estitchup.workspace import Workspace

CELLS = ("Soft E-Stitchup", "No augmentation")
LIMIT = 0.65
PAGE = Path(__file__).parents[1] / "docs" / "labelling.md"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=os.environ.get("ESTITCHUP_DATA_DIR"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cell", action="append", choices=list(CELLS), help="only this one")
    parser.add_argument("--out", type=Path, help="folder for the curves as JSON")
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of clinc150.csv with --data")
    file = str(Path(arguments.data).resolve() / "clinc150.csv")
    corpus = CorpusSpec(
        file=file, text_column="text", label_column="intent", split_column="split", unknown_labels=("oos",)
    )
    spec = SimulationSpec(corpus=corpus, seeds=tuple(range(arguments.seeds)))
    loaded = load_corpus(corpus)
    with Workspace().vectors() as store:
        vectors, _ = embed_corpus(loaded, spec.encoder, store=store)
    texts = LabelledTexts.of(loaded, vectors)
    results = {}
    for cell in arguments.cell or CELLS:
        started = time.process_time()
        results[cell] = simulate(spec.model_copy(update={"augmentation": Augmentation.named(cell)}), texts)
        spent = time.process_time() - started
        print(cell, f"{results[cell].seconds:.0f} s, {spent:.0f} s of a processor:", results[cell].finding, flush=True)
        if arguments.out:
            keep_simulation(results[cell], arguments.out / f"{cell}.json")
    arguments.page.write_text(page(results, len(texts.targets)), encoding="utf-8")


def page(results: dict[str, SimulationResult], rows: int) -> str:
    """Return docs/labelling.md."""
    first = next(iter(results.values()))
    lines = [
        "# Which texts to label first",
        "",
        "Written by `python benchmarks/simulation.py --data FOLDER`. CLINC150, all-MiniLM-L6-v2, a linear head on "
        f"frozen embeddings: {first.absent} of {first.classes} classes are absent at the start, the others have "
        f"{first.spec.start_texts} labelled texts each; the other {first.pool:,.0f} training texts are the pool, 100 "
        f"texts of no class among them. In {first.spec.rounds} rounds each strategy picks "
        f"{first.spec.round_texts_for(rows):,} texts, gets their labels, and its classifier is trained anew. "
        "Accuracy is over all classes of the test set; a class that is not discovered yet counts as wrong. Nothing is "
        f"spent on validation. Means of {len(first.spec.seeds)} seeds, each with other absent classes and first texts.",
        "",
    ]
    for cell, result in results.items():
        lines += [f"## {cell}", "", *table(result), "", verdict(cell, result), ""]
    return "\n".join(lines)


def table(result: SimulationResult) -> list[str]:
    """Return a row for each strategy."""
    half = len(result.labelled) // 2
    counts = [f"{result.labelled[place]:,} labels" for place in (0, half, -1)]
    lines = [
        f"| strategy | {' | '.join(counts)} | share of random's labels | by seed | discovered at {counts[1]} |",
        "|---|---|---|---|---|---|---|",
    ]
    for saving in result.savings():
        accuracy = 100 * result.measured(saving.strategy, "accuracy")
        found = result.measured(saving.strategy, "discovered").mean(axis=0)[half]
        means = " | ".join(f"{accuracy.mean(axis=0)[place]:.1f}" for place in (0, half, -1))
        share = "not reached" if saving.share is None else f"{saving.share:.0%}"
        lines.append(f"| {saving.strategy} | {means} | {share} | {by_seed(result, saving.strategy)} | {found:.1f} |")
    return lines


def by_seed(result: SimulationResult, strategy: str) -> str:
    """Return the median and the range over seeds of the share of random's labels, each seed against its own random."""
    shares = []
    for seed in result.spec.seeds:
        own = result.curves[result.curves["seed"] == seed]
        alone = SimulationResult(
            result.spec, own, result.classes, result.absent, result.start, result.pool, result.seconds, result.device
        )
        shares += [saving.share for saving in alone.savings() if saving.strategy == strategy]
    reached = [share for share in shares if share is not None]
    if len(reached) < len(shares):
        return f"{len(reached)} of {len(shares)} reach it"
    return f"{statistics.median(reached):.0%} ({min(reached):.0%} to {max(reached):.0%})"


def verdict(cell: str, result: SimulationResult) -> str:
    """Say which strategies need at most LIMIT of random's labels."""
    shares = {saving.strategy: saving.share for saving in result.savings()}
    able = [name for name in STRATEGIES if (share := shares.get(name)) is not None and share <= LIMIT]
    unable = [name for name in OOD_DRIVEN if name not in able]
    first = f"With *{cell}*, {listed(able)} reach random's final accuracy with at most {LIMIT:.0%} of its labels."
    second = f" Of the strategies that look for what is out of distribution, {listed(unable)} do not." if unable else ""
    second += (
        " (The diverse batch draws among the texts of least confidence, weighted by how far they lie from others.)"
    )
    return first + second


def listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])).lower() or "no strategy"


if __name__ == "__main__":
    main()
