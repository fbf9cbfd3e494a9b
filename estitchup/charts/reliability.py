"""Confidence against accuracy: on the diagonal a classifier is right as often as it says.

A bin without texts has no point and no bar; a point grows with its bin's share of the texts, and an upright bar through
it is the 95% interval of its accuracy.
"""

import numpy as np
import plotly.graph_objects as go

from estitchup.calibration import ReliabilityTable
from estitchup.charts.frame import NEUTRAL, framed


def reliability_diagram(title: str, finding: str, table: ReliabilityTable, colour: str, dash: str) -> go.Figure:
    """Draw a reliability table: accuracy at each bin's mean confidence, and faint bars for the bins' share of texts."""
    filled = table.count > 0
    count = table.count[filled]
    shares = 100 * count / max(count.sum(), 1)
    middles = (table.edges[:-1] + table.edges[1:])[filled] / 2
    bars = go.Bar(
        x=middles,
        y=shares,
        width=table.edges[1] - table.edges[0],
        name="share of the texts (%)",
        marker={"color": NEUTRAL, "opacity": 0.25},
        hovertemplate="%{y:.1f}% of the texts<extra></extra>",
    )
    diagonal = go.Scatter(
        x=[0, 1],
        y=[0, 100],
        mode="lines",
        name="as right as it says",
        line={"color": NEUTRAL, "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
    )
    points = go.Scatter(
        x=table.confidence[filled],
        y=100 * table.accuracy[filled],
        customdata=np.column_stack([count, 100 * table.low[filled], 100 * table.high[filled]]),
        mode="lines+markers",
        name="right answers",
        line={"color": colour, "width": 2.5, "dash": dash},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": 100 * (table.high - table.accuracy)[filled],
            "arrayminus": 100 * (table.accuracy - table.low)[filled],
            "thickness": 1,
            "width": 0,
        },
        marker={"size": 5 + 9 * np.sqrt(shares / max(shares.max(initial=0), 1)), "opacity": 1},
        hovertemplate="says %{x:.2f}, is right %{y:.1f}%<br>"
        "95% interval %{customdata[1]:.1f} to %{customdata[2]:.1f}%<br>"
        "%{customdata[0]:,} answers<extra></extra>",
    )
    figure = framed([bars, diagonal, points], title, finding, "Confidence (0 to 1)", "Right answers (%)", height=360)
    figure.update_layout(
        bargap=0,
        xaxis={"range": [0, 1.02], "dtick": 0.2, "showgrid": False},
        yaxis={"range": [0, 104], "dtick": 20},
    )
    return figure
