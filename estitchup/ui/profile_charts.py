"""The charts of a profile: class sizes, lengths with the line where the encoder cuts, scripts."""

from collections import Counter

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from estitchup.charts.frame import CONFIG
from estitchup.charts.profile import class_sizes, length_histogram
from estitchup.corpus import Corpus
from estitchup.corpus.profile import Profile
from estitchup.ui.corpus_view import count_table

SCRIPTS_NAMED = 4


def show_charts(corpus: Corpus, profile: Profile) -> None:
    """Show sizes and lengths side by side."""
    left, right = st.columns(2, gap="medium")
    with left:
        _show_class_sizes(corpus, profile)
    with right:
        _show_lengths(profile)


def show_roles(corpus: Corpus) -> None:
    """Show how many texts of each role are known, unknown and unlabelled."""
    counts = count_table(corpus).style.format("{:,}")
    st.table(counts, border="horizontal", alt="Texts of each role that are known, unknown and unlabelled")


def script_words(profile: Profile) -> str:
    """Return which scripts the texts are in, with their shares."""
    counts = Counter(profile.scripts.tolist()).most_common()
    named = [f"{name} {_share(count, len(profile.scripts))}" for name, count in counts[:SCRIPTS_NAMED]]
    more = len(counts) - SCRIPTS_NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _share(count: int, total: int) -> str:
    share = 100 * count / max(total, 1)
    return f"{share:.0f}%" if share >= 10 or share == 0 else "under 0.1%" if share < 0.1 else f"{share:.1f}%"


def _show_class_sizes(corpus: Corpus, profile: Profile) -> None:
    totals = profile.class_sizes.sum(axis=1)
    parts = [totals.loc[list(part)].sort_values(ascending=False) for part in (corpus.classes, corpus.unknown_classes)]
    names = [name for part in parts for name in part.index]
    sizes = np.concatenate([part.to_numpy(dtype=np.int64) for part in parts])
    _show(_sizes_words(parts[0]), class_sizes(names, sizes, len(corpus.classes)), "profile_classes")


def _sizes_words(known: "pd.Series[int]") -> str:
    most, fewest = known.iloc[0], known.iloc[-1]
    if most == fewest:
        return f"Every known class has {most:,} texts"
    return f"Known classes have {fewest:,} to {most:,} texts"


def _show_lengths(profile: Profile) -> None:
    counted = profile.tokens is not None
    lengths = profile.tokens if profile.tokens is not None else profile.characters
    cut = profile.max_tokens if counted else None
    unit = "tokens" if counted else "characters"
    _show(_lengths_words(lengths, unit, cut), length_histogram(lengths, unit, cut), "profile_lengths")


def _lengths_words(lengths: NDArray[np.int64], unit: str, cut: int | None) -> str:
    words = f"Half of the texts have up to {int(np.median(lengths)):,} {unit}, the longest {int(lengths.max()):,}"
    if cut is None:
        return words
    over = int((lengths > cut).sum())
    return f"{words}; the encoder cuts {f'{over:,}' if over else 'none'} after {cut:,}"


def _show(finding: str, figure: go.Figure, key: str) -> None:
    """Draw a chart under its finding, which wraps on a phone where a chart's title would be cut off."""
    st.markdown(f"**{finding}**")
    st.plotly_chart(figure, config=CONFIG, key=key, alt=finding)
