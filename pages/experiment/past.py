"""Past experiments: find one again, open it, give it a name, set two side by side, remove it."""

from pathlib import Path

import streamlit as st

from estitchup.errors import EstitchupError
from estitchup.ui.guard import show_error
from estitchup.ui.past_list import show_acts, show_bin, show_list, show_undo
from estitchup.ui.past_pair import show_pair
from estitchup.ui.state import workspace


def show_start() -> None:
    """Say what to do when there is no experiment yet."""
    st.info("There is no finished experiment yet. Bring texts or take the sample, then train; it is kept here.")
    with st.container(horizontal=True):
        if st.button("Start with the sample", type="primary", icon=":material/play_arrow:"):
            st.switch_page("pages/prepare/data.py")
        if st.button("Go to Train", icon=":material/model_training:"):
            st.switch_page("pages/experiment/train.py")


def ask_folder() -> None:
    """Add what the command line wrote."""
    with (
        st.expander("Add a finished folder", icon=":material/folder_open:"),
        st.form("add_folder", border=False, clear_on_submit=True),
    ):
        folder = st.text_input(
            "Folder that `estitchup run --out` wrote", key="past_folder", placeholder="results/monday"
        )
        if not st.form_submit_button("Add"):
            return
        try:
            if not folder.strip():
                raise EstitchupError("No folder is named: give the path that followed --out.")
            workspace().add_folder(Path(folder.strip()).expanduser())
        except EstitchupError as error:
            show_error(str(error))
            return
    st.rerun()


st.title("Experiments", anchor=False)
show_undo()
jobs = workspace().experiments()
if not jobs:
    show_start()
else:
    ticked = show_list(jobs)
    if not ticked:
        st.caption("Tick one to open, rename or remove it, two to set them side by side.")
    elif len(ticked) == 1:
        show_acts(ticked[0])
    elif len(ticked) == 2:
        show_pair(*ticked)
    else:
        st.info("Tick two at most to set them side by side.")
ask_folder()
show_bin()
