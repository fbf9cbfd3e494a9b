"""Label first what helps most: the pool in order, one text at a time, and what the labels change."""

import streamlit as st

from estitchup.labeling import STRATEGIES
from estitchup.ui import state
from estitchup.ui.label_card import View, show_card
from estitchup.ui.label_desk import LabelDesk, label_desk
from estitchup.ui.label_retrain import show_retrain
from estitchup.ui.label_simulation import show_simulation
from estitchup.ui.label_tables import show_tables

ORDERS = "\n".join(
    [
        "First come texts that …",
        *(f"* *{own.name}*: {own.says}" for own in STRATEGIES.values()),
        "\n*Margin* stands first, because in our study it saved more labels than *Least confidence*, the paper's.",
    ]
)


def show_start() -> None:
    """Say what to do when there is no experiment yet."""
    st.info(
        "There is no finished experiment yet, so no classifier can say which texts it knows least about. Bring texts "
        "or take the sample, whose pool has 280 texts without a label, then train."
    )
    with st.container(horizontal=True):
        if st.button("Start with the sample", type="primary", icon=":material/play_arrow:"):
            st.switch_page("pages/prepare/data.py")
        if st.button("Go to Train", icon=":material/model_training:"):
            st.switch_page("pages/experiment/train.py")


def show_no_pool() -> None:
    """Say how texts get into a pool."""
    st.info(
        "These texts hold no pool. Give rows without a label, or write “pool” in the split column, and train again; or "
        "take the sample, whose pool has 280 texts. Under *Would it have helped?* you can try it on the labelled ones."
    )
    if st.button("Take the sample", icon=":material/play_arrow:"):
        st.switch_page("pages/prepare/data.py")


def ask_view(job_id: str, desk: LabelDesk) -> View:
    """Ask who labels, and in which order."""
    names = desk.result.names
    with st.grid(4, min_column_width=200, vertical_alignment="bottom"):
        who = st.text_input("Your name", key="labeller", persist_state="session", placeholder="who labels")
        strategy = st.selectbox("Order", list(STRATEGIES), key="strategy", bind="query-params", help=ORDERS)
        name = st.selectbox(
            "Suggestions by", names, names.index(desk.favourite), key="suggests", persist_state="session"
        )
        with st.popover("Filter", icon=":material/filter_alt:", width="stretch"):
            search = st.text_input("Only texts that hold", key="label_search", placeholder="a word", type="search")
            suggested = st.selectbox(
                "Only texts suggested as", desk.classes, None, key="label_suggested", placeholder="any class"
            )
    return View(job_id, name, strategy, who.strip(), search, suggested)


st.title("Label", anchor=False)
job = state.choose_experiment()
if job is None:
    show_start()
    st.stop()
desk = label_desk(job.id)
label, tables, retrain, simulation = st.tabs(
    ["Label", "Queue and labels", "Retrain", "Would it have helped?"], key="label_view", bind="query-params"
)
if not desk.keys and not simulation.open:
    show_no_pool()
    st.stop()
if label.open:
    with label:
        view = ask_view(job.id, desk)
        if not view.who:
            st.caption(":material/person: Say who you are, and the keys A, 2, 3, N, S and U answer for you.")
        show_card(view)
if tables.open:
    with tables:
        show_tables(desk, ask_view(job.id, desk))
if retrain.open:
    with retrain:
        show_retrain(job.id, desk)
if simulation.open:
    with simulation:
        show_simulation(desk.result)
