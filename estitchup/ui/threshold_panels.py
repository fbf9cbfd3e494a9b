"""One threshold over the histograms of several augmentations, and below each what the threshold does.

A fragment, so that moving the slider redraws the panels and nothing else. The threshold is in the address.
"""

import streamlit as st

from estitchup import moves
from estitchup.evaluation import Evaluation
from estitchup.ui.guard import guard
from estitchup.ui.moving import moving_panel


@st.fragment
def threshold_panels(job_id: str, found: Evaluation, names: list[str]) -> None:
    """Draw the slider and a panel for each of these augmentations."""
    with guard():
        if not found.unknown:
            st.info(
                "This experiment has no unknown texts. Mark classes as unknown on the Data page to see what a "
                "threshold catches; here it shows only what it costs."
            )
        threshold = _choose_threshold(job_id, found)
        with st.grid(2, min_column_width=330, gap="medium"):
            for name in names:
                _panel(found, name, threshold)


def _choose_threshold(job_id: str, found: Evaluation) -> float:
    default = found.default_threshold
    if st.session_state.get("threshold_chosen_for", job_id) != job_id:
        st.session_state["threshold"] = default  # a threshold belongs to one experiment's classifiers
    st.session_state["threshold_chosen_for"] = job_id
    threshold: float = st.slider(
        "Confidence threshold",
        0.0,
        1.0,
        default,
        0.01,
        key="threshold",
        bind="query-params",
        help="A text is accepted when its confidence is at least the threshold, else it is called unknown. The dashed "
        "lines can be dragged too.",
    )
    st.caption(
        f"It starts at {default:.2f}, where {found.reference} keeps 90% of the known validation texts. "
        "What it does is counted on test texts. One threshold serves every panel, although each classifier has its "
        "own scale of confidence."
    )
    return threshold


def _panel(found: Evaluation, name: str, threshold: float) -> None:
    highest = max(float(shares.max()) for pair in found.shares.values() for shares in pair)
    frame = moves.Frame("compare", name, name, found.separation(name), f"Threshold line, {name}")
    data = moves.panel(frame, found.shares[name], highest, threshold, found.curves(name), found.moves[name])
    moving_panel(data, f"moving {name}", _let_go)


def _let_go(threshold: float) -> None:
    st.session_state["threshold"] = threshold
