"""Where a threshold puts a classifier: on the ROC curve, and on the curve of wrong answers against texts answered.

A curve is drawn once, the operating point on it at every move of the threshold. All axes are in percent of texts.
"""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from estitchup.charts.frame import framed
from estitchup.charts.palette import COLOURS, dash
from estitchup.threshold import Outcome, Sweep

Point = tuple[float, float]


def roc(sweeps: Mapping[str, Sweep]) -> go.Figure:
    """Draw the share of unknown texts caught against the share of known ones refused on the way."""
    traces = [
        _curve(name, sweep.known_refused, sweep.unknown_caught, "refuses %{x:.1f}% of known, catches %{y:.1f}%")
        for name, sweep in sweeps.items()
    ]
    figure = _figure(traces, "Unknown caught, known refused", "Known texts refused (%)", "Unknown texts caught (%)")
    figure.update_layout(xaxis={"range": [-2, 102], "dtick": 20}, yaxis={"range": [-2, 104], "dtick": 20})
    return figure


def risk_coverage(sweeps: Mapping[str, Sweep]) -> go.Figure:
    """Draw the share of wrong answers against the share of all texts that are answered, unknown ones included."""
    traces = [
        _curve(name, sweep.coverage, sweep.risk, "answers %{x:.1f}% of texts, %{y:.1f}% of them wrong")
        for name, sweep in sweeps.items()
    ]
    figure = _figure(traces, "Wrong answers, texts answered", "Texts answered (%)", "Wrong answers (%)")
    figure.update_layout(xaxis={"range": [-2, 102], "dtick": 20}, yaxis={"rangemode": "tozero"})
    return figure


def roc_point(outcome: Outcome) -> Point:
    """Return where a threshold stands on the ROC curve, in [0, 1]."""
    return 1 - outcome.known_kept, outcome.unknown_caught


def risk_point(outcome: Outcome) -> Point:
    """Return where a threshold stands on the risk–coverage curve, in [0, 1]; NaN risk when nothing is answered."""
    return outcome.coverage, 1 - outcome.accepted_accuracy


def with_points(figure: go.Figure, points: Mapping[str, Point]) -> go.Figure:
    """Return a copy with a point (x, y) in [0, 1] for each name."""
    drawing = figure.to_dict()
    drawing["data"] = [*drawing["data"], *(_point(name, *point) for name, point in points.items())]
    return go.Figure(drawing, _validate=False)  # as in histogram.py: validating takes ten times as long


def _figure(traces: list[go.Scatter], title: str, x_title: str, y_title: str) -> go.Figure:
    return framed(traces, title, "", x_title, y_title, height=360)


def _curve(name: str, x: NDArray[np.float64], y: NDArray[np.float64], says: str) -> go.Scatter:
    return go.Scatter(
        x=100 * x,
        y=100 * y,
        name=name,
        mode="lines",
        line={"color": COLOURS[name], "width": 2.5, "dash": dash(name)},
        hovertemplate=f"{name} {says}<extra></extra>",
    )


def _point(name: str, x: float, y: float) -> dict[str, object]:
    symbol = "diamond" if dash(name) == "dash" else "circle"
    return {
        "type": "scatter",
        "x": [100 * x],
        "y": [100 * y],
        "name": name,
        "mode": "markers",
        "marker": {"color": COLOURS[name], "size": 15, "symbol": symbol, "line": {"color": "#808080", "width": 2}},
        "showlegend": False,
        "hovertemplate": f"{name} now: %{{x:.1f}}%, %{{y:.1f}}%<extra></extra>",
    }
