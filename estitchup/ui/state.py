"""What a session holds on to: the workspace, the job queue, opened experiments.

Opened things are shared by all sessions of a server and are only ever read; what one person chose is in widget keys.
"""

import os
from collections import Counter
from collections.abc import Iterable

import streamlit as st

from estitchup.jobs import JobQueue
from estitchup.result import ExperimentResult
from estitchup.ui.address import keep, recalled, tell_bad_thresholds
from estitchup.ui.guard import plain
from estitchup.ui.presentation import presenting, share_bar
from estitchup.workspace import Job, Workspace


def workspace() -> Workspace:
    """Return the workspace that ESTITCHUP_HOME names."""
    return queue().workspace


def queue() -> JobQueue:
    """Return the job queue of the workspace."""
    return _queue(os.environ.get("ESTITCHUP_HOME", ""))


@st.cache_resource(show_spinner=False)
def _queue(home: str) -> JobQueue:  # noqa: ARG001 (the cache's key: another folder is another workspace)
    return JobQueue(Workspace())


def result(job_id: str) -> ExperimentResult:
    """Open an experiment's result once for all sessions; it is read, never changed."""
    return _result(str(workspace().result_folder(job_id)), job_id)


@st.cache_resource(show_spinner="Opening the experiment …", max_entries=8)
def _result(folder: str, job_id: str) -> ExperimentResult:  # noqa: ARG001 (the cache's key)
    return workspace().load(job_id)


def choose_experiment() -> Job | None:
    """Let the person choose among the finished experiments, the newest first; None when there are none.

    The choice is in the address as `?experiment=…`, so that a link opens the same view. An address that names an
    experiment that is not there says so and shows the newest.
    """
    jobs = {job.id: job for job in workspace().experiments()}
    if not jobs:
        return None
    asked = st.session_state.pop("picked experiment", None) or recalled("experiment")
    if asked and asked not in jobs:
        st.warning(f"There is no experiment {plain(asked)} here; this is the newest.", icon=":material/link_off:")
    tell_bad_thresholds()
    # Set through the key and not through `index`: a changing index makes another widget, which loses the next choice.
    st.session_state["chosen experiment"] = asked if asked in jobs else next(iter(jobs))
    labels = _labels(jobs.values())
    if presenting():
        st.caption(plain(labels[st.session_state["chosen experiment"]]))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen: str = st.selectbox(
            "Experiment",
            list(jobs),
            format_func=labels.__getitem__,
            key="chosen experiment",
            on_change=_pick,
            width="stretch",
        )
        share_bar()
    keep("experiment", chosen)
    return jobs[chosen]


def _labels(jobs: Iterable[Job]) -> dict[str, str]:
    """Return a label for each id; no two are the same, because the browser sends the label back."""
    labels = {job.id: f"{job.name} · {job.created[:16].replace('T', ' ')}" for job in jobs}
    often = Counter(labels.values())
    return {job_id: label if often[label] == 1 else f"{label} · {job_id}" for job_id, label in labels.items()}


def _pick() -> None:
    st.session_state["picked experiment"] = st.session_state["chosen experiment"]
