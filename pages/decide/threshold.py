"""Where to draw the line: a policy or a hand sets each threshold, and the page says what it does."""

import streamlit as st

from estitchup.corpus import Role
from estitchup.ui import state
from estitchup.ui.decision import decision
from estitchup.ui.threshold_workbench import threshold_workbench


def show_start() -> None:
    """Say what to do when there is no experiment yet."""
    st.info(
        "There is no finished experiment yet, so there is no confidence to draw a line through. Bring texts or take "
        "the sample, then train."
    )
    with st.container(horizontal=True):
        if st.button("Start with the sample", type="primary", icon=":material/play_arrow:"):
            st.switch_page("pages/prepare/data.py")
        if st.button("Go to Train", icon=":material/model_training:"):
            st.switch_page("pages/experiment/train.py")


st.title("Threshold", anchor=False)
job = state.choose_experiment()
if job is None:
    show_start()
    st.stop()
found = decision(job.id)
st.caption(
    "A text is answered when the classifier's confidence is at least the threshold, else it is refused as unknown. "
    "Thresholds are chosen on validation texts; all numbers below are counted on test texts."
)
if not found.has_unknown(Role.TEST):
    st.info(
        "This experiment has no unknown test texts, so how many a threshold catches cannot be shown; what it costs in "
        "known texts can. Mark classes as unknown on the Data page to see both."
    )
threshold_workbench(job.id, found)
