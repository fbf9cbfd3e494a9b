"""Type a text and see what each classifier says: made for a room that looks on."""

import streamlit as st

from estitchup.ui import state
from estitchup.ui.bundle_offer import offer_bundles
from estitchup.ui.try_bench import try_bench


def show_start() -> None:
    """Say what to do when there is no experiment yet."""
    st.info(
        "There is no finished experiment yet, so there is no classifier to ask. Bring texts or take the sample, then "
        "train."
    )
    with st.container(horizontal=True):
        if st.button("Start with the sample", type="primary", icon=":material/play_arrow:"):
            st.switch_page("pages/prepare/data.py")
        if st.button("Go to Train", icon=":material/model_training:"):
            st.switch_page("pages/experiment/train.py")


st.title("Try it", anchor=False)
job = state.choose_experiment()
if job is None:
    show_start()
    st.stop()
found = state.result(job.id)
try_bench(job.id, found)
st.subheader("Take a classifier away", anchor=False)
offer_bundles(job.id, found.names)
