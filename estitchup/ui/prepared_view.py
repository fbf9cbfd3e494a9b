"""What the pages behind Data show of the corpus they work with, and what they offer when there is none."""

import streamlit as st

from estitchup.encoding import DEFAULT_ENCODER
from estitchup.ui import prepared
from estitchup.ui.guard import plain
from estitchup.workspace import EmbedSpec

DATA = "pages/prepare/data.py"


def offer_texts(on_the_sample: str) -> None:
    """Offer to do what a page does on the sample, in these words, or to bring texts."""
    with st.container(horizontal=True):
        if st.button(on_the_sample, type="primary", icon=":material/play_arrow:", key="take_sample"):
            prepared.choose(EmbedSpec(corpus=prepared.guessed([prepared.SAMPLE_FILE]), encoder=DEFAULT_ENCODER))
            st.rerun()
        if st.button("Bring your own texts", icon=":material/table_view:", key="bring"):
            st.switch_page(DATA)


def show_source(spec: EmbedSpec, words: str) -> None:
    """Say which texts these are, with words behind that are Markdown, and offer to change them."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name = plain(prepared.files_name(spec.corpus))
        st.markdown(f":material/description: **{name}** · {words}", width="content")
        if st.button("Change", type="tertiary", key="change", icon=":material/edit:"):
            st.switch_page(DATA)
