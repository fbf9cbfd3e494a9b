"""How fast runs learn: validation accuracy or loss epoch by epoch, and the epochs to a level that the baseline sets."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from estitchup.charts.frame import NEUTRAL, framed
from estitchup.charts.palette import COLOURS, dash

BAND_OPACITY = 0.12
MOST_MARKERS = 40  # epochs; beyond, the dots run into one another


def learning_curves(
    title: str,
    finding: str,
    curves: Mapping[str, NDArray[np.float64]],
    level: float | None = None,
    *,
    losses: bool = False,
    epochs: int | None = None,
) -> go.Figure:
    """Draw curves (S, E) of each augmentation as the mean over S seeds, and a band from the lowest to the highest.

    They are validation accuracies in [0, 1], or `losses` in nats; a run that has ended (NaN) keeps its last value.
    `level` is the baseline's best, mean over seeds, drawn as a dotted line; `epochs` are those to come in all.
    """
    scale, number, unit = (1.0, ".3f", "nats") if losses else (100.0, ".1f", "%")
    traces = []
    for name, runs in curves.items():
        values = scale * held(runs)
        if len(values) > 1:
            traces.append(_band(name, values))
        traces.append(
            go.Scatter(
                x=np.arange(1, values.shape[1] + 1),
                y=values.mean(axis=0),
                name=name,
                mode="lines+markers" if values.shape[1] <= MOST_MARKERS else "lines",
                line={"color": COLOURS[name], "width": 2.5, "dash": dash(name)},
                marker={"size": 5},
                hovertemplate=f"{name}, epoch %{{x}}: %{{y:{number}}}{' ' * losses}{unit}<extra></extra>",
            )
        )
    what = "Validation loss" if losses else "Validation accuracy"
    figure = framed(traces, title, finding, "Epoch", f"{what} ({unit})", height=420)
    figure.update_xaxes(showgrid=False, tickformat="d", rangemode="normal", nticks=11)
    if epochs is not None:
        figure.update_xaxes(range=[0.8, epochs + 0.2])
    if level is not None:
        figure.add_hline(y=scale * level, line={"color": NEUTRAL, "width": 1.5, "dash": "dot"})
    return figure


def held(runs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return curves (S, E) with the last value before it in the place of each NaN."""
    known = np.maximum.accumulate(np.where(np.isnan(runs), 0, np.arange(runs.shape[1])), axis=1)
    return np.take_along_axis(runs, known, axis=1)


def _band(name: str, values: NDArray[np.float64]) -> go.Scatter:
    epochs = np.arange(1, values.shape[1] + 1)
    red, green, blue = (int(COLOURS[name][i : i + 2], 16) for i in (1, 3, 5))
    return go.Scatter(
        x=np.concatenate([epochs, epochs[::-1]]),
        y=np.concatenate([values.max(axis=0), values.min(axis=0)[::-1]]),
        fill="toself",
        fillcolor=f"rgba({red}, {green}, {blue}, {BAND_OPACITY})",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def epochs_to_baseline(title: str, finding: str, epochs: Mapping[str, Sequence[int | None]], trained: int) -> go.Figure:
    """Draw a dot for each seed that reached the level, and a bar to their mean where all did; else say how many did.

    `epochs` are 1-based, None where a seed never reached the level within the `trained` epochs. The mean of only those
    that got there would make the slowest look fast.
    """
    names = list(epochs)
    means = {name: np.mean([e for e in own if e]) for name, own in epochs.items() if own and all(own)}
    bars = go.Bar(
        x=list(means.values()),
        y=list(means),
        orientation="h",
        marker={
            "color": [COLOURS[name] for name in means],
            "opacity": 0.6,
            "pattern": {"shape": ["/" if dash(name) == "dash" else "" for name in means]},
        },
        hovertemplate="%{y}: %{x:.1f} epochs on average<extra></extra>",
    )
    reached = [(name, epoch) for name, own in epochs.items() for epoch in own if epoch]
    dots = go.Scatter(
        x=[epoch for _, epoch in reached],
        y=[name for name, _ in reached],
        mode="markers",
        marker={"symbol": "circle-open", "size": 10, "color": NEUTRAL, "line": {"width": 2}},
        hovertemplate="%{y}: one seed after %{x} epochs<extra></extra>",
    )
    figure = framed([bars, dots], title, finding, "Epochs", "", height=130 + 40 * len(names))
    figure.update_layout(
        showlegend=False,
        xaxis={"range": [0, trained + 0.5], "tickformat": "d", "nticks": 11},
        yaxis={
            "categoryorder": "array",
            "categoryarray": names[::-1],
            "range": [-0.6, len(names) - 0.4],
            "automargin": True,
        },
    )
    for name in names:
        if name not in means:
            figure.add_annotation(y=name, showarrow=False, **_how_many(epochs[name], trained))
    return figure


def _how_many(epochs: Sequence[int | None], trained: int) -> dict[str, object]:
    """Say how many seeds reached the level, on that side of their dots where there is more room."""
    reached = [epoch for epoch in epochs if epoch]
    if not reached:
        return {"text": "not reached", "x": 0, "xanchor": "left", "xshift": 6}
    text = f"{len(reached)} of {len(epochs)} seeds"
    if trained - max(reached) >= min(reached):
        return {"text": text, "x": max(reached), "xanchor": "left", "xshift": 12}
    return {"text": text, "x": min(reached), "xanchor": "right", "xshift": -12}
