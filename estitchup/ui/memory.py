"""Keep what the imports made out of the way of the garbage collector.

Streamlit collects garbage after every rerun, and a full collection walks every object there is: with pandas, Plotly and
scikit-learn imported that takes longer than the rerun of a fragment. What is frozen is passed over.
"""

import gc
import sys

import streamlit as st

STEP = 200  # new modules that are worth a full collection


def set_imports_aside() -> None:
    """Freeze all objects there are, once for every STEP modules that were imported since."""
    _freeze(len(sys.modules) // STEP)


@st.cache_resource(show_spinner=False)
def _freeze(steps: int) -> None:  # noqa: ARG001 (the cache's key)
    gc.collect()  # or what is garbage now would stay forever
    gc.freeze()
