"""What a person chooses for a report: title, remarks, augmentations, and the panels in their order.

Augmentations and panels are in the address; title and remarks stay in the session, since they may be long.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from estitchup.report.build import FIRST_CHOICE, PANELS
from estitchup.ui.address import keep, recalled

LONGEST_TITLE, LONGEST_REMARKS = 200, 4_000
ORDER = "order of panels"
ADDRESS = "panels"
_ICONS_ALONE = """<style>
[class*="st-key-panel_row_"] button [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
</style>"""  # what the arrows do is read aloud, and shown when the pointer rests on them


@dataclass(frozen=True)
class Choices:
    """What the report is made of."""

    title: str
    remarks: str
    names: tuple[str, ...]
    panels: tuple[str, ...]


def choose(job_id: str, names: Sequence[str]) -> Choices:
    """Draw the form and return what is chosen; each experiment has a title and remarks of its own."""
    title = st.text_input(
        "Title",
        key=f"report_title_{job_id}",
        persist_state="session",
        max_chars=LONGEST_TITLE,
        placeholder="Does augmentation help on these texts?",
    )
    remarks = st.text_area(
        "Remarks",
        key=f"report_remarks_{job_id}",
        persist_state="session",
        max_chars=LONGEST_REMARKS,
        height=110,
        placeholder="What you conclude, and what should happen next",
    )
    shown = st.pills(
        "Augmentations", names, selection_mode="multi", default=list(names), key="shown", bind="query-params", wrap=True
    )
    return Choices(title or "", remarks or "", tuple(name for name in names if name in shown), _choose_panels())


def _choose_panels() -> tuple[str, ...]:
    """Draw a list with a box and two arrows for each panel, and return the chosen ones in order."""
    order = _order()
    st.markdown("**Panels, in this order**")
    st.html(_ICONS_ALONE)
    rows = st.container(gap=None)
    for place, key in enumerate(order):
        with rows.container(
            horizontal=True, vertical_alignment="center", gap="small", wrap=False, key=f"panel_row_{place}"
        ):
            st.checkbox(PANELS[key][0], key=_box(key), width="stretch")
            for step, icon, words in ((-1, "arrow_upward", "up"), (1, "arrow_downward", "down")):
                st.button(
                    f"Move {PANELS[key][0]} {words}",
                    key=f"{words} {key}",
                    icon=f":material/{icon}:",
                    type="tertiary",
                    help=f"Move {PANELS[key][0]} {words}",
                    disabled=not 0 <= place + step < len(order),
                    on_click=_move,
                    args=(place, step),
                )
    chosen = tuple(key for key in order if st.session_state[_box(key)])
    keep(ADDRESS, ",".join(chosen) or "none")
    return chosen


def _order() -> list[str]:
    """Return all panels in order, at first as the address says: the chosen ones, then the others."""
    chosen = _asked()
    if ORDER not in st.session_state:
        st.session_state[ORDER] = chosen + [key for key in PANELS if key not in chosen]
    order: list[str] = st.session_state[ORDER]
    for key in order:  # a box forgets its state on another page
        st.session_state.setdefault(_box(key), key in chosen)
    return order


def _asked() -> list[str]:
    """Return the panels that the address names, the first choice where it names none that there is."""
    said = recalled(ADDRESS) or ""
    asked = [key for key in dict.fromkeys(said.split(",")) if key in PANELS]
    return asked or ([] if said == "none" else list(FIRST_CHOICE))


def _box(key: str) -> str:
    return f"panel {key}"


def _move(place: int, step: int) -> None:
    order = st.session_state[ORDER]
    order[place], order[place + step] = order[place + step], order[place]
