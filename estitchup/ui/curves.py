"""Learning curves of an experiment that trains, each chart under what it says."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from estitchup.charts import learning_curves
from estitchup.charts.curves import held
from estitchup.charts.frame import CONFIG
from estitchup.jobs import Watched
from estitchup.spec import ExperimentSpec

ACCURACY_HEIGHT, LOSS_HEIGHT = 330, 250


def seed_curves(watched: Watched, spec: ExperimentSpec, measure: str) -> dict[str, NDArray[np.float64]]:
    """Return each augmentation's curves (S, E); `measure` is a list of `Epoch`, such as "validation_accuracies"."""
    values = held(watched.curves(measure).T)  # (R, epochs so far)
    names = [name for name, _ in spec.run_keys]
    return {cell.name: values[[name == cell.name for name in names]] for cell in spec.augmentations}


def show_curves(watched: Watched, spec: ExperimentSpec) -> None:
    """Draw validation accuracy and validation loss so far."""
    after = f"After epoch {watched.epochs[-1].epoch}"
    accuracies = seed_curves(watched, spec, "validation_accuracies")
    last = {name: float(runs[:, -1].mean()) for name, runs in accuracies.items()}
    best = max(last, key=last.__getitem__)
    _show(f"{after}, {best} has the highest validation accuracy, {last[best]:.1%}", accuracies, spec, losses=False)
    losses = seed_curves(watched, spec, "validation_losses")
    last = {name: float(runs[:, -1].mean()) for name, runs in losses.items()}
    best = min(last, key=last.__getitem__)
    _show(f"{after}, {best} has the lowest validation loss, {last[best]:.3f}", losses, spec, losses=True)
    if len(spec.seeds) > 1:
        st.caption(
            f"Lines are means of {len(spec.seeds)} seeds, bands their range. Whether a difference is more than chance, "
            "the comparison says."
        )


def _show(finding: str, curves: dict[str, NDArray[np.float64]], spec: ExperimentSpec, *, losses: bool) -> None:
    """Draw a chart under its finding, which wraps on a phone where a chart's title would be cut off."""
    figure = learning_curves("", "", curves, losses=losses, epochs=spec.training.epochs)
    figure.update_layout(
        height=LOSS_HEIGHT if losses else ACCURACY_HEIGHT,
        margin={"t": 10},
        showlegend=not losses,
        uirevision="same",
    )
    st.markdown(f"**{finding}**")
    st.plotly_chart(figure, key="loss_curves" if losses else "accuracy_curves", alt=finding, config=CONFIG)
