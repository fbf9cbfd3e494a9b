"""Drawings that move with a threshold in the browser: a histogram whose line can be dragged, and curves with points.

Plotly redraws a panel in some 50 ms, so that two to six of them cannot follow a threshold; these draw what moves and
nothing else. They hold no number of their own: `moves.py` makes what they show, and counts anew at each release.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent / "components"
_DRAW, _STYLE = (_FOLDER / name for name in ("draw.js", "moving.css"))
_PANEL_HTML = """
<div class="panel" role="figure">
  <strong class="title"></strong>
  <span class="finding"></span>
  <p class="legend">
    <span><i class="solid"></i>known texts</span><span class="of-unknown"><i class="hatched"></i>unknown texts</span>
  </p>
  <div class="plot"><svg></svg></div>
  <dl class="tiles"></dl>
</div>
"""


def _text(*files: Path) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


_panel = st.components.v2.component(
    "estitchup_threshold_panel", html=_PANEL_HTML, css=_text(_STYLE), js=_text(_DRAW, _FOLDER / "panel.js")
)
_curves = st.components.v2.component(
    "estitchup_operating_curves",
    html='<div class="curves">\n</div>',
    css=_text(_STYLE),
    js=_text(_DRAW, _FOLDER / "curves.js"),
)


def moving_panel(data: dict[str, Any], key: str, release: Callable[[float], None]) -> None:
    """Draw a panel of `moves.panel`; `release` is called with the threshold where a person lets the line go."""

    def released() -> None:
        threshold = st.session_state[key].released
        if isinstance(threshold, int | float) and 0 <= threshold <= 1:
            release(float(threshold))

    _panel(key=key, data=data, on_released_change=released)


def moving_curves(data: dict[str, Any], key: str) -> None:
    """Draw the charts of `moves.curves`."""
    _curves(key=key, data=data)
