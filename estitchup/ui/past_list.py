"""The list of past experiments: what each one was and found, and opening, renaming, removing and putting back."""

from typing import Any

import pandas as pd
import streamlit as st

from estitchup.errors import EstitchupError
from estitchup.report.sources import encoder_said, files_said
from estitchup.result_folder import read_summary
from estitchup.spec import ExperimentSpec
from estitchup.ui.address import keep
from estitchup.ui.guard import plain, show_error
from estitchup.ui.state import workspace
from estitchup.workspace import Job, Status

MISSING = "–"
UNDO = "removed experiment"


def experiment_table(jobs: list[Job]) -> pd.DataFrame:
    """Return a row for each experiment; accuracy and AUROC are the best means over seeds."""
    return pd.DataFrame([_row(job) for job in jobs])


def _row(job: Job) -> dict[str, Any]:
    spec = job.spec
    assert isinstance(spec, ExperimentSpec)  # only experiments have results
    summary = read_summary(workspace().result_folder(job.id))
    return {
        "Name": job.name,
        "Texts": files_said(spec.corpus),
        "Encoder": encoder_said(spec),
        "Runs": f"{len(spec.augmentations)} × {len(spec.seeds)}",
        "Best accuracy": best(summary, "accuracy"),
        "Best AUROC": best(summary, "auroc"),
        "Made": job.created[:16].replace("T", " "),
        "Status": "stopped early" if job.status is Status.STOPPED else "finished",
    }


def best(summary: list[dict[str, Any]], metric: str) -> float | None:
    """Return the highest mean of a metric over the augmentations; None where it was not measured."""
    means = [entry["metrics"].get(metric, {}).get("mean") for entry in summary]
    measured = [mean for mean in means if mean is not None]
    return max(measured) if measured else None


def list_key(jobs: list[Job]) -> str:
    """Return the list's key: ticks are kept by row, and must not pass to another experiment that moves into it."""
    return " ".join(["past", *(job.id for job in jobs)])


def show_list(jobs: list[Job]) -> list[Job]:
    """Draw the list and return the experiments that are ticked."""
    chosen = st.dataframe(
        experiment_table(jobs),
        hide_index=True,
        height="content",
        selection_mode="multi-row",
        on_select="rerun",
        key=list_key(jobs),
        column_config={
            "Best accuracy": st.column_config.NumberColumn(
                format="percent", help="Highest mean over seeds, test texts"
            ),
            "Best AUROC": st.column_config.NumberColumn(format="%.3f", help="Highest mean over seeds, test texts"),
            "Runs": st.column_config.TextColumn(help="Augmentations × seeds"),
            "Made": st.column_config.TextColumn(help="UTC"),
        },
        alt="Past experiments, the newest first",
    )
    rows = chosen["selection"]["rows"]
    return [jobs[row] for row in rows if row < len(jobs)]


def show_acts(job: Job) -> None:
    """Offer to open, rename and remove one experiment."""
    st.subheader(plain(job.name), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for page, label, icon in (
            ("pages/experiment/compare.py", "Open in Compare", "compare_arrows"),
            ("pages/decide/threshold.py", "Open in Threshold", "tune"),
            ("pages/decide/report.py", "Report on it", "summarize"),
        ):
            if st.button(label, key=f"{label} {job.id}", icon=f":material/{icon}:"):
                keep("experiment", job.id)
                st.switch_page(page)
        st.button("Remove", key=f"remove {job.id}", icon=":material/delete:", on_click=_remove, args=(job,))
    with st.form(f"rename {job.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", job.name, max_chars=120, key=f"name {job.id}")
        if st.form_submit_button("Rename"):
            try:
                workspace().catalog.rename(job.id, name)
            except EstitchupError as error:
                show_error(str(error))
            else:
                st.rerun()


def _remove(job: Job) -> None:
    workspace().shelf.remove(job.id)
    st.session_state[UNDO] = (job.id, job.name)


def _restore(job_id: str) -> None:
    workspace().shelf.restore(job_id)
    st.session_state.pop(UNDO, None)


def show_undo() -> None:
    """Say what was removed last, and offer to put it back."""
    if UNDO not in st.session_state:
        return
    job_id, name = st.session_state[UNDO]
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f"**{plain(name)}** is removed from the list.", width="content")
        st.button("Undo", icon=":material/undo:", on_click=_restore, args=(job_id,), key="undo")


def show_bin() -> None:
    """List what is set aside, to be put back or deleted for good."""
    removed = workspace().removed_experiments()
    if not removed:
        return
    with st.expander(f"Removed ({len(removed)})", icon=":material/delete:"):
        for job in removed:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{plain(job.name)} · {job.created[:16].replace('T', ' ')}", width="stretch")
                st.button("Put back", key=f"restore {job.id}", on_click=_restore, args=(job.id,))
        sure = st.checkbox("Delete the files of these experiments for good", key="sure")
        st.button("Empty the bin", disabled=not sure, on_click=_empty, icon=":material/delete_forever:")


def _empty() -> None:
    workspace().empty_bin()
    st.session_state.pop(UNDO, None)
