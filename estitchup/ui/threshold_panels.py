"""One threshold over the histograms of several augmentations, and below each what the threshold does.

A fragment, so that moving the slider redraws the panels and nothing else. The threshold is in the address.
"""

import math

import streamlit as st

from estitchup.ui.charts.frame import CONFIG
from estitchup.ui.evaluation import Evaluation
from estitchup.ui.guard import guard
from estitchup.ui.outcomes import Outcomes

SHARES = {
    "known_kept": "Known kept",
    "unknown_caught": "Unknown caught",
    "accepted_accuracy": "Right among accepted",
}


@st.fragment
def threshold_panels(job_id: str, found: Evaluation, names: list[str]) -> None:
    """Draw the slider and a panel for each of these augmentations."""
    with guard():
        threshold = _choose_threshold(job_id, found)
        with st.grid(2, min_column_width=330, gap="medium"):
            for name in names:
                with st.container():
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
        help="A text is accepted when its confidence is at least the threshold, else it is called unknown.",
    )
    st.caption(
        f"It starts at {default:.2f}, where {found.reference} keeps 90% of the known validation texts. "
        "What it does is counted on test texts. One threshold serves every panel, although each classifier has its "
        "own scale of confidence."
    )
    return threshold


def _panel(found: Evaluation, name: str, threshold: float) -> None:
    outcomes = found.outcomes(name, threshold)
    st.plotly_chart(
        found.histogram(name, threshold),
        key=f"histogram {name}",
        config=CONFIG,
        alt=f"{name}: shares of known and unknown test texts by confidence. {found.separation(name)}.",
    )
    st.markdown(_table(outcomes))


def _table(outcomes: Outcomes) -> str:
    """Return a Markdown table of shares, mean over seeds, and of counts, summed over seeds."""
    shares = [_percent(getattr(outcomes, share)) for share in SHARES]
    counts = ["{:,}/{:,}".format(*outcomes.counts[share]) for share in SHARES]
    rows = [list(SHARES.values()), ["---"] * len(SHARES), [f"**{share}**" for share in shares], counts]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.1%}"
