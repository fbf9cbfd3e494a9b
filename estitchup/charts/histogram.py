"""How confident a classifier is with known and with unknown texts, and where a threshold cuts.

Known texts are solid bars, unknown ones outlined and hatched over them. Each sums to 100%, so that few unknown texts
are seen as well as many known ones.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from estitchup.calibration import bin_of
from estitchup.charts.frame import NEUTRAL, framed
from estitchup.charts.palette import KNOWN_COLOUR, UNKNOWN_COLOUR

HISTOGRAM_BINS = 20
ROOM_FOR_EFFECTS = 116
KNOWN_FILL = "rgba(0, 158, 115, 0.55)"

Floats = NDArray[np.float64]


def shares_by_confidence(confidence: ArrayLike, bins: int = HISTOGRAM_BINS) -> Floats:
    """Return the share (bins,) in percent of texts in each equal bin of confidence (N,); all zero without texts."""
    values = np.asarray(confidence, np.float64)
    counts = np.bincount(bin_of(values, bins), minlength=bins)
    shares: Floats = 100 * counts / max(values.size, 1)
    return shares


def confidence_histogram(
    title: str, finding: str, known_shares: Floats, unknown_shares: Floats, highest: float, legend: bool = True
) -> go.Figure:
    """Draw shares (bins,) in percent; `highest` is the tallest bar of all the panels that stand side by side."""
    traces = [_steps("known texts", known_shares, {"color": KNOWN_COLOUR, "width": 1}, fillcolor=KNOWN_FILL)]
    if unknown_shares.any():
        hatched = {"shape": "/", "fgcolor": UNKNOWN_COLOUR, "bgcolor": "rgba(0,0,0,0)", "size": 6, "solidity": 0.3}
        outline = {"color": UNKNOWN_COLOUR, "width": 2}
        traces.append(_steps("unknown texts", unknown_shares, outline, fillpattern=hatched))
    figure = framed(traces, title, finding, "Confidence (0 to 1)", "Share of texts (%)")
    figure.update_layout(
        showlegend=legend,
        legend={"orientation": "v", "x": 0, "y": 1, "font": {"size": 11}, "yanchor": "top", "bgcolor": "rgba(0,0,0,0)"},
        xaxis={"range": [0, 1], "dtick": 0.2, "showgrid": False},
        yaxis={"range": [0, 1.05 * highest], "nticks": 5},
    )
    return figure


def _steps(name: str, shares: Floats, line: dict[str, Any], **fill: Any) -> go.Scatter:
    """Return a histogram as one outline: two paths redraw several times faster than forty bars."""
    edges = np.linspace(0, 1, len(shares) + 1)
    ranges = [f"{low:.2f} to {high:.2f}" for low, high in pairwise(edges)]
    return go.Scatter(
        x=edges,
        y=np.append(shares, shares[-1]),
        customdata=[*ranges, ranges[-1]],
        name=name,
        mode="lines",
        line=line | {"shape": "hv"},
        fill="tozeroy",
        hovertemplate="%{y:.1f}% of %{fullData.name}<br>with confidence %{customdata}<extra></extra>",
        **fill,
    )


def with_threshold(figure: go.Figure, threshold: float, effects: Sequence[str] = ()) -> go.Figure:
    """Return a copy of a histogram with the threshold as a dashed line; texts on it and to its right are accepted.

    `effects` say what the threshold does; they stand side by side below the axis.
    """
    line = {"color": NEUTRAL, "width": 3, "dash": "dash"}
    label = {
        "x": threshold,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "xanchor": "right" if threshold > 0.5 else "left",
        "text": f"threshold <b>{threshold:.2f}</b>",
        "showarrow": False,
    }
    below = {"y": 0, "xref": "paper", "yref": "paper", "yshift": -52, "xanchor": "left", "yanchor": "top"}
    words = [
        below | {"x": i / len(effects), "text": effect, "align": "left", "showarrow": False}
        for i, effect in enumerate(effects)
    ]
    edge = {"type": "line", "x0": threshold, "x1": threshold, "y0": 0, "y1": 1, "yref": "paper", "line": line}
    drawing = figure.to_dict()
    drawing["layout"] |= {"shapes": [edge], "annotations": [label, *words]}
    if effects:
        margin = drawing["layout"]["margin"]
        drawing["layout"]["height"] += ROOM_FOR_EFFECTS - margin["b"]
        drawing["layout"]["margin"] = margin | {"b": ROOM_FOR_EFFECTS}
    return go.Figure(drawing, _validate=False)  # 1 ms instead of 12: six of these follow every move of a slider
