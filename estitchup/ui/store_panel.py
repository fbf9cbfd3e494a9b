"""The store of vectors on a page: how full it is, its limit, and a way to empty it."""

import os

import streamlit as st

from estitchup.encoding import StoreLimit, keep_store_limit, store_limit
from estitchup.encoding.limit import ENVIRONMENT
from estitchup.ui.state import queue, workspace

_ASKED = "asked_to_empty_store"


def show_store() -> None:
    """Show the store's size against its limit, and the controls."""
    limit = store_limit(workspace().root)
    with workspace().vectors() as store:
        count, size = len(store), store.size_in_bytes()
    st.progress(min(1.0, size / limit.bytes), text=f"{count:,} vectors · {_gigabytes(size)} of {limit.gigabytes:g} GB")
    st.caption(
        "A text that is in the store is never embedded again. When it is full, the vectors that were used longest ago "
        "leave, and are computed again when they are asked for."
    )
    _ask_limit(limit)
    _offer_to_empty(count)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def _ask_limit(limit: StoreLimit) -> None:
    said = os.environ.get(ENVIRONMENT)
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        gigabytes = st.number_input(
            "Limit in GB",
            0.01,
            100_000.0,
            limit.gigabytes,
            step=1.0,
            key="store_limit",
            disabled=said is not None,
            help=f"The setting {ENVIRONMENT} says it." if said else "10 GB hold six million vectors of 384 numbers.",
        )
    with right:
        if st.button("Set the limit", key="set_store_limit", disabled=said is not None or gigabytes == limit.gigabytes):
            keep_store_limit(workspace().root, StoreLimit(gigabytes=gigabytes))
            with workspace().vectors() as store:
                store.trim()
            st.rerun()


def _offer_to_empty(count: int) -> None:
    working = bool(queue().active())
    if st.session_state.get(_ASKED) and count and not working:
        _confirm(count)
        return
    can = count and not working
    st.button(
        "Empty the store", key="empty_store", icon=":material/delete:", disabled=not can, on_click=_ask, args=(True,)
    )
    if working:
        st.caption("While a job is running or queued, the store cannot be emptied.")


def _confirm(count: int) -> None:
    st.warning(
        f"All {count:,} vectors go. Experiments and their results stay; texts are embedded again when they are needed.",
        icon=":material/delete:",
    )
    with st.container(horizontal=True):
        st.button("Keep the vectors", key="keep_store", on_click=_ask, args=(False,))
        st.button("Empty the store", key="empty_store_now", type="primary", on_click=_empty)


def _ask(asked: bool) -> None:
    st.session_state[_ASKED] = asked


def _empty() -> None:
    _ask(False)
    if not queue().active():  # one may have been started since the question
        with workspace().vectors() as store:
            store.clear()
