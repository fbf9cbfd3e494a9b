"""How confident a classifier is with known and with unknown texts, and where a threshold cuts.

Known texts are solid bars, unknown ones outlined and hatched over them. Each sums to 100%, so that few unknown texts
are seen as well as many known ones.
"""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from estitchup.calibration import bin_of
from estitchup.ui.charts.frame import NEUTRAL, framed
from estitchup.ui.palette import KNOWN_COLOUR, UNKNOWN_COLOUR

HISTOGRAM_BINS = 20

Floats = NDArray[np.float64]


def shares_by_confidence(confidence: ArrayLike, bins: int = HISTOGRAM_BINS) -> Floats:
    """Return the share (bins,) in percent of texts in each equal bin of confidence (N,); all zero without texts."""
    values = np.asarray(confidence, np.float64)
    counts = np.bincount(bin_of(values, bins), minlength=bins)
    shares: Floats = 100 * counts / max(values.size, 1)
    return shares


def confidence_histogram(
    title: str, finding: str, known_shares: Floats, unknown_shares: Floats, highest: float
) -> go.Figure:
    """Draw shares (bins,) in percent; `highest` is the tallest bar of all the panels that stand side by side."""
    bins = len(known_shares)
    centres = (np.arange(bins) + 0.5) / bins
    hover = "%{y:.1f}% of %{fullData.name}<br>with confidence %{customdata}<extra></extra>"
    ranges = [f"{i / bins:.2f} to {(i + 1) / bins:.2f}" for i in range(bins)]
    shared = {"x": centres, "width": 1 / bins, "customdata": ranges, "hovertemplate": hover}
    traces = [go.Bar(y=known_shares, name="known texts", marker={"color": KNOWN_COLOUR, "opacity": 0.6}, **shared)]
    if unknown_shares.any():
        hatched = {
            "color": "rgba(204, 121, 167, 0.15)",
            "line": {"color": UNKNOWN_COLOUR, "width": 1.5},
            "pattern": {"shape": "/", "fgcolor": UNKNOWN_COLOUR, "size": 6, "solidity": 0.3},
        }
        traces.append(go.Bar(y=unknown_shares, name="unknown texts", marker=hatched, **shared))
    figure = framed(traces, title, finding, "Confidence (0 to 1)", "Share of texts (%)")
    figure.update_layout(
        barmode="overlay",
        bargap=0,
        showlegend=True,
        legend={"orientation": "v", "x": 0.02, "y": 0.98, "yanchor": "top", "bgcolor": "rgba(0,0,0,0)"},
        xaxis={"range": [0, 1], "dtick": 0.2, "showgrid": False},
        yaxis={"range": [0, 1.05 * highest], "rangemode": "tozero"},
    )
    return figure


def with_threshold(figure: go.Figure, threshold: float) -> go.Figure:
    """Return a copy of a histogram with the threshold as a dashed line; texts on it and to its right are accepted."""
    marked = go.Figure(figure)
    marked.add_shape(
        type="line",
        x0=threshold,
        x1=threshold,
        y0=0,
        y1=1,
        yref="paper",
        line={"color": NEUTRAL, "width": 3, "dash": "dash"},
    )
    marked.add_annotation(
        x=threshold,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="right" if threshold > 0.5 else "left",
        text=f"threshold <b>{threshold:.2f}</b>",
        showarrow=False,
    )
    return marked
