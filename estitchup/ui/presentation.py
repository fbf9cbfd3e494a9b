"""What a page offers to whoever shows it to others: a link that opens the same view, and a presentation mode.

`?present=1` hides the sidebar, the toolbar and what sets things up, and enlarges the type; sliders, tabs and a text to
try stay, since they are what is shown. Esc or the button in the corner leaves it.
"""

from pathlib import Path

import streamlit as st

from estitchup.ui.address import forget, keep, recalled

PRESENT = "present"
LABEL = "Copy link"
_SCRIPT = Path(__file__).parent / "components" / "link.js"
_HTML = f"""
<button type="button" title="Copy a link that opens what you see"><span>{LABEL}</span></button>
<input type="text" readonly hidden aria-label="Link to this view">
<span role="status" class="said"></span>
"""
_CSS = """
button {
  font: inherit; font-size: 0.875rem; line-height: 1.6; padding: 0.25rem 0.75rem; cursor: pointer; min-height: 2.5rem;
  color: var(--st-text-color); background: transparent; border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, 6px); white-space: nowrap;
}
button:hover { color: var(--st-primary-color); border-color: var(--st-primary-color); }
button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 1px; }
input { font: inherit; font-size: 0.85rem; width: 14rem; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
"""
_HIDDEN = ", ".join(
    f'[data-testid="{name}"]'
    for name in (
        "stSidebar",
        "stExpandSidebarButton",
        "stHeader",
        "stToolbar",
        "stSelectbox",
        "stMultiSelect",
        "stButtonGroup",
        "stNumberInput",
        "stCheckbox",
        "stExpander",
        "stPopover",
        "stDownloadButton",
    )
)
_PRESENTING = f"""<style>
{_HIDDEN} {{ display: none !important; }}
[data-testid="stButton"], .st-key-share {{ display: none !important; }}
.st-key-leave_presentation {{
  position: fixed; right: 1rem; bottom: 1rem; width: auto !important; z-index: 1000; opacity: 0.75;
}}
.st-key-leave_presentation [data-testid="stButton"] {{ display: block !important; }}
.st-key-leave_presentation:hover, .st-key-leave_presentation:focus-within {{ opacity: 1; }}
[data-testid="stMainBlockContainer"] {{ padding-top: 1.5rem; font-size: 1.2rem; }}
[data-testid="stMainBlockContainer"] [data-testid="stMarkdownContainer"] p,
[data-testid="stMainBlockContainer"] [data-testid="stMarkdownContainer"] li {{ font-size: 1.2em; line-height: 1.5; }}
[data-testid="stMainBlockContainer"] h1 {{ font-size: 2.6rem; }}
[data-testid="stMainBlockContainer"] h3 {{ font-size: 1.9rem; }}
[data-testid="stMetricValue"] {{ font-size: 2.4rem; }}
</style>"""

_link = st.components.v2.component("estitchup_link", html=_HTML, css=_CSS, js=_SCRIPT.read_text(encoding="utf-8"))


def presenting() -> bool:
    """Tell whether the presentation mode is on; a page change keeps it."""
    return recalled(PRESENT) == "1"


def share_bar() -> None:
    """Offer the link to this view, and the presentation mode."""
    if presenting():
        return
    with st.container(horizontal=True, vertical_alignment="center", width="content", key="share"):
        _link(key="link", data={"label": LABEL})
        st.button(
            "Present",
            key="present_button",
            icon=":material/slideshow:",
            on_click=keep,
            args=(PRESENT, "1"),
            help="Hide the controls and enlarge the type. Esc leaves.",
        )


def present() -> None:
    """Dress the page for an audience while the mode is on, with a way out."""
    if not presenting():
        return
    st.html(_PRESENTING)
    with st.container(key="leave_presentation"):
        st.button(
            "Leave", key="leave", icon=":material/close_fullscreen:", shortcut="Esc", on_click=forget, args=(PRESENT,)
        )
