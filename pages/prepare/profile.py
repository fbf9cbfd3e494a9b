"""What the texts are like, what is wrong with them, and one button that fixes it."""

import streamlit as st

from estitchup.corpus import Corpus
from estitchup.errors import EstitchupError
from estitchup.ui import prepared
from estitchup.ui.embedding import embedding_job, show_embedding
from estitchup.ui.guard import plain, show_error
from estitchup.ui.prepared_view import offer_texts, show_source
from estitchup.ui.profile_charts import script_words, show_charts, show_roles
from estitchup.ui.profile_data import profile, vectors_of
from estitchup.ui.profile_findings import show_findings, show_fixes
from estitchup.ui.profile_map import show_map
from estitchup.ui.state import queue
from estitchup.workspace import EmbedSpec, Status

TRAIN = "pages/experiment/train.py"


def show_empty() -> None:
    """Say what to do first."""
    st.markdown(
        "A profile shows what your texts hold and what would bend the figures: repeated and nearly repeated texts, "
        "labels that contradict each other, texts that the encoder cuts."
    )
    offer_texts("Profile the sample")


def show_profile(spec: EmbedSpec, corpus: Corpus) -> None:
    """Show the headline, what was found and fixed, the charts and the map."""
    found = profile(spec)
    st.header(found.headline, anchor=False, divider="gray")
    findings, roles = st.columns([3, 2], gap="large")
    with findings:
        show_findings(spec, found)
        show_fixes(spec)
    with roles:
        show_roles(corpus)
        st.caption(f"Scripts: {script_words(found)}.")
        for note in corpus.notes:
            st.caption(f":material/info: {plain(note)}")
        if st.button("Next: train", type="primary", icon=":material/arrow_forward:", key="next_train"):
            st.switch_page(TRAIN)
    show_charts(corpus, found)
    show_map(spec, corpus)


def show_page(spec: EmbedSpec) -> None:
    """Show the profile, or what is missing for it."""
    show_source(spec, plain(prepared.encoder_name(spec)))
    try:
        corpus = prepared.corpus(spec.corpus)
        known = vectors_of(spec, corpus) is not None
    except EstitchupError as error:
        show_error(str(error))
        show_fixes(spec)
        return
    if known:
        show_profile(spec, corpus)
        return
    st.markdown("Near duplicates, doubtful labels and the map need the texts' vectors.")
    job = embedding_job(spec)
    with st.container(border=True):
        if job is None or job.status is not Status.FINISHED:
            show_embedding(spec, len(corpus.texts))
        elif st.button("Embed again: the vectors are no longer kept", type="primary", key="embed_again"):
            queue().submit(spec)
            st.rerun()


st.title("Profile", anchor=False)
chosen = prepared.chosen() or prepared.latest()
if chosen is None:
    show_empty()
else:
    prepared.choose(chosen)
    show_page(chosen)
