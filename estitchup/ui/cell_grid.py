"""The 3 × 2 grid of augmentations as a control: rows say how embeddings are mixed, columns whether labels are soft."""

from base64 import b64encode

import streamlit as st

from estitchup.charts.palette import COLOURS, SOFT
from estitchup.recipe import BASELINE, CELLS


def ask_cells() -> list[str]:
    """Draw the grid, all cells chosen at first, and return the names of the chosen ones in the grid's order."""
    ticked = {}
    hard, soft = st.columns(2, wrap=False, gap="small")
    for column, heading, is_soft in ((hard, "Hard labels", False), (soft, "Soft labels", True)):
        with column:
            st.caption(heading)
            for name in (name for name, cell in CELLS.items() if cell[1] is is_soft):
                ticked[name] = _ask_cell(name)
    chosen = [name for name in CELLS if ticked[name]]
    if chosen and BASELINE not in chosen:
        st.warning(f"Without “{BASELINE}” there is nothing to compare the others with.", icon=":material/warning:")
    return chosen


def line_sample(name: str) -> str:
    """Return Markdown of a short line in the augmentation's colour and dash, as its charts have it."""
    dashes = ' stroke-dasharray="5 3"' if name in SOFT else ""
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="12" viewBox="0 0 20 12">'
        f'<path d="M1 6H19" stroke="{COLOURS[name]}" stroke-width="3.5"{dashes}/></svg>'
    )
    return f"![](data:image/svg+xml;base64,{b64encode(drawing.encode()).decode()})"


def _ask_cell(name: str) -> bool:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", wrap=False):
        ticked = st.checkbox(name, value=True, key=f"cell {name}", persist_state="session", wrap=False)
        st.markdown(line_sample(name), width="content")  # not in the label, which a screen reader would spell out
    return ticked
