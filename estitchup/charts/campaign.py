"""A labelling campaign: accuracy and unknown classes discovered against texts labelled, strategy by strategy."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from estitchup.charts.frame import NEUTRAL, framed

Floats = NDArray[np.float64]

BAND_OPACITY = 0.12
STYLES = {  # Okabe–Ito; no two lines share both dash and marker
    "Least confidence": ("#D55E00", "solid", "circle"),
    "Margin": ("#0072B2", "solid", "square"),
    "Entropy": ("#56B4E9", "dash", "diamond"),
    "Energy": ("#E69F00", "dash", "triangle-up"),
    "Distance": ("#CC79A7", "dot", "x"),
    "Diverse batch": ("#009E73", "solid", "star"),
    "Random": (NEUTRAL, "dash", "circle-open"),
}


def accuracy_curves(finding: str, labelled: NDArray[np.int64], accuracies: Mapping[str, Floats]) -> go.Figure:
    """Draw accuracies (S, T + 1) in [0, 1] of each strategy: the mean over seeds, and a band over their range."""
    curves = {name: 100 * own for name, own in accuracies.items()}
    return _figure("Accuracy over all classes", finding, labelled, curves, "Test accuracy (%)", "%{y:.1f}%")


def discovery_curves(finding: str, labelled: NDArray[np.int64], discovered: Mapping[str, Floats]) -> go.Figure:
    """Draw how many absent classes each strategy has found, likewise."""
    return _figure("Unknown classes discovered", finding, labelled, discovered, "Classes", "%{y:.1f} classes")


def _figure(
    title: str, finding: str, labelled: NDArray[np.int64], curves: Mapping[str, Floats], y_title: str, says: str
) -> go.Figure:
    traces = []
    for name, own in curves.items():
        if len(own) > 1:
            traces.append(_band(name, labelled, own))
        colour, dash, symbol = STYLES[name]
        traces.append(
            go.Scatter(
                x=labelled,
                y=own.mean(axis=0),
                name=name,
                mode="lines+markers",
                line={"color": colour, "width": 2.5, "dash": dash},
                marker={"size": 7, "symbol": symbol},
                hovertemplate=f"{name}, %{{x:,}} texts: {says}<extra></extra>",
            )
        )
    return framed(traces, title, finding, "Texts labelled", y_title, height=440)


def _band(name: str, labelled: NDArray[np.int64], own: Floats) -> go.Scatter:
    red, green, blue = (int(STYLES[name][0][place : place + 2], 16) for place in (1, 3, 5))
    return go.Scatter(
        x=np.concatenate([labelled, labelled[::-1]]),
        y=np.concatenate([own.max(axis=0), own.min(axis=0)[::-1]]),
        fill="toself",
        fillcolor=f"rgba({red}, {green}, {blue}, {BAND_OPACITY})",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )
