"""What the address of a page says about what it shows, so that a link or a reload opens the same.

For choices without a widget; a widget's own value is bound with `bind="query-params"`.
"""

import streamlit as st

from estitchup.ui.guard import plain

THRESHOLDS = ("threshold", "t_left", "t_right")  # bound to widgets, which drop what they cannot hold without a word


def recalled(name: str) -> str | None:
    """Return what the address says, else what this session said last, and see to it that the address says it."""
    value = st.query_params.get(name) or st.session_state.get(_key(name))
    if value:
        keep(name, value)
    return value


def keep(name: str, value: str) -> None:
    """Say it in the address, and remember it when the person goes to another page."""
    st.session_state[_key(name)] = value
    if st.query_params.get(name) != value:
        st.query_params[name] = value


def forget(name: str) -> None:
    """Take it out of the address and the session."""
    st.session_state.pop(_key(name), None)
    st.query_params.pop(name, None)


def tell_bad_thresholds() -> None:
    """Say which thresholds of the address are none; call it before their widgets are drawn."""
    for name in THRESHOLDS:
        asked = st.query_params.get(name)
        if asked is not None and not _is_share(asked):
            st.warning(
                f"The link asks for a threshold of {plain(asked)}, and thresholds go from 0 to 1: it is left out.",
                icon=":material/link_off:",
            )


def _is_share(words: str) -> bool:
    try:
        return 0 <= float(words) <= 1
    except ValueError:
        return False


def _key(name: str) -> str:
    return f"address: {name}"
