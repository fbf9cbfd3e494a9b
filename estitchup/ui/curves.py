"""Learning curves: the mean over seeds of each augmentation, and the range of its seeds as a translucent band."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from estitchup.charts.palette import COLOURS, dash
from estitchup.jobs import Watched
from estitchup.spec import ExperimentSpec

_BAND_OPACITY = 0.12


@dataclass(frozen=True, eq=False)
class Curve:
    """An augmentation's mean, lowest and highest value over seeds after each epoch, each (epochs so far,)."""

    name: str
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def seed_curves(watched: Watched, spec: ExperimentSpec, measure: str) -> list[Curve]:
    """Gather the runs of each augmentation; `measure` is a list of `Epoch`, such as "validation_accuracies"."""
    values = watched.curves(measure)  # (epochs so far, R)
    curves = []
    for augmentation in spec.augmentations:
        columns = [run for run, (name, _) in enumerate(spec.run_keys) if name == augmentation.name]
        runs = values[:, columns]
        curves.append(Curve(augmentation.name, *seed_range(runs)))
    return curves


def seed_range(
    runs: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return mean, lowest and highest over seeds of runs (E, S); a run that has left keeps its last value."""
    held = pd.DataFrame(runs).ffill().to_numpy()
    return held.mean(axis=1), held.min(axis=1), held.max(axis=1)


def show_curves(watched: Watched, spec: ExperimentSpec) -> None:
    """Draw validation accuracy and validation loss so far, each under what it says."""
    accuracies = seed_curves(watched, spec, "validation_accuracies")
    best = max(accuracies, key=lambda curve: curve.mean[-1])
    after = f"After epoch {len(best.mean)}, "
    highest = f"{after}{best.name} has the highest validation accuracy, {best.mean[-1]:.1%}"
    _show(highest, curve_figure(accuracies, spec.training.epochs, percent=True), "accuracy_curves")
    losses = seed_curves(watched, spec, "validation_losses")
    low = min(losses, key=lambda curve: curve.mean[-1])
    lowest = f"{after}{low.name} has the lowest validation loss, {low.mean[-1]:.3f}"
    _show(lowest, curve_figure(losses, spec.training.epochs, percent=False), "loss_curves")
    if len(spec.seeds) > 1:
        st.caption(
            f"Lines are means of {len(spec.seeds)} seeds, bands their range. Whether a difference is more than chance, "
            "the comparison says."
        )


def _show(finding: str, figure: go.Figure, key: str) -> None:
    st.markdown(f"**{finding}**")
    st.plotly_chart(figure, key=key, alt=finding, config={"displayModeBar": False})


def curve_figure(curves: list[Curve], epochs: int, *, percent: bool) -> go.Figure:
    """Draw the curves over all epochs to come: shares in percent under a legend, or losses in nats."""
    figure = go.Figure()
    for curve in curves:
        _add(figure, curve, percent)
    figure.update_layout(height=300 if percent else 230, margin={"t": 10, "l": 0, "r": 0, "b": 0})
    figure.update_layout(hovermode="x unified", uirevision="same", showlegend=percent)
    figure.update_layout(legend={"orientation": "h", "y": -0.25, "yanchor": "top", "x": 0})
    figure.update_xaxes(title="Epoch", range=[0.8, epochs + 0.2], dtick=max(1, -(-epochs // 10)))
    label = "Validation accuracy (%)" if percent else "Validation loss (nats)"
    figure.update_yaxes(title=label, tickformat=".0%" if percent else None)
    return figure


def _add(figure: go.Figure, curve: Curve, percent: bool) -> None:
    colour = COLOURS[curve.name]
    epochs = np.arange(1, len(curve.mean) + 1)
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    figure.add_scatter(
        x=np.concatenate([epochs, epochs[::-1]]),
        y=np.concatenate([curve.high, curve.low[::-1]]),
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},{_BAND_OPACITY})",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=epochs,
        y=curve.mean,
        name=curve.name,
        mode="lines+markers",
        line={"color": colour, "dash": dash(curve.name), "width": 2.5},
        marker={"size": 5},
        hovertemplate="%{y:.1%}" if percent else "%{y:.3f}",
    )
