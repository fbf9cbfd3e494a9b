"""What thresholds do, to see and to read: the headline, four numbers a panel, curves, texts near the line, classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from estitchup.charts.frame import CONFIG
from estitchup.corpus import Role
from estitchup.ui.decision import SUFFERING, Classifier, Decision, expected_cost
from estitchup.ui.outcomes import SHARES, Outcomes, percent
from estitchup.ui.threshold_controls import CostChoice

HELP = {
    "known_kept": "Share of known test texts that are answered, mean over seeds.",
    "unknown_caught": "Share of unknown test texts that are refused, mean over seeds.",
    "accepted_accuracy": "Share of answers that are right, mean over seeds. An unknown text answered counts as wrong.",
}
TEXT_WIDTH = 360  # pixels
COST_HELP = "Mean cost of a test text, mean over seeds, in the unit of the costs set under “What mistakes cost”."


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


def in_words(outcomes: Outcomes) -> str:
    """Return a sentence for somebody who has never heard of a threshold."""
    kept = f"answers {of_100(outcomes.known_kept)} known texts"
    right = f"is right in {of_100(outcomes.accepted_accuracy)} answers"
    caught = f"refuses {of_100(outcomes.unknown_caught)} unknown texts"
    said = [kept] if np.isnan(outcomes.accepted_accuracy) else [kept, right]
    if not np.isnan(outcomes.unknown_caught):
        said.append(caught)
    return (said[0] if len(said) == 1 else ", ".join(said[:-1]) + f" and {said[-1]}") + "."


def of_100(share: float) -> str:
    """Write a share as a count of 100, which says 0 and 100 only where it is so."""
    whole = round(100 * share) if not np.isnan(share) else 0
    if whole == 100 and share < 1:
        return "more than 99 of 100"
    if whole == 0 and share > 0:
        return "fewer than 1 of 100"
    return f"{whole} of 100"


def written(threshold: float) -> str:
    """Write a threshold with two decimals, or as many as it needs, six at most."""
    for decimals in (2, 3):
        if abs(threshold - round(threshold, decimals)) < 1e-9:
            return f"{threshold:.{decimals}f}"
    return f"{threshold:.3f}" if threshold < 0.9995 else f"{threshold:.6f}"


def panel_numbers(panel: Panel, costs: CostChoice) -> None:
    """Draw the four numbers of a panel."""
    outcomes = panel.outcomes
    with st.grid(2, min_column_width=120):
        for share, name in SHARES.items():
            st.metric(name.capitalize(), percent(getattr(outcomes, share)), help=HELP[share])
        cost = expected_cost(outcomes, costs.costs, costs.unknown_share)
        st.metric("Cost of a text", "–" if np.isnan(cost) else f"{cost:.3f}", help=COST_HELP)


def panel_histogram(found: Decision, panel: Panel, panels: Sequence[Panel]) -> None:
    """Draw the confidences of a panel, cut by its threshold."""
    name = panel.classifier.name
    st.plotly_chart(
        found.histogram(panel.classifier, [own.classifier for own in panels], panel.threshold),
        key=f"threshold histogram {panel.side}",
        config=CONFIG,
        alt=f"{name}: confidence of known and unknown test texts. "
        f"At threshold {written(panel.threshold)}: {panel.outcomes.sentence}.",
    )


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
    with st.grid(2, min_column_width=330, gap="medium"):
        drawn = found.operating_curves([(panel.classifier, panel.threshold) for panel in panels])
        for kind, finding, figure in drawn:
            st.plotly_chart(figure, key=f"operating {kind}", config=CONFIG, alt=f"{kind}. Now: {finding}.")
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
