"""The map's drawing: a canvas of our own, painted by the processor.

Where WebGL has no graphics card behind it, Plotly took half a second for each frame of a drag over 50,000 points. Texts
are sent by a component of their own, so that another colouring does not send them again.
"""

from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent / "components"
_HTML = """
<div class="map">
  <div class="plane">
    <canvas role="img" tabindex="0"></canvas>
    <i class="mark" hidden></i>
    <div class="tip" role="status"><span dir="auto"></span><b dir="auto"></b><small></small></div>
    <div class="zoom">
      <button type="button" aria-label="Zoom in">+</button>
      <button type="button" aria-label="Zoom out">−</button>
      <button type="button" aria-label="Show all">⤢</button>
    </div>
  </div>
  <div class="legend" role="group" aria-label="Groups shown"></div>
</div>
"""


def _text(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


_texts = st.components.v2.component("estitchup_map_texts", js=_text("map_texts.js"))
_map = st.components.v2.component(
    "estitchup_map", html=_HTML, css=_text("map.css"), js=_text("draw.js", "painter.js", "map.js")
)


def show_points(data: dict[str, Any], texts: bytes, alt: str, key: str) -> None:
    """Draw `charts.map.map_data`, with the texts of `charts.map.map_texts` on hover."""
    with st.container(gap=None):
        _texts(key=f"{key}_texts", data=texts, width="content")
        _map(key=key, data=data | {"alt": alt})
