"""What the address of a page says about what it shows, so that a link or a reload opens the same.

For choices without a widget; a widget's own value is bound with `bind="query-params"`.
"""

import streamlit as st


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


def _key(name: str) -> str:
    return f"address: {name}"
