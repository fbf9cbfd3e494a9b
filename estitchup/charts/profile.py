"""Charts of a profile: how large the classes are, and how long the texts."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from estitchup.charts.frame import NEUTRAL, framed
from estitchup.charts.palette import KNOWN_COLOUR, UNKNOWN_COLOUR

LENGTH_BINS = 40
NAMED_CLASSES = 30


def class_sizes(title: str, finding: str, names: Sequence[str], sizes: NDArray[np.int64], known: int) -> go.Figure:
    """Draw the sizes (K,) of classes, the largest first; the first `known` are known, the others unknown."""
    places = np.arange(len(names))
    parts = (("known", KNOWN_COLOUR, places < known, ""), ("unknown", UNKNOWN_COLOUR, places >= known, "/"))
    bars = [
        go.Bar(
            x=places[chosen],
            y=sizes[chosen],
            name=f"{name} classes",
            marker={"color": colour, "pattern": {"shape": pattern, "solidity": 0.4}, "line": {"width": 0}},
            customdata=[html.escape(str(names[place])) for place in places[chosen]],
            hovertemplate="%{customdata}: %{y:,} texts<extra></extra>",
        )
        for name, colour, chosen, pattern in parts
        if chosen.any()
    ]
    figure = framed(bars, title, finding, "Classes, the largest first", "Texts")
    named = len(names) <= NAMED_CLASSES
    shown = [html.escape(str(name))[:24] for name in names] if named else None
    figure.update_layout(
        bargap=0.1,
        showlegend=len(bars) > 1,
        legend={"x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        margin={"t": 96},
    )
    figure.update_xaxes(
        tickvals=places if named else None, ticktext=shown, showticklabels=named, showgrid=False, automargin=named
    )
    if named:
        figure.update_xaxes(title={"text": ""}, tickangle=-40)
    return figure


def length_histogram(title: str, finding: str, lengths: NDArray[np.int64], unit: str, cut: int | None) -> go.Figure:
    """Draw how many texts have which length, in `unit`; a dashed line stands where the encoder cuts."""
    longest = max(int(lengths.max(initial=1)), 1)
    width = -(-longest // LENGTH_BINS)
    counts = np.bincount(lengths // width, minlength=1)
    starts = width * np.arange(len(counts))
    within = [f"{start:,} to {start + width - 1:,}" if width > 1 else f"{start:,}" for start in starts.tolist()]
    bars = go.Bar(
        x=starts + (width - 1) / 2,
        y=counts,
        width=width,
        marker={"color": "#0072B2", "line": {"width": 0}},
        customdata=within,
        hovertemplate=f"%{{y:,}} texts of %{{customdata}} {unit}<extra></extra>",
    )
    figure = framed([bars], title, finding, f"Length ({unit})", "Texts")
    figure.update_xaxes(showgrid=False, rangemode="tozero")
    if cut is not None and cut <= 1.5 * longest:
        figure.add_vline(
            cut + 0.5,
            line={"color": NEUTRAL, "width": 2, "dash": "dash"},
            annotation={"text": f"cut after {cut:,}", "yanchor": "bottom", "y": 1},
        )
    return figure
