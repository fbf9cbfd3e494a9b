"""What a page says about a job in the background: where it stands, how fast it goes, and how to stop it.

A page draws the panel in a fragment that runs twice a second while the job goes on, and not at all afterwards.
"""

import streamlit as st

from estitchup.jobs import Watched
from estitchup.progress import Progress
from estitchup.ui.guard import show_error
from estitchup.ui.state import queue
from estitchup.workspace import Job, Status

SECONDS_BETWEEN_LOOKS = 0.5


def progress_words(progress: Progress) -> str:
    """Return "Embedding 512 of 1,176 texts · 310 texts/s · 3 s left"."""
    words = f"{progress.stage} {progress.done:,} of {progress.total:,} {progress.unit}"
    speed = f" · {progress.rate:,.0f} {progress.unit}/s" if progress.rate else ""
    return words + speed + remaining_words(progress.remaining)


def remaining_words(seconds: float | None) -> str:
    """Return " · 3 s left" or " · 2 min left", nothing while it is not known."""
    if seconds is None:
        return ""
    return f" · {seconds / 60:.0f} min left" if seconds >= 90 else f" · {max(1, round(seconds))} s left"


def waiting_words(watched: Watched) -> str:
    """Say what a job waits for that has not told anything yet."""
    if watched.job.status is Status.QUEUED and watched.ahead:
        return f"Queued behind {watched.ahead} other {'job' if watched.ahead == 1 else 'jobs'}"
    return "Starting: the first job loads the encoder, which takes a few seconds"


def show_progress(watched: Watched) -> None:
    """Show a bar with the share that is done, or what the job waits for."""
    progress = watched.progress
    if progress is None or watched.job.status is Status.QUEUED:
        st.progress(0.0, text=waiting_words(watched))
    elif progress.stage == "Scoring":
        st.progress(1.0, text="Scoring the runs on test texts")
    else:
        st.progress(progress.share, text=progress_words(progress))


def stop_button(job: Job) -> None:
    """Offer to stop the job; what is finished is kept."""
    asked = queue().stopping(job.id)
    st.button(
        "Stopping …" if asked else "Stop",
        key=f"stop_{job.id}",
        icon=":material/stop_circle:",
        disabled=asked,
        on_click=queue().cancel,
        args=(job.id,),
    )


def show_failure(job: Job) -> None:
    """Say why the job failed, and offer to go on with it where it was cut off."""
    show_error(job.reason or "The job failed without a reason.")
    st.button("Resume", key=f"again_{job.id}", icon=":material/replay:", on_click=queue().resume, args=(job.id,))
