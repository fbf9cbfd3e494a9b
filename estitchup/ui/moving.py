"""Drawings that move with a threshold in the browser: a histogram whose line can be dragged, and curves with points.

Plotly redraws a panel in some 50 ms, so that two to six of them cannot follow a threshold; these draw what moves and
nothing else. They hold no number of their own: `moves.py` makes what they show, and counts anew at each release. The
numbers of every step are sent once, apart from the panels: they are a hundred times what a release has to send.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
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


_tables = st.components.v2.component("estitchup_threshold_tables", js=_text(_DRAW, _FOLDER / "tables.js"))
_panel = st.components.v2.component(
    "estitchup_threshold_panel", html=_PANEL_HTML, css=_text(_STYLE), js=_text(_DRAW, _FOLDER / "panel.js")
)
_curves = st.components.v2.component(
    "estitchup_operating_curves",
    html='<div class="curves">\n</div>',
    css=_text(_STYLE),
    js=_text(_DRAW, _FOLDER / "curves.js"),
)


def moving_tables(tables: Sequence[dict[str, Any]], key: str) -> str:
    """Send the browser what stays of some panels (`moves.table`) and return its version, which their panels ask for.

    It shows nothing, and takes no room in a horizontal container or one without gaps.
    """
    content = json.dumps(tables).encode()
    version = hashlib.blake2b(content, digest_size=8).hexdigest()
    _tables(key=key, data=b'{"version": "%s", "tables": %s}' % (version.encode(), content), width="content")
    return version


def moving_panel(position: dict[str, Any], version: str, key: str, release: Callable[[float], None]) -> None:
    """Draw a panel at `moves.position`; `release` is called with the threshold where a person lets the line go."""

    def released() -> None:
        threshold = st.session_state[key].released
        if isinstance(threshold, int | float) and 0 <= threshold <= 1:
            release(float(threshold))

    _panel(key=key, data={"version": version} | position, on_released_change=released)


def moving_curves(data: dict[str, Any], key: str) -> None:
    """Draw the charts of `moves.curves`; the points on them follow the panels."""
    _curves(key=key, data=data)
