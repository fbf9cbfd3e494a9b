"""The charts of a profile: class sizes, lengths with the line where the encoder cuts, scripts."""

from collections import Counter

import numpy as np
import streamlit as st

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
    known = parts[0]
    if known.iloc[0] == known.iloc[-1]:
        finding = f"every known class has {known.iloc[0]:,} texts"
    else:
        finding = f"known classes have {known.iloc[-1]:,} to {known.iloc[0]:,} texts"
    figure = class_sizes("Class sizes", finding, names, sizes, len(corpus.classes))
    st.plotly_chart(figure, config=CONFIG, key="profile_classes", alt=f"Class sizes: {finding}")


def _show_lengths(profile: Profile) -> None:
    counted = profile.tokens is not None
    lengths = profile.tokens if profile.tokens is not None else profile.characters
    cut = profile.max_tokens if counted else None
    unit = "tokens" if counted else "characters"
    over = int((lengths > cut).sum()) if cut is not None else 0
    finding = f"median {int(np.median(lengths)):,} {unit}, longest {int(lengths.max()):,}"
    if cut is not None:
        finding += f"; {over:,} cut at {cut:,}" if over else f"; none cut at {cut:,}"
    figure = length_histogram("Text lengths", finding, lengths, unit, cut)
    st.plotly_chart(figure, config=CONFIG, key="profile_lengths", alt=f"Text lengths: {finding}")
