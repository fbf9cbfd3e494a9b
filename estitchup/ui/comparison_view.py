"""What the comparison says: the headline, a card for each question, the tables, and the files to take away."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from estitchup.comparison import Difference
from estitchup.evaluation import Evaluation
from estitchup.recipe import BASELINE
from estitchup.score_table import COLUMNS, Column, bold_best, bold_clear, change_table, csv_text
from estitchup.verdict import Verdict, headline


def show_answer(answers: list[Verdict]) -> None:
    """Show the headline and a card for each question."""
    st.subheader("Does augmentation help on these texts?", anchor=False)
    st.markdown(f"**{headline(answers)}**")
    with st.grid(2, min_column_width=330, border=True):
        for answer in answers:
            with st.container():
                st.caption(answer.question.topic, help=answer.question.meaning)
                st.markdown(f"**{answer.answer}**")
                st.markdown("\n".join(f"- {line}" for line in answer.lines))
    st.caption(
        f"Against {BASELINE}, on test texts; speed on validation texts. A difference is clear when its 95% interval "
        "leaves out zero. One interval in twenty does so by chance."
    )


def show_scores(found: Evaluation, names: list[str]) -> None:
    """Show the table of summary.json."""
    st.subheader("Scores on test texts", anchor=False)
    st.dataframe(
        bold_best(found.summary_of(names)),
        column_config=_explained(COLUMNS),
        alt="Metrics of each augmentation on test texts, mean and deviation over seeds",
    )
    st.caption("Mean ± standard deviation over seeds. Bold: best mean of the column, by however little.")


def show_changes(differences: dict[str, dict[str, Difference]]) -> None:
    """Show the differences from the baseline with their intervals."""
    st.subheader(f"Differences from {BASELINE}", anchor=False)
    st.table(  # it wraps what st.dataframe would cut off
        bold_clear(change_table(differences)),
        border="horizontal",
        alt=f"Differences of each augmentation from {BASELINE} with 95% intervals",
    )
    st.caption(
        "Difference and its 95% interval, paired over seeds and test texts. Bold: the interval leaves out zero. "
        f"Epochs: to {BASELINE}'s best validation accuracy; a dash where a seed never got there."
    )


def _explained(columns: Mapping[str, Column]) -> dict[str, Any]:
    """Return headings that tell their metric's full name, and the augmentation's name that stays in sight."""
    config: dict[str, Any] = {
        column.heading: st.column_config.TextColumn(help=column.meaning) for column in columns.values()
    }
    return config | {"Augmentation": st.column_config.TextColumn(pinned=True)}


def show_downloads(found: Evaluation, name: str) -> None:
    """Offer the table, whole and unrounded."""
    with st.container(horizontal=True):
        st.download_button(
            "summary.json",
            found.result.summary_json,
            f"{name} summary.json",
            "application/json",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Table as CSV",
            csv_text(found.result.summary, found.result.differences, found.result.intervals),
            f"{name} comparison.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
