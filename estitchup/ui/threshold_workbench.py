"""All of the threshold page that moves with a threshold: a fragment, so that a move redraws it and nothing else."""

from collections.abc import Sequence

import streamlit as st

from estitchup.decision import Classifier, Decision
from estitchup.decision_store import KeptThreshold, keep_thresholds, kept_thresholds
from estitchup.errors import EstitchupError
from estitchup.outcomes import written
from estitchup.policy import Policy
from estitchup.ui import state, threshold_view
from estitchup.ui import threshold_controls as controls
from estitchup.ui.guard import guard, show_error
from estitchup.ui.threshold_controls import SIDES, CostChoice, Kept
from estitchup.ui.threshold_view import Panel

Choices = dict[str, float | None]


@st.fragment
def threshold_workbench(job_id: str, found: Decision) -> None:
    """Draw headline, controls, panels and details of an experiment."""
    with guard():
        kept = _read_kept(job_id)
        start = controls.settle_experiment(job_id, found, kept)
        answer, settings = st.container(), st.container()
        shared, columns = st.container(), st.columns(min(len(found.names), 2), gap="medium")
        names = controls.choose_names(found, columns)
        with settings:
            policy, costs = _choose_policy(found, start)
            switches = st.container(horizontal=True, vertical_alignment="center")
        with switches:
            calibrated, linked = _switches(start, len(names))
        classifiers = [found.classifier(name, calibrated) for name in names]
        with settings:
            choices: Choices = {
                side: controls.choice_of(classifier, policy)
                for side, classifier in zip(SIDES, classifiers, strict=False)
            }
        switches.button(
            "Use the policy's choice", icon=":material/undo:", on_click=controls.use_choices, args=[choices]
        )
        for side, classifier in zip(SIDES, classifiers, strict=False):
            controls.settle_threshold(side, job_id, classifier, policy, choices[side], kept)
        panels = _thresholds(classifiers, [shared] * len(columns) if linked else columns, linked)
        for column, panel in zip(columns, panels, strict=True):
            with column:
                threshold_view.panel_drawing(panel, panels, costs, linked)
        with answer:
            threshold_view.headline(panels)
        with settings:
            if calibrated:
                threshold_view.show_temperature(found, panels)
        _show_kept(job_id, found, panels, policy, choices)
        threshold_view.details(found, panels)


def _choose_policy(found: Decision, start: KeptThreshold | None) -> tuple[Policy, CostChoice]:
    policy_slot = st.container()  # costs stand below, and one policy needs them
    costs = controls.choose_costs(found)
    with policy_slot:
        return controls.choose_policy(found, start, costs), costs


def _switches(start: KeptThreshold | None, panels: int) -> tuple[bool, bool]:
    """Return whether temperatures are scaled, and whether one threshold serves both panels."""
    calibrated = st.toggle(
        "Temperature scaling",
        start.temperature if start else False,
        key="calibrated",
        bind="query-params",
        help="Divides each run's logits by a temperature fitted on its known validation texts. Answers stay the same, "
        "confidences everywhere on this page change, and the policy chooses anew.",
    )
    linked = panels > 1 and st.toggle(
        "One threshold for both",
        key="linked",
        bind="query-params",
        help="The left panel's threshold serves both, though each classifier has its own scale of confidence.",
    )
    return calibrated, linked


def _thresholds(
    classifiers: Sequence[Classifier], slots: Sequence[st.delta_generator.DeltaGenerator], linked: bool
) -> list[Panel]:
    panels: list[Panel] = []
    for side, classifier, slot in zip(SIDES, classifiers, slots, strict=False):
        if linked and panels:
            panels.append(Panel(side, classifier, panels[0].threshold))
            continue
        with slot:
            label = "Threshold for both" if linked else f"Threshold of {classifier.name}"
            panels.append(Panel(side, classifier, controls.threshold_input(side, label)))
    return panels


def _read_kept(job_id: str) -> Kept:
    """Read the kept thresholds; a damaged file is said and passed over."""
    try:
        return kept_thresholds(state.workspace().result_folder(job_id))
    except EstitchupError as error:
        show_error(str(error))
        return {}


def _show_kept(job_id: str, found: Decision, panels: Sequence[Panel], policy: Policy, choices: Choices) -> None:
    """Offer to keep the thresholds, and say which are kept."""
    if st.button("Keep these thresholds", icon=":material/bookmark_add:", type="primary"):
        chosen = {}
        for panel in panels:
            by_policy = panel.threshold == choices[panel.side]
            chosen[panel.classifier.name] = KeptThreshold(
                panel.threshold,
                policy.name if by_policy else None,
                {own.field: getattr(policy, own.field) for own in policy.parameters} if by_policy else {},
                panel.classifier.calibrated,
            )
        keep_thresholds(state.workspace().result_folder(job_id), chosen)
        st.toast("The thresholds are kept with the experiment.", icon=":material/bookmark_added:")
    kept = _read_kept(job_id)
    said = [
        f"{name} {written(kept[name].threshold)}" + " after temperature scaling" * kept[name].temperature
        for name in found.names
        if name in kept
    ]
    st.caption("Kept with this experiment: " + "; ".join(said) + "." if said else "No threshold is kept yet.")
