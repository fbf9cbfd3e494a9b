"""What a person sets on the threshold page: policy, costs, panels, thresholds, temperature scaling.

Every choice is in the address. A number input holds the exact threshold; the slider beside it moves it in thousandths.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from estitchup.corpus import Role
from estitchup.decision import Classifier, Decision
from estitchup.decision_store import KeptThreshold
from estitchup.errors import EstitchupError
from estitchup.leave_out import EXPECTED_UNKNOWN
from estitchup.policy import POLICIES, LeastCost, LimitUnknown, Parameter, Policy, RightAnswers, policy_named
from estitchup.recipe import BASELINE
from estitchup.threshold import Costs
from estitchup.ui.guard import plain

SIDES = ("left", "right")
FAVOURITES = (BASELINE, "Soft E-Stitchup")
HIGHEST_COST = 1e9
FOR_ALL = "threshold"  # what an address calls a threshold that serves every classifier, as on Compare
NO_UNKNOWN = (
    "Policies that look at unknown texts are not offered: the validation texts of this experiment hold none. Mark "
    "classes as unknown on the Data page, or leave classes out in turn on the Train page, to get them."
)
STAND_INS = (
    "The validation texts hold no unknown ones. For this policy, texts of known classes stand in, as scored by "
    "{folds} extra runs of the augmentation that each were trained without some of the classes."
)
EXPECTED = " How many there are says nothing of production, where {share:.0%} of texts are taken to be unknown."
CHANGES_IT = " “What mistakes cost” changes it."
UNCOUNTED = "Unknown texts are not counted: the validation texts hold none."

Kept = Mapping[str, KeptThreshold]


@dataclass(frozen=True)
class CostChoice:
    """What mistakes cost, and the share of unknown texts in production (None: as in these texts).

    `counted_share` is the share for test texts, None where these hold no unknown ones.
    """

    costs: Costs
    unknown_share: float | None
    counted_share: float | None

    @property
    def counted(self) -> tuple[Costs, float | None]:
        """Return what the cost of test texts is counted with."""
        return self.costs, self.counted_share


def settle_experiment(job_id: str, found: Decision, kept: Kept) -> KeptThreshold | None:
    """Drop choices that do not fit the experiment; return the kept threshold that sets policy and switch at first."""
    if st.session_state.get("decision_of", job_id) != job_id:
        for key in ("policy", "calibrated", "linked"):
            st.session_state.pop(key, None)
    st.session_state["decision_of"] = job_id
    for side in SIDES:
        if st.session_state.get(side) not in found.names:
            st.session_state.pop(side, None)
    return next((kept[name] for name in [*FAVOURITES, *found.names] if name in kept and name in found.names), None)


def choose_names(found: Decision) -> list[str]:
    """Let the person choose the augmentation of each panel."""
    chosen: list[str] = []
    columns = st.columns(min(len(found.names), len(SIDES)), gap="medium")
    for side, column, favourite in zip(SIDES, columns, FAVOURITES, strict=False):
        rest = [name for name in found.names if name not in chosen]
        if st.session_state.get(side) in chosen:
            st.session_state.pop(side)
        start = rest.index(favourite) if favourite in rest else len(chosen) and len(rest) - 1
        label = f"Augmentation, {side} panel" if len(found.names) > 1 else "Augmentation"
        chosen.append(column.selectbox(label, rest, start, key=side, bind="query-params"))
    return chosen


def choose_policy(found: Decision, start: KeptThreshold | None, costs: CostChoice) -> Policy:
    """Let the person choose a policy and its parameters."""
    unknown = found.has_unknown(Role.VALIDATION) or found.uses_stand_ins
    names = [policy.name for policy in POLICIES if unknown or not policy.needs_unknown]
    if st.session_state.get("policy") not in names:
        st.session_state.pop("policy", None)
    kept = start.policy if start and start.policy in names else None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Policy",
            names,
            names.index(kept) if kept else 0,
            key="policy",
            bind="query-params",
            width=360,
            help="How a threshold is chosen: on validation texts, seeds pooled. What it does is counted on test texts.",
        )
        policy = next(policy for policy in POLICIES if policy.name == name)
        if isinstance(policy, LeastCost):
            policy = LeastCost(**vars(costs.costs), unknown_share=costs.unknown_share)
        else:
            before = start.parameters if start and kept == name else {}
            values = {own.field: _parameter(policy, own, before.get(own.field)) for own in policy.parameters}
            policy = policy_named(name, **values)
    st.caption(plain(policy.sentence) + " It is chosen on validation texts, the seeds pooled.")
    looks_at_unknown = policy.needs_unknown or isinstance(policy, RightAnswers)  # answers to unknown texts are wrong
    if found.uses_stand_ins and looks_at_unknown:
        st.caption(STAND_INS.format(folds=found.result.spec.leave_out) + _expected(policy))
    if not unknown:
        st.caption(f"{UNCOUNTED} {NO_UNKNOWN}" if looks_at_unknown else NO_UNKNOWN)
    return policy


def _expected(policy: Policy) -> str:
    """Say which share of unknown texts the policy takes for that of production, where it matters."""
    if isinstance(policy, LimitUnknown):
        return ""
    if isinstance(policy, LeastCost):
        share = EXPECTED_UNKNOWN if policy.unknown_share is None else policy.unknown_share
        return EXPECTED.format(share=share) + CHANGES_IT
    return EXPECTED.format(share=EXPECTED_UNKNOWN)


def _parameter(policy: Policy, parameter: Parameter, kept: float | None) -> float:
    value: float = st.number_input(
        parameter.label[0].upper() + parameter.label[1:],
        parameter.low,
        parameter.high,
        getattr(policy, parameter.field) if kept is None else kept,
        0.01,
        "%.3f",
        key=f"{type(policy).__name__.lower()}_{parameter.field}",
        bind="query-params",
        width=300,
    )
    return value


def choose_costs(found: Decision) -> CostChoice:
    """Let the person say what mistakes cost."""
    with (
        st.expander("What mistakes cost", icon=":material/payments:", key="costs_open"),
        st.grid(4, min_column_width=200, vertical_alignment="bottom"),
    ):
        wrong = _cost("A wrong answer", "cost_wrong", Costs.wrong_answer)
        missed = _cost("An unknown text answered", "cost_missed", Costs.missed_unknown)
        look = _cost("A person looks at a refused text", "cost_look", Costs.human_look)
        share: float | None = st.number_input(
            "Share of unknown texts in production",
            0.0,
            1.0,
            None,
            0.01,
            key="unknown_share",
            bind="query-params",
            placeholder=f"{EXPECTED_UNKNOWN:g}, a guess" if found.uses_stand_ins else "as in the texts here",
            disabled=not (found.has_unknown(Role.TEST) or found.uses_stand_ins),
            help="From 0 to 1. Empty: as in the validation texts when choosing, as in the test texts when counting. "
            f"Where texts of known classes stand in for unknown ones, {EXPECTED_UNKNOWN:g} when choosing.",
        )
    counted = share if found.has_unknown(Role.TEST) else None
    expected = EXPECTED_UNKNOWN if share is None else share
    return CostChoice(Costs(wrong, missed, look), expected if found.uses_stand_ins else counted, counted)


def _cost(label: str, key: str, value: float) -> float:
    cost: float = st.number_input(label, 0.0, HIGHEST_COST, value, 0.1, key=key, bind="query-params")
    return cost


def choice_of(classifier: Classifier, policy: Policy) -> float | None:
    """Return the policy's threshold; where it has none, say why and return None."""
    try:
        return classifier.choose(policy)
    except EstitchupError as error:
        st.warning(plain(f"{classifier.name}: {error}"), icon=":material/tune:")
        return None


def settle_threshold(
    side: str, job_id: str, classifier: Classifier, policy: Policy, choice: float | None, kept: Kept
) -> None:
    """Set a side's threshold when what it cuts or the policy has changed: to what was kept, else to the choice.

    An address that names a threshold, for the side or for all, wins at arrival.
    """
    key, now = f"t_{side}", (job_id, classifier.name, classifier.calibrated, policy)
    before = st.session_state.get(f"basis_{side}")
    st.session_state[f"basis_{side}"] = now
    if before == now and key in st.session_state:
        return
    own = kept.get(classifier.name)
    fits = own is not None and own.temperature == classifier.calibrated and (before is None or before[:3] != now[:3])
    start = own.threshold if own and (fits or (before == now and own.temperature == classifier.calibrated)) else choice
    asked = _asked(key) if before in (None, now) else None
    if asked is not None:
        start = asked
    if start is not None:
        st.session_state[key] = start
    else:
        st.session_state.setdefault(key, 0.5)


def _asked(key: str) -> float | None:
    try:
        asked = float(st.query_params.get(key) or st.query_params.get(FOR_ALL, ""))
    except ValueError:
        return None
    return asked if 0 <= asked <= 1 else None


def threshold_input(side: str, label: str) -> float:
    """Draw the slider and the number of a side."""
    key, slider = f"t_{side}", f"slide_{side}"
    st.session_state[slider] = round(st.session_state[key], 3)

    def move() -> None:
        st.session_state[key] = st.session_state[slider]

    def refuse_nothing() -> None:
        if st.session_state[key] is None:
            move()

    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
        st.slider(label, 0.0, 1.0, step=0.001, format="%.3f", key=slider, on_change=move)
        threshold: float | None = st.number_input(
            f"{label}, exactly",
            0.0,
            1.0,
            None,  # an address leaves out a widget's value where it is the default, and 0 is a threshold, too
            0.001,
            "%.4f",
            key=key,
            on_change=refuse_nothing,
            bind="query-params",
            label_visibility="collapsed",
            width=170,
        )
    return float(st.session_state[slider]) if threshold is None else threshold


def let_go(side: str, threshold: float) -> None:
    """Take the threshold at which a person let a side's line go."""
    st.session_state[f"t_{side}"] = threshold


def use_choices(choices: Mapping[str, float | None]) -> None:
    """Set every side's threshold to the policy's choice."""
    for side, choice in choices.items():
        if choice is not None:
            st.session_state[f"t_{side}"] = choice
