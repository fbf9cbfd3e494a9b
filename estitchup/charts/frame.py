"""The frame every chart shares: title and finding, axes with units, neutral lines, no zooming by accident."""

from collections.abc import Sequence

import plotly.graph_objects as go

NEUTRAL = "#808080"  # contrast above 3 : 1 on white as well as on Streamlit's dark background
GRID = "rgba(128, 128, 128, 0.2)"
CONFIG = {"displayModeBar": False}  # a phone scrolls over a chart, and must not get caught in it


def framed(
    traces: Sequence[object], title: str, finding: str, x_title: str, y_title: str, height: int = 320
) -> go.Figure:
    """Return a figure of these traces: `title` in bold and below it the `finding`, both of one line."""
    axis = {"gridcolor": GRID, "zeroline": False, "fixedrange": True, "automargin": False}
    figure = go.Figure(list(traces))
    figure.update_layout(
        title={
            "text": f"<b>{title}</b>",
            "font": {"size": 15},
            "subtitle": {"text": finding, "font": {"size": 13}},
            "x": 0,
            "xref": "container",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 6},
            "automargin": False,
        },
        height=height,
        margin={"l": 56, "r": 12, "t": 76, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        hoverlabel={"namelength": -1},
        legend={"orientation": "h", "x": 0, "y": -0.22, "yanchor": "top", "title": {"text": ""}},
        xaxis=axis | {"title": {"text": x_title, "standoff": 8}},
        yaxis=axis | {"title": {"text": y_title, "standoff": 12}},
    )
    return figure
