"""The threshold page below its title: what a person sets, the panels, and what is kept, each a fragment of its own.

A move of a threshold reruns the smallest part alone, which draws sliders and numbers, sends each panel its position,
and fills the two places outside it that follow: the headline, and the section that is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from estitchup.ui.threshold_view import Details, Panel

Choices = dict[str, float | None]


@dataclass(frozen=True)
class Workbench:
    """What a move of a threshold leaves as it is: what was chosen, and the places that follow the thresholds."""

    classifiers: Mapping[str, Classifier]
    costs: CostChoice
    linked: bool
    version: str
    headline: st.delta_generator.DeltaGenerator
    details: Details | None


@st.fragment
def threshold_workbench(job_id: str, found: Decision) -> None:
    """Draw headline, controls, panels and details of an experiment."""
    with guard():
        kept = _read_kept(job_id)
        start = controls.settle_experiment(job_id, found, kept)
        headline, settings = st.container(), st.container()  # st.empty() takes nothing from an inner fragment
        names = controls.choose_names(found)
        moving, keeping = st.container(), st.container()
        with settings:
            policy, costs = _choose_policy(found, start)
            switches = st.container(horizontal=True, vertical_alignment="center")
        with switches:
            calibrated, linked = _switches(start, len(names))
        sides = {side: found.classifier(name, calibrated) for side, name in zip(SIDES, names, strict=False)}
        with settings:
            choices: Choices = {side: controls.choice_of(classifier, policy) for side, classifier in sides.items()}
            if calibrated:
                threshold_view.show_temperature(found, sides)
        with switches:
            st.button("Use the policy's choice", icon=":material/undo:", on_click=controls.use_choices, args=[choices])
            version = threshold_view.send_tables(sides, costs, linked)
        for side, classifier in sides.items():
            controls.settle_threshold(side, job_id, classifier, policy, choices[side], kept)
        st.query_params.pop(controls.FOR_ALL, None)  # each side has its own from here on
        details = threshold_view.details(found, sides)
        with moving:
            _moving_part(Workbench(sides, costs, linked, version, headline, details))
        with keeping:
            _keeping_part(job_id, found, sides, policy, choices, linked)


@st.fragment
def _moving_part(bench: Workbench) -> None:
    """Draw what a move of a threshold redraws, and nothing else."""
    with guard():
        shared, columns = st.container(), st.columns(len(bench.classifiers), gap="medium")
        panels = _thresholds(bench.classifiers, [shared] * len(columns) if bench.linked else columns, bench.linked)
        for column, panel in zip(columns, panels, strict=True):
            with column:
                threshold_view.panel_drawing(panel, bench.version, bench.costs, bench.linked)
        with bench.headline:
            threshold_view.headline(panels)
        if bench.details:
            bench.details.show(panels)


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
    classifiers: Mapping[str, Classifier], slots: Sequence[st.delta_generator.DeltaGenerator], linked: bool
) -> list[Panel]:
    panels: list[Panel] = []
    for (side, classifier), slot in zip(classifiers.items(), slots, strict=True):
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


@st.fragment
def _keeping_part(
    job_id: str, found: Decision, sides: Mapping[str, Classifier], policy: Policy, choices: Choices, linked: bool
) -> None:
    """Offer to keep the thresholds, and say which are kept."""
    with guard():
        if st.button("Keep these thresholds", icon=":material/bookmark_add:", type="primary"):
            chosen = {}
            for side, classifier in sides.items():
                threshold = st.session_state[f"t_{'left' if linked else side}"]
                chosen[classifier.name] = _to_keep(classifier, threshold, policy, choices[side])
            keep_thresholds(state.workspace().result_folder(job_id), chosen)
            st.toast("The thresholds are kept with the experiment.", icon=":material/bookmark_added:")
        kept = _read_kept(job_id)
        said = [
            f"{name} {written(kept[name].threshold)}" + " after temperature scaling" * kept[name].temperature
            for name in found.names
            if name in kept
        ]
        st.caption("Kept with this experiment: " + "; ".join(said) + "." if said else "No threshold is kept yet.")


def _to_keep(classifier: Classifier, threshold: float, policy: Policy, choice: float | None) -> KeptThreshold:
    by_policy = threshold == choice
    return KeptThreshold(
        threshold,
        policy.name if by_policy else None,
        {own.field: getattr(policy, own.field) for own in policy.parameters} if by_policy else {},
        classifier.calibrated,
    )
