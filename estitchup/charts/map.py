"""The map of the embeddings: one point a text, drawn by the graphics card, with the text on hover.

Texts come from files: what a hover shows is cut short and escaped, because Plotly takes it for HTML.
"""

import html
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from estitchup.charts.frame import GRID, NEUTRAL
from estitchup.charts.palette import KNOWN_COLOUR, UNKNOWN_COLOUR

MOST_POINTS = 50_000
HOVER_LETTERS = 90
OTHERS_COLOUR = "rgba(128, 128, 128, 0.35)"
GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8F6BC1", "#7A5C3E")
OWN_COLOURS = {"known": KNOWN_COLOUR, "unknown": UNKNOWN_COLOUR, "unlabelled": NEUTRAL}
GROUP_SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up", "x", "triangle-down", "star")
CONFIG = {
    "displayModeBar": True,
    "scrollZoom": True,
    "displaylogo": False,
    "plotGlPixelRatio": 1,  # Plotly's own 2 halves the frames a second where there is no graphics card
    "modeBarButtonsToRemove": ["lasso2d", "select2d"],
}

Places = NDArray[np.int64]


def hover_text(text: str, label: str, role: str) -> str:
    """Return what a point says of its text: cut short, in lines, harmless as HTML."""
    lines = textwrap.wrap(textwrap.shorten(text, HOVER_LETTERS, placeholder=" …") or text[:HOVER_LETTERS], 45)
    return "<br>".join(map(html.escape, lines)) + f"<br><b>{html.escape(label[:60]) or 'no label'}</b>, {role}"


def map_figure(points: NDArray[np.float32], hover: Sequence[str], groups: Mapping[str, Places]) -> go.Figure:
    """Draw points (N, 2), each with its hover (N); the rows of a group share a colour and a symbol.

    At most as many `groups` as there are symbols; rows of none are grey and lie below.
    """
    texts = np.asarray(hover, dtype=object)
    rest = np.ones(len(points), bool)
    for rows in groups.values():
        rest[rows] = False
    traces = [_points("others", points, texts, np.flatnonzero(rest), OTHERS_COLOUR, "circle")] if rest.any() else []
    for (name, rows), colour, symbol in zip(groups.items(), GROUP_COLOURS, GROUP_SYMBOLS, strict=False):
        traces.append(_points(name, points, texts, rows, OWN_COLOURS.get(name, colour), symbol))
    figure = go.Figure(traces)
    axis = {"showgrid": True, "gridcolor": GRID, "zeroline": False, "showticklabels": False, "title": {"text": ""}}
    figure.update_layout(
        height=620,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode="pan",
        hovermode="closest",
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL},
        hoverlabel={"align": "left", "namelength": 0},
        legend={
            "orientation": "h",
            "x": 0,
            "y": -0.01,
            "yanchor": "top",
            "itemsizing": "constant",
            "title": {"text": ""},
        },
        xaxis=axis,
        yaxis=axis | {"scaleanchor": "x"},
        uirevision="map",  # another colouring keeps the part that is looked at
    )
    return figure


def _points(
    name: str, points: NDArray[np.float32], hover: NDArray[np.object_], rows: Places, colour: str, symbol: str
) -> go.Scattergl:
    size = 4 if len(points) > 5_000 else 6
    return go.Scattergl(
        x=points[rows, 0],
        y=points[rows, 1],
        name=html.escape(f"{name} ({len(rows):,})"),
        mode="markers",
        marker={"color": colour, "size": size, "symbol": symbol, "opacity": 0.75, "line": {"width": 0}},
        text=hover[rows],
        hovertemplate="%{text}<extra></extra>",
    )
