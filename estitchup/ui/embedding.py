"""The step that turns texts into vectors: start it, follow it, and go on to training."""

import streamlit as st

from estitchup.encoding import DEFAULT_ENCODER
from estitchup.ui.guard import guard, plain
from estitchup.ui.job_panel import SECONDS_BETWEEN_LOOKS, show_failure, show_progress, stop_button
from estitchup.ui.state import queue, workspace
from estitchup.workspace import EmbedSpec, Job, Status


def embedding_job(spec: EmbedSpec) -> Job | None:
    """Return the latest job that embeds these texts with this encoder, however they are split."""
    jobs = reversed(workspace().jobs())
    return next((job for job in jobs if isinstance(job.spec, EmbedSpec) and _texts(job.spec) == _texts(spec)), None)


def show_embedding(spec: EmbedSpec, texts: int) -> None:
    """Show where embedding these texts stands, and the button that is next."""
    job = embedding_job(spec)
    encoder = plain(spec.encoder)
    if job is None:
        st.markdown(f"**Next: embed {texts:,} texts** with {encoder}. It is done once for each text.")
        _offer(spec, "Embed")
    elif not job.status.over:
        _follow(job.id)
    elif job.status is Status.FINISHED:
        st.markdown(f":material/check_circle: **The texts are embedded** with {encoder}.")
        _next_button()
    elif job.status is Status.STOPPED:
        st.markdown("**Embedding was stopped.** What was embedded is kept.")
        _offer(spec, "Go on embedding")
    else:
        show_failure(job)


def show_given_vectors(rows: int, dimensions: int) -> None:
    """Say that the vectors came with the file, and show the button that is next."""
    st.markdown(
        f":material/check_circle: **{rows:,} vectors of {dimensions:,} dimensions** came with the file: nothing is "
        "left to embed."
    )
    _next_button()


def _next_button() -> None:
    if st.button("Next: train", type="primary", icon=":material/arrow_forward:", key="next_train"):
        st.switch_page("pages/experiment/train.py")


def _texts(spec: EmbedSpec) -> tuple[object, ...]:
    # Another split or other classes leave the texts the same; the few that differ are embedded when training starts.
    corpus = spec.corpus
    return corpus.file, corpus.text_column, corpus.reading, corpus.more, spec.encoder


def _offer(spec: EmbedSpec, label: str) -> None:
    if st.button(label, type="primary", icon=":material/play_arrow:", key="embed"):
        _start(spec)
    if spec.encoder != DEFAULT_ENCODER:
        st.caption("An encoder that is not on this computer is downloaded first.")


def _start(spec: EmbedSpec) -> None:
    queue().submit(spec)
    st.rerun()


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
@guard()
def _follow(job_id: str) -> None:
    watched = queue().watch(job_id)
    if watched is None or watched.job.status.over:
        st.rerun()
    show_progress(watched)
    stop_button(watched.job)
