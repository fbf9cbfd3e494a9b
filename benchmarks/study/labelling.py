"""The paper's last claim: texts found to be unknown, labelled first, lift the model most. A campaign, played through.

A quarter of the classes is absent at the start, a few texts of the others are labelled, and all other training texts
are the pool, those of no class among them. Every strategy picks, is answered, and trains anew; the share of random's
labels that it needs for random's final accuracy is what it is worth.
"""

from functools import partial

import numpy as np
import pandas as pd

from benchmarks.study.kept import Kept
from benchmarks.study.sets import SPECS, LabelledSet
from estitchup.campaign import SimulationResult, SimulationSpec, labels_to
from estitchup.labeling import OOD_DRIVEN, RANDOM
from estitchup.recipe import BASELINE, Augmentation
from estitchup.simulation import LabelledTexts, simulate

CELLS = ("Soft E-Stitchup", BASELINE)
LIMIT = 0.65  # of random's labels: a strategy that needs more is not worth a queue


def labelling(one: LabelledSet, kept: Kept) -> pd.DataFrame:
    """Return a row for each augmentation and strategy; the columns are those of `savings_of`."""
    tables = []
    for cell in CELLS:
        spec = spec_of(one, cell)
        settings: dict[str, object] = {"spec": spec.model_dump(mode="json"), "corpus": one.corpus.digest}
        tables.append(kept.table("labelling", settings, partial(_run, one, spec)))
        print(f"  labelling {one.name}, {cell}", flush=True)
    return pd.concat(tables, ignore_index=True).assign(set=one.name)


def spec_of(one: LabelledSet, cell: str) -> SimulationSpec:
    """Return the campaign that a set is put through."""
    return SimulationSpec(corpus=SPECS[one.name], augmentation=Augmentation.named(cell))


def _run(one: LabelledSet, spec: SimulationSpec) -> pd.DataFrame:
    return savings_of(simulate(spec, LabelledTexts.of(one.corpus, one.vectors)))


def savings_of(result: SimulationResult) -> pd.DataFrame:
    """Return a row for each strategy.

    Accuracy at the start, halfway and at the end and classes discovered halfway are means over seeds; `share` is of
    random's labels by the mean curves, `lowest` and `highest` over the `reaching` seeds, each against its own random.
    """
    middle = len(result.labelled) // 2
    rows = []
    for saving in result.savings():
        accuracy = result.measured(saving.strategy, "accuracy").mean(axis=0)
        shares = _shares_by_seed(result, saving.strategy)
        reached = shares[~np.isnan(shares)]
        rows.append(
            {
                "augmentation": result.spec.augmentation.name,
                "strategy": saving.strategy,
                "accuracy_start": accuracy[0],
                "accuracy_middle": accuracy[middle],
                "accuracy_end": accuracy[-1],
                "discovered": result.measured(saving.strategy, "discovered").mean(axis=0)[middle],
                "share": np.nan if saving.share is None else saving.share,
                "lowest": reached.min() if reached.size else np.nan,
                "highest": reached.max() if reached.size else np.nan,
                "reaching": reached.size,
                "seeds": shares.size,
            }
        )
    facts = {"classes": result.classes, "absent": result.absent, "pool": result.pool, "rounds": result.spec.rounds}
    labels = {"labels_middle": result.labelled[middle], "labels_end": result.labelled[-1]}
    return pd.DataFrame(rows).assign(start_texts=result.spec.start_texts, **facts, **labels)


def _shares_by_seed(result: SimulationResult, strategy: str) -> np.ndarray:
    """Return each seed's share (S,) of its own random's labels, NaN where it never gets there."""
    levels = result.measured(RANDOM, "accuracy")[:, -1]
    curves = result.measured(strategy, "accuracy")
    labels = [labels_to(curve, result.labelled, level) for curve, level in zip(curves, levels, strict=True)]
    return np.array([np.nan if count is None else count / result.labelled[-1] for count in labels])


def labelling_tables(table: pd.DataFrame) -> str:
    """Return a Markdown table for each set and augmentation, with what was asked before it and a sentence after it."""
    groups = table.groupby(["set", "augmentation"], sort=False)
    return "\n\n".join(
        f"**{name}, {cell}**: {_asked(own.iloc[0])}\n\n{_rows(own)}\n\n{verdict(own)}" for (name, cell), own in groups
    )


def _asked(first: "pd.Series[float]") -> str:
    absent, classes, texts = (f"{first[name]:.0f}" for name in ("absent", "classes", "start_texts"))
    start = f"{absent} of {classes} classes absent, {texts} texts of each other"
    labels = f"{first['labels_end']:,.0f} labels in {first['rounds']:.0f} rounds"
    return f"{start} class labelled, a pool of {first['pool']:,.0f}, {labels}."


def _rows(own: pd.DataFrame) -> str:
    middle = f"{own['labels_middle'].iloc[0]:,} labels"
    header = ["strategy", "start", middle, f"{own['labels_end'].iloc[0]:,} labels", f"classes found at {middle}"]
    lines = [[*header, "share of random's labels", "range over seeds"], ["---"] + ["---:"] * 6]
    for _, row in own.iterrows():
        accuracy = [f"{100 * row[f'accuracy_{place}']:.1f}" for place in ("start", "middle", "end")]
        lines.append([str(row["strategy"]), *accuracy, f"{row['discovered']:.1f}", *_share(row)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _share(row: "pd.Series[float]") -> tuple[str, str]:
    share = "not reached" if np.isnan(row["share"]) else f"{row['share']:.0%}"
    if row["reaching"] < row["seeds"]:
        return share, f"{row['reaching']:.0f} of {row['seeds']:.0f} seeds reach it"
    return share, f"{row['lowest']:.0%} to {row['highest']:.0%}"


def verdict(own: pd.DataFrame) -> str:
    """Say which strategies need at most LIMIT of random's labels, and which that look for the unknown do not."""
    able = [str(name) for name in own.loc[own["share"] <= LIMIT, "strategy"] if name != RANDOM]
    unable = [name for name in OOD_DRIVEN if name in set(own["strategy"]) and name not in able]
    first = f"At most {LIMIT:.0%} of random's labels: {listed(able)}."
    return f"{first} Not so, of those that look for the unknown: {listed(unable)}." if unable else first


def listed(names: list[str]) -> str:
    """Return names in a sentence, such as "margin, entropy and energy"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])).lower() or "no strategy"
