"""An experiment that trains: its curves as they grow, what became of it, and the way to its comparison."""

import streamlit as st

from estitchup.jobs import Watched
from estitchup.spec import ExperimentSpec
from estitchup.ui import address
from estitchup.ui.curves import show_curves
from estitchup.ui.guard import guard, plain
from estitchup.ui.job_panel import (
    SECONDS_BETWEEN_LOOKS,
    remaining_words,
    show_failure,
    show_progress,
    stop_button,
)
from estitchup.ui.state import queue, workspace
from estitchup.workspace import EmbedSpec, Job, Status

COMPARE = "pages/experiment/compare.py"


def start(spec: ExperimentSpec) -> None:
    """Queue the experiment and make it the one this page follows."""
    address.keep("job", queue().submit(spec).id)
    st.rerun()


def followed_job(prepared: EmbedSpec) -> Job | None:
    """Return the experiment on this corpus that address or session name, else one that goes on, else the latest."""
    job_id = address.recalled("job")
    job = workspace().job(job_id) if job_id else None
    if job is not None and isinstance(job.spec, ExperimentSpec) and job.spec.corpus == prepared.corpus:
        return job
    removed = set(workspace().shelf.removed())
    others = [*queue().active(), *reversed([job for job in workspace().jobs() if job.id not in removed])]
    experiments = [job for job in others if isinstance(job.spec, ExperimentSpec)]
    return next((job for job in experiments if job.spec.corpus == prepared.corpus), None)


def show_training(job: Job) -> None:
    """Show the experiment: while it goes on twice a second, without touching the rest of the page."""
    if not job.status.over:
        _follow(job.id)
        return
    watched = queue().watch(job.id)
    if watched is not None and isinstance(job.spec, ExperimentSpec):
        _show_end(watched, job.spec)


def open_comparison(job_id: str) -> None:
    """Go to the page that compares, with this experiment chosen."""
    st.switch_page(COMPARE, query_params={"experiment": job_id})


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
@guard()
def _follow(job_id: str) -> None:
    watched = queue().watch(job_id)
    if watched is None or watched.job.status.over:
        address.keep("job", job_id)  # or a page that found it among those going on would lose it now
        st.rerun()
    st.markdown(f"**{plain(watched.job.name)}**")
    scoring = watched.progress is not None and watched.progress.stage == "Scoring"
    if watched.epochs and watched.stopping:
        st.progress(watched.epochs[-1].epoch / watched.epochs[-1].epochs, text=stopping_words(watched, scoring))
    elif watched.epochs and not scoring:
        last = watched.epochs[-1]
        words = f"Training on {last.device}: epoch {last.epoch} of {last.epochs} · {epochs_rate(watched)}"
        st.progress(last.epoch / last.epochs, text=words + remaining_words(last.remaining))
    elif watched.progress and watched.progress.stage == "Embedding" and watched.progress.share == 1.0:
        st.progress(0.0, text="Training: the first epoch is under way")
    else:
        show_progress(watched)
    if not scoring:
        stop_button(watched.job)
    show_note(watched)
    if watched.epochs and isinstance(watched.job.spec, ExperimentSpec):
        show_curves(watched, watched.job.spec)


def stopping_words(watched: Watched, scoring: bool) -> str:
    """Say how far a stop has come: training ends within a second, scoring what it gave may take longer."""
    last = watched.epochs[-1]
    if not scoring:
        return "Stopping …"
    return f"Stopped after epoch {last.epoch} of {last.epochs}; scoring what the finished epochs gave"


def show_note(watched: Watched) -> None:
    """Say why it does not train where it should, if it does not."""
    if watched.epochs and watched.epochs[-1].note:
        st.info(watched.epochs[-1].note, icon=":material/memory:")


def epochs_rate(watched: Watched) -> str:
    """Return "1.3 epochs/s" of the epochs so far, or "2.5 s an epoch" where they are slow."""
    last = watched.epochs[-1]
    seconds = last.seconds / last.epoch
    return f"{1 / seconds:.1f} epochs/s" if 0 < seconds < 1 else f"{seconds:.1f} s an epoch"


def end_words(watched: Watched, spec: ExperimentSpec) -> str:
    """Say in a sentence what became of an experiment that has a result."""
    last = watched.epochs[-1]
    runs = f"{len(spec.run_keys)} run{'s' * (len(spec.run_keys) > 1)}"
    if watched.job.status is Status.STOPPED:
        return f"Stopped after epoch {last.epoch} of {last.epochs}; what the finished epochs gave is kept."
    return f"Trained {runs} for {last.epochs} epochs in {last.seconds:.1f} s on {last.device}."


def _show_end(watched: Watched, spec: ExperimentSpec) -> None:
    job = watched.job
    st.markdown(f"**{plain(job.name)}**")
    if job.status is Status.FAILED:
        show_failure(job)
    elif not workspace().has_result(job.id):
        words = "Stopped before the first epoch ended, so there is no result: start again when you like."
        st.info(words, icon=":material/stop_circle:")
    else:
        if watched.epochs:
            icon = "stop_circle" if job.status is Status.STOPPED else "check_circle"
            st.markdown(f":material/{icon}: {end_words(watched, spec)}")
        if st.button("Next: compare", type="primary", icon=":material/arrow_forward:", key="next_compare"):
            open_comparison(job.id)
    show_note(watched)
    if watched.epochs:
        show_curves(watched, spec)
