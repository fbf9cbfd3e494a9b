"""What each augmentation changes against the baseline: a point with its 95% interval, and a line at no change."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from estitchup.charts.frame import NEUTRAL, framed
from estitchup.charts.palette import COLOURS, dash
from estitchup.comparison import Difference


def differences_chart(
    title: str, finding: str, differences: Mapping[str, Difference], axis: str, factor: float = 1.0, decimals: int = 3
) -> go.Figure:
    """Draw differences × `factor` with their intervals, the first on top; words where one could not be measured."""
    names = list(differences)
    traces = [_point(name, differences[name], factor, decimals) for name in names]
    figure = framed(traces, title, finding, axis, "", height=150 + 40 * len(names))
    figure.update_layout(
        showlegend=False,
        yaxis={
            "categoryorder": "array",
            "categoryarray": names[::-1],
            "range": [-0.6, len(names) - 0.4],
            "automargin": True,
        },
    )
    figure.update_xaxes(range=_range(list(differences.values()), factor))
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1.5, "dash": "dot"})
    for name, difference in differences.items():
        if np.isnan(difference.mean):
            figure.add_annotation(x=0, y=name, text="not measured", xanchor="left", xshift=6, showarrow=False)
    return figure


def _point(name: str, difference: Difference, factor: float, decimals: int) -> go.Scatter:
    mean, low, high = (factor * value for value in (difference.mean, difference.low, difference.high))
    bounded = np.isfinite([low, high]).all()
    interval = f", 95% interval {low:.{decimals}f} to {high:.{decimals}f}" if bounded else ", one seed: no interval"
    return go.Scatter(
        x=[None if np.isnan(mean) else mean],
        y=[name],
        name=name,
        mode="markers",
        marker={
            "color": COLOURS[name],
            "size": 12,
            "symbol": "diamond" if dash(name) == "dash" else "circle",
            "line": {"color": NEUTRAL, "width": 1},
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - mean if bounded else 0.0],
            "arrayminus": [mean - low if bounded else 0.0],
            "color": COLOURS[name],
            "thickness": 2.5,
            "width": 6,
        },
        hovertemplate=f"{name}: %{{x:+.{decimals}f}}{interval}<extra></extra>",
    )


def _range(differences: list[Difference], factor: float) -> list[float]:
    """Return the axis' range: all intervals, zero, and a little room."""
    bounds = [factor * value for own in differences for value in (own.mean, own.low, own.high)]
    finite = [value for value in bounds if np.isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    room = 0.08 * (high - low) or 1.0
    return [low - room, high + room]
