"""What thresholds do, to see and to read: the headline, four numbers a panel, curves, texts near the line, classes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from estitchup import moves
from estitchup.corpus import Role
from estitchup.decision import SUFFERING, Classifier, Decision
from estitchup.outcomes import Outcomes, in_words, written
from estitchup.ui.moving import moving_curves, moving_panel, moving_tables
from estitchup.ui.threshold_controls import CostChoice, let_go


@dataclass(frozen=True)
class Panel:
    """One side of the page: a classifier and the threshold it is used with."""

    side: str
    classifier: Classifier
    threshold: float

    @property
    def outcomes(self) -> Outcomes:
        """Return what the threshold does to test texts."""
        return self.classifier.outcomes(self.threshold)


@dataclass(frozen=True)
class Details:
    """A section that moves with the thresholds: a container, and what draws the panels' details there."""

    place: st.delta_generator.DeltaGenerator
    draw: Callable[[Sequence[Panel]], None]

    def show(self, panels: Sequence[Panel]) -> None:
        """Draw the details in place of what stands there."""
        with self.place:
            self.draw(panels)


def headline(panels: Sequence[Panel]) -> None:
    """Say in words what the thresholds do."""
    said = [
        f"At **{written(panel.threshold)}**, **{panel.classifier.name}** {in_words(panel.outcomes)}" for panel in panels
    ]
    st.container(border=True).markdown("\n\n".join(said))


def send_tables(sides: Mapping[str, Classifier], costs: CostChoice, linked: bool) -> str:
    """Send the browser what stays of the panels when their thresholds move, and return its version."""
    highest = max(float(shares.max()) for classifier in sides.values() for shares in classifier.shares)
    tables = []
    for side, classifier in sides.items():
        scale = "after temperature scaling" if classifier.calibrated else "as the classifier says"
        frame = moves.Frame(
            "both" if linked else side,
            side,
            classifier.name,
            f"Confidence {scale}, seeds pooled",
            f"Threshold line, {classifier.name}",
        )
        tables.append(moves.table(frame, classifier.shares, highest, classifier.moves, costs.counted))
    return moving_tables(tables, "tables of the panels")


def panel_drawing(panel: Panel, version: str, costs: CostChoice, linked: bool) -> None:
    """Draw the confidences of a panel, cut by its threshold, which can be dragged, and the four numbers of the cut."""
    now = moves.position(panel.side, panel.threshold, panel.classifier.curves, costs.counted)
    moved = "left" if linked else panel.side  # one threshold for both is the left one
    moving_panel(now, version, f"panel {panel.side}", partial(let_go, moved))


def details(found: Decision, sides: Mapping[str, Classifier]) -> Details | None:
    """Draw the section that is open; of one that moves with the thresholds, return what draws it."""
    curves, texts, classes = st.tabs(
        ["Curves", "Texts near the line", "Classes that suffer"], key="detail", bind="query-params"
    )
    if curves.open:
        with curves:
            _curves(found, sides)
    if texts.open:
        return Details(texts.container(), partial(_nearest, found))
    if classes.open:
        return Details(classes.container(), _suffering)
    return None


def _curves(found: Decision, sides: Mapping[str, Classifier]) -> None:
    operating = [moves.Operating(side, own.name, own.drawn_curve) for side, own in sides.items()]
    moving_curves(moves.curves(operating, found.has_unknown(Role.TEST)), "operating curves")
    st.caption(
        "Test texts, seeds pooled. The large mark on each curve is its threshold. Unknown texts that are answered "
        "count as wrong answers."
    )
    if not found.has_unknown(Role.TEST):
        st.info("Without unknown test texts there is no curve of what is caught against what is refused (ROC).")


def _nearest(found: Decision, panels: Sequence[Panel]) -> None:
    for panel in panels:
        st.markdown(f"**{panel.classifier.name}** at {written(panel.threshold)}")
        st.table(
            panel.classifier.nearest(panel.threshold).style.format({"Confidence": "{:.3f}"}),
            border="horizontal",
            hide_index=True,
            alt=f"The test texts nearest the threshold of {panel.classifier.name}",
        )
    seed = found.result.spec.seeds[0]
    st.caption(
        f"The ten test texts nearest each line, the surest first, as the classifier of seed {seed} answers them."
    )


def _suffering(panels: Sequence[Panel]) -> None:
    with st.grid(len(panels), min_column_width=330, gap="medium") as grid:
        for panel in panels:
            with grid.cell():
                _classes(panel)
    st.caption(
        f"At most {SUFFERING} classes with the largest share of known test texts refused, over all seeds. A class with "
        "few texts gets to the top by chance."
    )


def _classes(panel: Panel) -> None:
    st.markdown(f"**{panel.classifier.name}** at {written(panel.threshold)}")
    table = panel.classifier.suffering(panel.threshold)
    if table.empty:
        st.info("No known test text is refused.")
        return
    st.table(
        table.style.format({"Refused": "{:.1f}%"}),
        border="horizontal",
        hide_index=True,
        alt=f"Classes refused most often by {panel.classifier.name}",
    )


def show_temperature(found: Decision, sides: Mapping[str, Classifier]) -> None:
    """Say what temperature scaling does to the calibration error."""
    said = []
    for own in sides.values():
        before, after = (found.classifier(own.name, calibrated) for calibrated in (False, True))
        mean = float(np.mean(after.temperatures))
        said.append(
            f"{own.name}: {before.calibration_error:.3f} before, {after.calibration_error:.3f} after "
            f"(temperature {mean:.2f}, mean over seeds)"
        )
    st.caption("Expected calibration error on test texts. " + "; ".join(said) + ".")
