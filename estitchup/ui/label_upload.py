"""Labels from elsewhere: upload a file, see what became of its rows, and settle what contradicts the labels here."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from estitchup.corpus import read_table
from estitchup.errors import EstitchupError
from estitchup.label_merge import Merged, merge
from estitchup.labels import insisting
from estitchup.ui.guard import show_error
from estitchup.ui.label_acts import keep
from estitchup.ui.label_card import View
from estitchup.ui.label_desk import LabelDesk, label_store

MERGED, SAID = "label merged", "label merged said"
MOST_CONFLICTS = 20


@dataclass(frozen=True)
class Upload:
    """A file that was merged, into which corpus, and by whom."""

    merged: Merged
    scope: str
    who: str
    name: str


def ask_upload(desk: LabelDesk, view: View) -> None:
    """Ask for a file and merge it; what became of it is shown once, its conflicts until they are settled."""
    st.markdown("**Labels from elsewhere**")
    st.caption(
        "A table with the columns text and label, such as the queue above with its label column filled in. It corrects "
        "your own labels. Those of others are never overwritten unseen: where the file says otherwise, you are asked."
    )
    with st.form("label_upload", border=False, clear_on_submit=True):
        file = st.file_uploader("A file with labels", ["csv", "tsv", "xlsx", "parquet"], label_visibility="collapsed")
        pressed = st.form_submit_button("Merge", disabled=not view.who, icon=":material/merge:")
    if pressed and file is not None:
        try:
            _merge(desk, view.who, file.getvalue(), file.name)
        except EstitchupError as error:
            show_error(str(error))
    if words := st.session_state.pop(SAID, ""):
        st.success(words, icon=":material/merge:")
    upload = st.session_state.get(MERGED)
    if upload and upload.scope == desk.scope:
        _show_conflicts(upload)


def _merge(desk: LabelDesk, who: str, content: bytes, name: str) -> None:
    pool = dict(zip(desk.keys, desk.texts, strict=True))
    merged = merge(label_store(), desk.scope, read_table(content, name), pool, who, name)
    st.session_state[SAID] = what_was_merged(merged)
    st.session_state[MERGED] = Upload(merged, desk.scope, who, name) if merged.conflicts else None
    st.rerun()  # the tables above are drawn already


def what_was_merged(merged: Merged) -> str:
    """Say what became of the rows of a file."""
    said = [
        f"{merged.added:,} labels are new",
        f"{merged.corrected:,} take the place of your own" if merged.corrected else "",
        f"{merged.agreed:,} agree with what stands" if merged.agreed else "",
        f"{merged.elsewhere:,} are for texts outside this pool" if merged.elsewhere else "",
        f"{merged.contradictory:,} texts have two labels in the file and were left alone"
        if merged.contradictory
        else "",
    ]
    return "; ".join(part for part in said if part) + "."


def _show_conflicts(upload: Upload) -> None:
    conflicts = upload.merged.conflicts
    st.warning(f"{len(conflicts):,} contradict what others said, which stands; they are kept in the history.")
    rows = [(own.decision.text, own.against, own.decision.words) for own in conflicts[:MOST_CONFLICTS]]
    stands = [(text, f"{other.words} ({other.who})" if other else "", label) for text, other, label in rows]
    st.dataframe(pd.DataFrame(stands, columns=["text", "stands", "in the file"]), hide_index=True)
    if len(conflicts) > MOST_CONFLICTS:
        st.caption(f"The first {MOST_CONFLICTS} of {len(conflicts):,}.")
    with st.container(horizontal=True):
        st.button("Put the file's labels in their place", on_click=_insist, args=(upload,), key="insist")
        st.button("Leave what stands", on_click=_settled, key="leave_standing")


def _insist(upload: Upload) -> None:
    if keep(upload.scope, insisting(upload.merged.conflicts), upload.who, upload.name):
        _settled()


def _settled() -> None:
    st.session_state[MERGED] = None
