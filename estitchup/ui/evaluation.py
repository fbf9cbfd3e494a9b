"""An experiment's evaluation, computed once an experiment and not once a rerun; the same for all sessions."""

import streamlit as st

from estitchup.evaluation import Evaluation
from estitchup.ui import state


def evaluation(job_id: str) -> Evaluation:
    """Return the evaluation of a finished experiment, the same for all sessions."""
    return _evaluation(str(state.workspace().result_folder(job_id)), job_id)


@st.cache_resource(show_spinner=False, max_entries=8)
def _evaluation(folder: str, job_id: str) -> Evaluation:  # noqa: ARG001 - the folder is part of the cache's key
    return Evaluation(state.result(job_id))
