"""The queue and the labels as tables: look, jump, and take them away."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from estitchup.labels import Kind
from estitchup.spreadsheet import as_csv, as_xlsx
from estitchup.ui.guard import plain
from estitchup.ui.label_acts import jump, show_notices
from estitchup.ui.label_card import Standing, View, waiting
from estitchup.ui.label_desk import LabelDesk
from estitchup.ui.label_upload import ask_upload

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_ROWS = 1_000
CONFIDENCE = "How sure each seed's classifier is of its own answer, the mean over seeds. Least confidence ranks by it."


def queue_table(desk: LabelDesk, view: View, standing: Standing) -> pd.DataFrame:
    """Return the open texts in order, with what the classifier would say; `label` is empty, to be filled in."""
    answers, confidence = desk.answers(view.name)
    rows = waiting(desk, view, standing)
    return pd.DataFrame(
        {
            "text": [desk.texts[own] for own in rows],
            "label": "",
            "suggestion": [answers[own] for own in rows],
            "confidence": [round(float(confidence[own]), 4) for own in rows],
            "place": range(1, len(rows) + 1),
        }
    )


def labels_table(desk: LabelDesk, standing: Standing) -> pd.DataFrame:
    """Return what stands for each decided text, the latest first: label, who, when, and what it was before."""
    own = [standing.decisions[key] for key in desk.keys if key in standing.decisions]
    own.sort(key=lambda decision: decision.id, reverse=True)
    columns = ("text", "label", "who", "when", "before", "source")
    rows = [(d.text, d.words, d.who, d.when, d.before, d.source) for d in own if d.kind is not Kind.SKIP]
    return pd.DataFrame(rows, columns=list(columns))


def show_tables(desk: LabelDesk, view: View) -> None:
    """Show the queue and the labels, and offer both as files."""
    show_notices()
    standing = Standing.now(desk, view.who)
    queue = queue_table(desk, view, standing)
    st.markdown(f"**{len(queue):,} texts are open**, those to label first in front. Choose one to label it next.")
    picked = st.dataframe(
        queue.drop(columns="label").head(SHOWN_ROWS),
        key="queue_table",
        hide_index=True,
        selection_mode="single-row",
        on_select="rerun",
        column_config={"confidence": st.column_config.NumberColumn(format="percent", help=CONFIDENCE)},
    )
    _jump_to(desk, queue, picked)
    _offer("queue", queue)
    labels = labels_table(desk, standing)
    st.markdown(f"**{len(labels):,} texts are decided**")
    if len(labels):
        st.dataframe(labels, key="labels_table", hide_index=True)
        _offer("labels", labels)
    ask_upload(desk, view)


def _jump_to(desk: LabelDesk, queue: pd.DataFrame, picked: Any) -> None:
    rows = picked["selection"]["rows"]
    if rows and rows[0] < len(queue):
        text = queue["text"].iloc[rows[0]]
        key = desk.keys[desk.texts.index(text)]
        st.button(f"Label “{plain(text[:60])}” next", on_click=jump, args=(key,), icon=":material/arrow_upward:")


def _offer(name: str, table: pd.DataFrame) -> None:
    with st.container(horizontal=True):
        st.download_button(
            f"{name}.csv",
            partial(as_csv, table),
            f"{name}.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            f"{name}.xlsx",
            partial(as_xlsx, table, name),
            f"{name}.xlsx",
            XLSX,
            icon=":material/download:",
            on_click="ignore",
        )
