"""Offers public sets of texts: what each holds, whose it is, and a button that takes it."""

from collections.abc import Callable

import streamlit as st

from estitchup.corpus.public import PUBLIC_SETS, PublicSet, is_at_hand, public_file
from estitchup.errors import EstitchupError
from estitchup.progress import Progress
from estitchup.ui.guard import plain, show_error

MEGABYTE = 1_000_000


def offer_public_sets(begin: Callable[[str], None]) -> None:
    """Let the person choose a public set; `begin` gets its name once its texts are here."""
    with st.expander("Or a public set", icon=":material/public:"):
        name = st.selectbox(
            "Public set", list(PUBLIC_SETS), format_func=lambda name: PUBLIC_SETS[name].title, key="public_set"
        )
        chosen = PUBLIC_SETS[name]
        st.markdown(plain(chosen.about))
        st.caption(f"{plain(chosen.source)} · {chosen.licence} · [its home]({chosen.home})")
        if st.button(_take_words(chosen), key="take_public", icon=":material/download:"):
            _take(chosen, begin)


def _take_words(chosen: PublicSet) -> str:
    if is_at_hand(chosen):
        return f"Take {chosen.title}"
    return f"Fetch {chosen.title}, {chosen.size / MEGABYTE:.1f} MB"


def _take(chosen: PublicSet, begin: Callable[[str], None]) -> None:
    bar = st.progress(0.0, text=f"Fetching {chosen.title}") if not is_at_hand(chosen) else None

    def show(progress: Progress) -> None:
        done, total = progress.done / MEGABYTE, progress.total / MEGABYTE
        if bar is not None:
            bar.progress(min(1.0, progress.share), text=f"{progress.stage}: {done:.1f} of {total:.1f} MB")

    try:
        public_file(chosen, show)
    except EstitchupError as error:
        if bar is not None:
            bar.empty()
        show_error(str(error))
        return
    begin(chosen.name)
