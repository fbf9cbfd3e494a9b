"""Does augmentation help on these texts? Accuracy, calibration, unknown texts and speed, side by side."""

from collections.abc import Callable

import streamlit as st

from estitchup.evaluation import Evaluation
from estitchup.recipe import BASELINE
from estitchup.ui import state
from estitchup.ui.comparison_tabs import (
    show_calibration,
    show_classes,
    show_detectors,
    show_metrics,
    show_speed,
)
from estitchup.ui.comparison_view import show_answer, show_changes, show_downloads, show_scores
from estitchup.ui.evaluation import evaluation
from estitchup.ui.threshold_panels import threshold_panels
from estitchup.verdict import verdicts

NO_BASELINE = (
    f"{BASELINE} is not among the runs, so differences from it cannot be shown: train again with it to see whether "
    "augmentation helps."
)
ALONE = f"{BASELINE} stands alone here: choose another augmentation to see what it changes."


def show_start() -> None:
    """Say what to do when there is nothing to compare yet."""
    if state.queue().active():
        st.info("An experiment is at work. Its results appear here when it has finished.")
        if st.button("Watch it train", type="primary", icon=":material/model_training:"):
            st.switch_page("pages/experiment/train.py")
        return
    st.info(
        "There is no finished experiment yet. Bring texts or take the sample, then train with and without augmentation."
    )
    with st.container(horizontal=True):
        if st.button("Start with the sample", type="primary", icon=":material/play_arrow:"):
            st.switch_page("pages/prepare/data.py")
        if st.button("Go to Train", icon=":material/model_training:"):
            st.switch_page("pages/experiment/train.py")


def show_circumstances(found: Evaluation) -> None:
    """Say what was run, and what limits the answer."""
    result = found.result
    st.caption(found.circumstances)
    if result.facts.stopped:
        st.warning(
            f"This experiment was stopped after epoch {found.epochs_trained} of {result.spec.training.epochs}: "
            "later epochs might have changed the picture.",
            icon=":material/stop_circle:",
        )
    if len(result.spec.seeds) == 1:
        st.info("One seed was run: what is shown covers the luck of the test texts, but not that of training.")


st.title("Compare", anchor=False)
job = state.choose_experiment()
if job is None:
    show_start()
    st.stop()
found = evaluation(job.id)
show_circumstances(found)
names = st.pills(
    "Augmentations", found.names, selection_mode="multi", default=found.names, key="shown", bind="query-params"
)
if not names:
    st.info("Choose at least one augmentation.")
    st.stop()

answer_slot = st.container()
show_scores(found, names)
change_slot = st.container()
sections: dict[str, Callable[[Evaluation, list[str]], None]] = {
    "Calibration": show_calibration,
    "Accuracy and speed": show_speed,
    "Classes": show_classes,
    "All metrics": show_metrics,
}
unknown, *others = st.tabs(["Unknown texts", *sections], key="view", bind="query-params")
if unknown.open:
    with unknown:
        threshold_panels(job.id, found, names)
        if found.unknown:
            show_detectors(found, names)
for tab, show in zip(others, sections.values(), strict=True):
    if tab.open:
        with tab:
            show(found, names)

with answer_slot, st.skeleton(height=240):  # last, because the intervals of many texts take seconds at the first visit
    differences = found.differences_of(names)
    if differences:
        show_answer(verdicts(differences))
    else:
        st.info(NO_BASELINE if not found.has_baseline else ALONE)
if differences:
    with change_slot:
        show_changes(differences)
show_downloads(found, job.name)
