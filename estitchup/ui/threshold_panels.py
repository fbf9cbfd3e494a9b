"""One threshold over the histograms of several augmentations, and below each what the threshold does.

Moving the slider reruns the inner fragment alone, which sends a few numbers for each panel. The threshold is in the
address.
"""

from typing import Any

import streamlit as st

from estitchup import moves
from estitchup.evaluation import Evaluation
from estitchup.ui.guard import guard
from estitchup.ui.moving import moving_panel, moving_tables


@st.fragment
def threshold_panels(job_id: str, found: Evaluation, names: list[str]) -> None:
    """Draw the slider and a panel for each of these augmentations."""
    with guard():
        if not found.unknown:
            st.info(
                "This experiment has no unknown texts. Mark classes as unknown on the Data page to see what a "
                "threshold catches; here it shows only what it costs."
            )
        if st.session_state.get("threshold_chosen_for", job_id) != job_id:
            st.session_state["threshold"] = found.default_threshold  # a threshold belongs to one experiment
        st.session_state["threshold_chosen_for"] = job_id
        with st.container(gap=None):
            st.caption(
                f"The threshold starts at {found.default_threshold:.2f}, where {found.reference} keeps 90% of the "
                "known validation texts. What it does is counted on test texts. One threshold serves every panel, "
                "although each classifier has its own scale of confidence."
            )
            version = moving_tables([_table(found, name) for name in names], "tables of the comparison")
        _moving_part(found, names, version)


def _table(found: Evaluation, name: str) -> dict[str, Any]:
    highest = max(float(shares.max()) for pair in found.shares.values() for shares in pair)
    frame = moves.Frame("compare", name, name, found.separation(name), f"Threshold line, {name}")
    return moves.table(frame, found.shares[name], highest, found.moves[name])


@st.fragment
def _moving_part(found: Evaluation, names: list[str], version: str) -> None:
    """Draw what a move of the threshold redraws, and nothing else."""
    with guard():
        threshold = _choose_threshold(found)
        with st.grid(2, min_column_width=330, gap="medium"):
            for name in names:
                moving_panel(moves.position(name, threshold, found.curves(name)), version, f"moving {name}", _let_go)


def _choose_threshold(found: Evaluation) -> float:
    threshold: float = st.slider(
        "Confidence threshold",
        0.0,
        1.0,
        found.default_threshold,
        0.01,
        key="threshold",
        bind="query-params",
        help="A text is accepted when its confidence is at least the threshold, else it is called unknown. The dashed "
        "lines can be dragged too.",
    )
    return threshold


def _let_go(threshold: float) -> None:
    st.session_state["threshold"] = threshold
