"""An experiment's decision, computed once an experiment and not once a move of the slider; for all sessions."""

import streamlit as st

from estitchup.decision import Decision
from estitchup.ui import state


def decision(job_id: str) -> Decision:
    """Return the decision's material of a finished experiment, the same for all sessions."""
    return _decision(str(state.workspace().result_folder(job_id)), job_id)


@st.cache_resource(show_spinner=False, max_entries=4)
def _decision(folder: str, job_id: str) -> Decision:  # noqa: ARG001 - the folder is part of the cache's key
    return Decision(state.result(job_id))
