"""Retrain with what people said: a new experiment on the same test texts, and what the labels changed."""

import hashlib

import pandas as pd
import streamlit as st

from estitchup.errors import EstitchupError
from estitchup.relabelling import FEWEST_TO_VALIDATE, Change, Relabelled, changes, relabelled
from estitchup.spec import ExperimentSpec
from estitchup.ui import state
from estitchup.ui.guard import guard, plain, show_error
from estitchup.ui.job_panel import SECONDS_BETWEEN_LOOKS, show_failure, show_progress, stop_button
from estitchup.ui.label_desk import LabelDesk, label_store
from estitchup.workspace import Job, Status


def show_retrain(job_id: str, desk: LabelDesk) -> None:
    """Offer to retrain, follow it, and show before and after."""
    try:
        now = relabelled(desk.result, label_store().current(desk.scope), desk.given_vectors)
    except EstitchupError as error:
        st.info(str(error))
        return
    _say_what(now)
    file = _file(job_id, now)
    job = _retrained(now.spec(desk.result.spec, file))
    if job is None:
        if st.button("Retrain with these labels", type="primary", icon=":material/model_training:", key="retrain"):
            _start(job_id, desk, now, file)
        _show_earlier(job_id, desk)
    elif not job.status.over:
        _follow(job.id)
    elif job.status is Status.FAILED:
        show_failure(job)
    elif state.workspace().has_result(job.id):
        _show_changes(desk, job)
    else:
        st.info("Retraining was stopped before its first epoch ended.")
        if st.button("Retrain again", key="retrain_again"):
            _start(job_id, desk, now, file)


def _say_what(now: Relabelled) -> None:
    new = (
        f", of {len(now.new_classes)} new classes: {', '.join(map(plain, now.new_classes))}" if now.new_classes else ""
    )
    st.markdown(f"**{now.gained:,} labelled texts join the training texts{new}.**")
    st.caption(
        "Settings and test texts stay the same. A new class gives every fifth text to validation once it has "
        f"{FEWEST_TO_VALIDATE}. Texts that you skipped, or that are none of the classes, stay in the pool. Test texts "
        "of a class that becomes known count apart: the experiment before could only get them wrong."
    )


def _file(job_id: str, now: Relabelled) -> str:
    """Return the file of the new corpus: the same labels have the same file, so a retraining is found again."""
    said = now.table[["text", "label", "split"]]  # vectors are those of the experiment
    digest = hashlib.sha256(pd.util.hash_pandas_object(said, index=False).to_numpy().tobytes()).hexdigest()[:12]
    return str(state.workspace().root / "labelled" / f"{job_id}-{digest}.parquet")


def _jobs_on(start: str) -> list[Job]:
    return [
        job
        for job in reversed(state.workspace().jobs())
        if isinstance(job.spec, ExperimentSpec) and job.spec.corpus.file.startswith(start)
    ]


def _retrained(spec: ExperimentSpec) -> Job | None:
    """Return the latest experiment with this spec."""
    return next((job for job in _jobs_on(spec.corpus.file) if job.spec == spec), None)


def _start(job_id: str, desk: LabelDesk, now: Relabelled, file: str) -> None:
    state.workspace().keep_table(now.table, file)
    before = state.workspace().job(job_id)
    name = f"{before.name if before else job_id} + {now.gained} labels"
    state.queue().submit(now.spec(desk.result.spec, file), name)
    st.rerun()


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
@guard()
def _follow(job_id: str) -> None:
    watched = state.queue().watch(job_id)
    if watched is None or watched.job.status.over:
        st.rerun()
    st.markdown(f"**{plain(watched.job.name)}**")
    if watched.epochs:
        last = watched.epochs[-1]
        st.progress(last.epoch / last.epochs, text=f"Training: epoch {last.epoch} of {last.epochs}")
    else:
        show_progress(watched)
    stop_button(watched.job)


def _show_earlier(job_id: str, desk: LabelDesk) -> None:
    """Show what the latest finished retraining changed, when labels have come since."""
    earlier = _jobs_on(str(state.workspace().root / "labelled" / f"{job_id}-"))
    done = next((job for job in earlier if state.workspace().has_result(job.id)), None)
    if done is not None:
        st.caption("With the labels of the last retraining:")
        _show_changes(desk, done)


def _show_changes(desk: LabelDesk, job: Job) -> None:
    try:
        found = changes(desk.result, state.result(job.id))
    except EstitchupError as error:
        show_error(str(error))
        return
    best = max(found, key=lambda own: own.after)
    st.subheader(plain(sentence(best)), anchor=False)
    st.table(changes_table(found), border="horizontal")
    texts = found[0].new_texts
    note = (
        f" Of {texts:,} test texts whose class became known, the last column says how many are right." if texts else ""
    )
    st.caption(
        "Before and after answer the same test texts, those whose class was known before; 95% intervals are paired "
        "over seeds and texts. AUROC: how well doubt tells unknown texts from known ones." + note
    )
    if st.button("Open the new experiment", icon=":material/arrow_forward:", key="open_retrained"):
        st.switch_page("pages/experiment/compare.py", query_params={"experiment": job.id})


def sentence(change: Change) -> str:
    """Say what the labels did to the classifier that is best after them."""
    gained = 100 * change.accuracy.mean
    interval = f"95% interval {100 * change.accuracy.low:+.1f} to {100 * change.accuracy.high:+.1f}"
    known = f"{change.name}: accuracy on classes known before {gained:+.1f} points, {interval}"
    if not change.accuracy.clear:
        known = f"{change.name}: no clear difference in accuracy on classes known before ({interval} points)"
    if not change.new_texts:
        return known + "."
    return f"{known}; {change.new_right:.0f} of {change.new_texts:,} texts of new classes are right now."


def changes_table(found: list[Change]) -> pd.DataFrame:
    """Return before and after of every augmentation, as a person reads it."""
    rows = {}
    for own in found:
        rows[own.name] = {
            "Accuracy before": f"{own.before:.1%}",
            "after": f"{own.after:.1%}",
            "Difference (points)": _interval(
                100 * own.accuracy.mean, 100 * own.accuracy.low, 100 * own.accuracy.high, 1
            ),
            "Difference in AUROC": _interval(own.auroc.mean, own.auroc.low, own.auroc.high, 3),
        }
        if own.new_texts:
            rows[own.name]["New classes right"] = f"0 → {own.new_right:.0f} of {own.new_texts:,}"
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("Augmentation")


def _interval(mean: float, low: float, high: float, decimals: int) -> str:
    return "–" if mean != mean else f"{mean:+.{decimals}f} ({low:+.{decimals}f} to {high:+.{decimals}f})"
