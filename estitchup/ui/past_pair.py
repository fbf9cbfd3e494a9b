"""Two past experiments side by side: what differs between their settings, and between an augmentation of each."""

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from estitchup.comparison import Difference
from estitchup.pairing import Side, difference, same_test_texts, shared_seeds
from estitchup.recipe import BASELINE
from estitchup.report.sources import encoder_said, files_said, unknown_said
from estitchup.score_table import CHANGES, COLUMNS, written_change
from estitchup.spec import ExperimentSpec
from estitchup.ui.evaluation import evaluation
from estitchup.ui.guard import plain
from estitchup.ui.past_list import MISSING
from estitchup.workspace import Job

METRICS = ("accuracy", "ece", "nll", "auroc", "fpr_at_95_tpr")
UNPAIRED = (
    "The two were tested on different texts, so that a difference may come from the texts alone: each side stands with "
    "its own figures, and the interval is unpaired."
)
PAIRED = "Both answered the same test texts: differences are paired over texts, and over the seeds that both ran."


def show_pair(first: Job, second: Job) -> None:
    """Compare an augmentation of the first experiment with one of the second."""
    st.subheader("Side by side", anchor=False)
    one, other = (
        _choose(job, column) for job, column in zip((first, second), st.columns(2, gap="medium"), strict=True)
    )
    same = same_test_texts(one.result, other.result)
    paired = same and bool(shared_seeds(one.result, other.result))
    if not same:
        st.info(UNPAIRED, icon=":material/compare:")
    st.table(score_pairs(one, other, paired=paired), border="horizontal", alt="Scores of both and their difference")
    st.caption(
        f"{PAIRED if paired else 'The interval is unpaired.'} Difference: the second less the first, with its 95% "
        "interval, on test texts."
    )
    _show_settings(first, second)


def _choose(job: Job, column: st.delta_generator.DeltaGenerator) -> Side:
    found = evaluation(job.id)
    with column:
        st.markdown(f"**{plain(job.name)}** · {job.created[:16].replace('T', ' ')}")
        start = found.names.index(BASELINE) if found.has_baseline else 0
        name = st.selectbox("Augmentation", found.names, start, key=f"pair {job.id}")
    return Side(found.result, name)


def score_pairs(one: Side, other: Side, *, paired: bool) -> pd.DataFrame:
    """Return a row for each metric: both means over seeds, and the difference in words."""
    rows = {}
    for metric in METRICS:
        own = difference(metric, one, other, paired=paired)
        rows[CHANGES[metric].heading] = {
            "First": _mean(one, metric),
            "Second": _mean(other, metric),
            "Difference": _said(own, metric),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("Metric")


def _mean(side: Side, metric: str) -> str:
    values = [run.metrics[metric] for run in side.runs()]
    mean, column = sum(values) / len(values), COLUMNS[metric]
    return MISSING if mean != mean else f"{column.factor * mean:.{column.decimals}f}"


def _said(own: Difference, metric: str) -> str:
    return written_change(own, CHANGES[metric])


def _show_settings(first: Job, second: Job) -> None:
    """Show the settings in which the two differ."""
    pairs = [(name, one, other) for (name, one), (_, other) in zip(_settings(first), _settings(second), strict=True)]
    rows = {name: {"First": plain(one), "Second": plain(other)} for name, one, other in pairs if one != other}
    if not rows:
        st.caption("Their settings are the same.")
        return
    st.markdown("**What was set differently**")
    st.table(pd.DataFrame.from_dict(rows, orient="index"), border="horizontal", alt="Settings that differ")


def _settings(job: Job) -> Iterator[tuple[str, str]]:
    spec = job.spec
    assert isinstance(spec, ExperimentSpec)
    yield "Texts", files_said(spec.corpus)
    yield "Unknown", unknown_said(spec.corpus)
    yield "Encoder", encoder_said(spec)
    yield "Head", spec.head.kind if spec.head.kind == "linear" else f"{spec.head.kind}, {spec.head.hidden}"
    yield "Epochs", str(spec.training.epochs)
    yield "Seeds", ", ".join(map(str, spec.seeds))
    yield "Augmentations", ", ".join(augmentation.name for augmentation in spec.augmentations)
