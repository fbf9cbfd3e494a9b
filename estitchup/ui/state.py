"""What a session holds on to: the workspace, the job queue, opened experiments.

Opened things are shared by all sessions of a server and are only ever read; what one person chose is in widget keys.
"""

import os

import streamlit as st

from estitchup.jobs import JobQueue
from estitchup.result import ExperimentResult
from estitchup.workspace import Job, Workspace


def workspace() -> Workspace:
    """Return the workspace that ESTITCHUP_HOME names."""
    return queue().workspace


def queue() -> JobQueue:
    """Return the job queue of the workspace."""
    return _queue(os.environ.get("ESTITCHUP_HOME", ""))


@st.cache_resource(show_spinner=False)
def _queue(home: str) -> JobQueue:  # the folder is the cache's key: another folder is another workspace
    return JobQueue(Workspace())


def result(job_id: str) -> ExperimentResult:
    """Open an experiment's result once for all sessions; it is read, never changed."""
    return _result(str(workspace().result_folder(job_id)), job_id)


@st.cache_resource(show_spinner="Opening the experiment …", max_entries=8)
def _result(folder: str, job_id: str) -> ExperimentResult:
    return workspace().load(job_id)


def choose_experiment() -> Job | None:
    """Let the person choose among the finished experiments, the newest first; None when there are none.

    The choice is in the address as `?experiment=…`, so that a link opens the same view.
    """
    jobs = {job.id: job for job in workspace().experiments()}
    if not jobs:
        return None
    chosen = st.selectbox(
        "Experiment",
        list(jobs),
        format_func=lambda job_id: f"{jobs[job_id].name} · {jobs[job_id].created[:16].replace('T', ' ')}",
        key="experiment",
        bind="query-params",
    )
    return jobs[chosen] if chosen else None
