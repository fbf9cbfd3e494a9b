"""What a corpus looks like: how many texts play which role, how the classes are filled, a few rows."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from estitchup.charts.frame import CONFIG
from estitchup.charts.profile import class_sizes
from estitchup.corpus import Corpus, Role
from estitchup.ui.guard import plain

PREVIEWED_ROWS = 6
_ROLE_NAMES = {"train": "Training", "validation": "Validation", "test": "Test", "pool": "Pool, to label"}
_KINDS = {"known": "Known", "unknown": "Unknown", "unlabelled": "Unlabelled"}


def show_counts(corpus: Corpus) -> None:
    """Show how many texts of which kind play which role, and what was dropped or moved on the way."""
    with st.container(horizontal=True, gap="medium"):
        st.metric("Texts", f"{len(corpus.texts):,}", width="content")
        st.metric("Known classes", f"{len(corpus.classes):,}", width="content")
        st.metric("Unknown classes", f"{len(corpus.unknown_classes):,}", width="content")
    counts = count_table(corpus).style.format("{:,}")
    st.table(counts, border="horizontal", alt="Texts of each role that are known, unknown and unlabelled")
    if not corpus.unknown_classes:
        st.caption(":material/info: With no unknown class, refusing texts cannot be measured: name or hold out some.")
    for note in corpus.notes:
        st.caption(f":material/info: {plain(note)}")


def count_table(corpus: Corpus) -> pd.DataFrame:
    """Return the counts of the roles and kinds that occur, named for a reader."""
    counts = corpus.counts()
    counts = counts.loc[counts.sum(axis=1) > 0, (counts.sum() > 0) | (counts.columns == "known")]
    return counts.rename(index=_ROLE_NAMES, columns=_KINDS).rename_axis("Role")


def show_rows(corpus: Corpus) -> None:
    """Show rows from all over the corpus, as every later step sees them."""
    places = np.unique(np.linspace(0, len(corpus.texts) - 1, PREVIEWED_ROWS).astype(int))
    rows = pd.DataFrame(
        {
            "Text": [corpus.texts[place] for place in places],
            "Class": corpus.labels[places],
            "Role": [_ROLE_NAMES[role] for role in corpus.roles[places]],
        }
    )
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"Text": st.column_config.TextColumn(width="medium")},
        width="stretch",
    )


def show_classes(corpus: Corpus) -> None:
    """Show how many texts each class has, as a chart and a table."""
    title, figure = class_figure(corpus)
    st.markdown(f"**{plain(title)}**")
    st.plotly_chart(figure, alt=title, config=CONFIG, key="class_chart")
    counts = corpus.class_counts()
    counts = counts.loc[:, counts.sum() > 0].rename(columns=_ROLE_NAMES).rename_axis("Class")
    st.dataframe(counts, width="stretch", height=240)


def class_figure(corpus: Corpus) -> tuple[str, go.Figure]:
    """Return the finding, and bars of the training texts of known and the test texts of unknown classes."""
    counts = corpus.class_counts()
    train = counts.loc[list(corpus.classes), Role.TRAIN.value].sort_values(ascending=False, kind="stable")
    refused = counts.loc[list(corpus.unknown_classes), Role.TEST.value]
    names, sizes = [*train.index, *refused.index], np.concatenate([train.to_numpy(), refused.to_numpy()])
    figure = class_sizes(names, sizes, len(train), ("Known: training texts", "Unknown: test texts"))
    return _balance(train), figure


def _balance(train: "pd.Series[int]") -> str:
    most, fewest = train.iloc[0], train.iloc[-1]
    if most == fewest:
        return f"Every known class has {most:,} training texts"
    return f"Known classes have {fewest:,} to {most:,} training texts; “{train.index[-1]}” has the fewest"
