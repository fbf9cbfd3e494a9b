"""Take it away: choose what a report says, see it small, and download it as a page, as slides, or as figures."""

import streamlit as st

from estitchup.ui import state
from estitchup.ui.evaluation import evaluation
from estitchup.ui.guard import plain
from estitchup.ui.presentation import presenting
from estitchup.ui.report_choices import Choices, choose
from estitchup.ui.report_view import report_of, show_files, show_preview, show_whole


def show_start() -> None:
    """Say what to do when there is no experiment yet."""
    st.info(
        "There is no finished experiment yet, so there is nothing to report. Bring texts or take the sample, "
        "then train."
    )
    with st.container(horizontal=True):
        if st.button("Start with the sample", type="primary", icon=":material/play_arrow:"):
            st.switch_page("pages/prepare/data.py")
        if st.button("Go to Train", icon=":material/model_training:"):
            st.switch_page("pages/experiment/train.py")


def show_report(job_id: str, choices: Choices) -> None:
    """Show files and preview of what is chosen."""
    if not choices.names or not choices.panels:
        what = "panel" if choices.names else "augmentation"
        st.info(f"Choose at least one {what}.")
        return
    with st.spinner("Putting the report together …"):
        report = report_of(job_id, choices)
    show_files(report)
    st.caption(f"Preview · {plain(report.title)}")
    show_preview(report)


if not presenting():
    st.title("Report", anchor=False)
job = state.choose_experiment()
if job is None:
    show_start()
    st.stop()
names = evaluation(job.id).names
if presenting():
    form = st.container(key="report_form")
    with form:
        st.html("<style>.st-key-report_form {display: none}</style>")
        choices = choose(job.id, names)
    if choices.names and choices.panels:
        show_whole(report_of(job.id, choices))
    st.stop()
settings, view = st.columns([2, 3], gap="large")
with settings:
    choices = choose(job.id, names)
with view:
    show_report(job.id, choices)
