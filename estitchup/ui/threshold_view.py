"""What thresholds do, to see and to read: the headline, four numbers a panel, curves, texts near the line, classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from estitchup import moves
from estitchup.corpus import Role
from estitchup.decision import SUFFERING, Classifier, Decision
from estitchup.outcomes import Outcomes, in_words, written
from estitchup.ui.moving import moving_curves, moving_panel
from estitchup.ui.threshold_controls import CostChoice, let_go

TEXT_WIDTH = 360  # pixels


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


def headline(panels: Sequence[Panel]) -> None:
    """Say in words what the thresholds do."""
    with st.container(border=True):
        for panel in panels:
            name, outcomes = panel.classifier.name, panel.outcomes
            st.markdown(f"At **{written(panel.threshold)}**, **{name}** {in_words(outcomes)}")


def panel_drawing(panel: Panel, panels: Sequence[Panel], costs: CostChoice, linked: bool) -> None:
    """Draw the confidences of a panel, cut by its threshold, which can be dragged, and the four numbers of the cut."""
    classifier = panel.classifier
    scale = "after temperature scaling" if classifier.calibrated else "as the classifier says"
    group = "both" if linked else panel.side
    frame = moves.Frame(
        group, panel.side, classifier.name, f"Confidence {scale}, seeds pooled", f"Threshold line, {classifier.name}"
    )
    data = moves.panel(
        frame,
        classifier.shares,
        max(float(shares.max()) for own in panels for shares in own.classifier.shares),
        panel.threshold,
        classifier.curves,
        classifier.moves,
        (costs.costs, costs.counted_share),
    )
    moved = "left" if linked else panel.side  # one threshold for both is the left one
    moving_panel(data, f"panel {panel.side}", partial(let_go, moved))


def details(found: Decision, panels: Sequence[Panel]) -> None:
    """Draw the section that is open: curves, texts near the line, or classes."""
    curves, texts, classes = st.tabs(
        ["Curves", "Texts near the line", "Classes that suffer"], key="detail", bind="query-params"
    )
    if curves.open:
        with curves:
            _curves(found, panels)
    if texts.open:
        with texts:
            _nearest(found, panels)
    if classes.open:
        with classes:
            _suffering(panels)


def _curves(found: Decision, panels: Sequence[Panel]) -> None:
    operating = [
        moves.Operating(
            panel.side,
            panel.classifier.name,
            panel.classifier.pooled_curve,
            moves.Moves.of(panel.classifier.curves, np.array([panel.threshold])),
        )
        for panel in panels
    ]
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
        st.dataframe(
            panel.classifier.nearest(panel.threshold),
            hide_index=True,
            height="content",
            column_config={
                "Text": st.column_config.TextColumn(width=TEXT_WIDTH),
                "Confidence": st.column_config.NumberColumn(format="%.3f"),
            },
            key=f"nearest {panel.side}",
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
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={
            "Refused": st.column_config.NumberColumn(format="%.1f%%", width="small"),
            "Texts": st.column_config.NumberColumn(width="small", help="Test texts of the class"),
        },
        key=f"suffering {panel.side}",
        alt=f"Classes refused most often by {panel.classifier.name}",
    )


def show_temperature(found: Decision, panels: Sequence[Panel]) -> None:
    """Say what temperature scaling does to the calibration error."""
    said = []
    for panel in panels:
        before, after = (found.classifier(panel.classifier.name, calibrated) for calibrated in (False, True))
        mean = float(np.mean(after.temperatures))
        said.append(
            f"{panel.classifier.name}: {before.calibration_error:.3f} before, {after.calibration_error:.3f} after "
            f"(temperature {mean:.2f}, mean over seeds)"
        )
    st.caption("Expected calibration error on test texts. " + "; ".join(said) + ".")
