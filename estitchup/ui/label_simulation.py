"""Would labelling in this order have helped? A campaign played on the labelled training texts, in the background."""

import numpy as np
import pandas as pd
import streamlit as st

from estitchup.campaign import SimulationResult, SimulationSpec, read_simulation, suitable_round
from estitchup.charts.campaign import accuracy_curves, discovery_curves
from estitchup.charts.frame import CONFIG
from estitchup.corpus import Role
from estitchup.errors import EstitchupError
from estitchup.labeling import RANDOM, STRATEGIES
from estitchup.recipe import Augmentation
from estitchup.result import ExperimentResult
from estitchup.ui import state
from estitchup.ui.guard import guard, plain, show_error
from estitchup.ui.job_panel import SECONDS_BETWEEN_LOOKS, show_failure, show_progress, stop_button
from estitchup.ui.label_desk import FAVOURITE
from estitchup.workspace import Job, Status


def show_simulation(result: ExperimentResult) -> None:
    """Ask for a campaign, follow it, and show what came of it."""
    st.markdown(
        "Would labelling in this order have helped? On texts whose labels are known it can be tried: start from a few "
        "texts of some classes, let each strategy choose from the rest in rounds, train anew after each, and compare "
        "with choosing at random."
    )
    spec = _ask(result)
    if spec is None:
        return
    job = _latest(spec)
    if st.button("Simulate", type="primary", icon=":material/play_arrow:", key="simulate", disabled=_goes_on(job)):
        state.queue().submit(spec)
        st.rerun()
    if job is None:
        return
    if not job.status.over:
        _follow(job.id)
    elif job.status is Status.FAILED:
        show_failure(job)
    elif state.workspace().simulation_file(job.id).is_file():
        _show(read_simulation(state.workspace().simulation_file(job.id)))


def _goes_on(job: Job | None) -> bool:
    return job is not None and not job.status.over


def _latest(spec: SimulationSpec) -> Job | None:
    """Return the latest simulation on these texts."""
    jobs = reversed(state.workspace().jobs())
    return next((j for j in jobs if isinstance(j.spec, SimulationSpec) and j.spec.corpus == spec.corpus), None)


def _ask(result: ExperimentResult) -> SimulationSpec | None:
    rows = int(((result.rows["role"] == Role.TRAIN.value) & (result.rows["label"] != "")).sum())
    names = result.names
    with st.grid(3, min_column_width=200, vertical_alignment="bottom"):
        name = st.selectbox("Classifier", names, names.index(FAVOURITE) if FAVOURITE in names else 0, key="simulated")
        start = st.number_input("Texts of a class at the start", 1, 1000, 5 if rows > 2000 else 3, key="start_texts")
        absent = st.number_input("Classes absent at the start (%)", 0, 95, 25, 5, key="absent_share")
        rounds = st.number_input("Rounds", 1, 100, 10, key="rounds")
        size = st.number_input("Texts labelled in a round", 1, 100_000, suitable_round(rows), key="round_texts")
        seeds = st.number_input("Seeds", 1, 20, 5, key="simulation_seeds")
    strategies = st.multiselect("Strategies", list(STRATEGIES), list(STRATEGIES), key="strategies")
    try:
        return SimulationSpec(
            corpus=result.spec.corpus,
            encoder=result.spec.encoder,
            augmentation=_augmentation(result, name),
            strategies=tuple(strategies),
            seeds=tuple(range(seeds)),
            absent_share=absent / 100,
            start_texts=start,
            rounds=rounds,
            round_texts=size,
            device=result.spec.device,
        )
    except EstitchupError as error:
        show_error(str(error))
        return None


def _augmentation(result: ExperimentResult, name: str) -> Augmentation:
    return next(own for own in result.spec.augmentations if own.name == name)


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
@guard()
def _follow(job_id: str) -> None:
    watched = state.queue().watch(job_id)
    if watched is None or watched.job.status.over:
        st.rerun()
    show_progress(watched)
    stop_button(watched.job)


def _show(found: SimulationResult) -> None:
    names = found.spec.strategies
    st.subheader(plain(found.finding), anchor=False)
    st.caption(
        f"{plain(found.spec.augmentation.name)}, linear head · {found.classes} classes, {found.absent} of them absent "
        f"at the start · {found.start:,.0f} texts labelled at the start, {found.pool:,.0f} in the pool · mean of "
        f"{len(found.spec.seeds)} seeds, the band is their range · {found.seconds:.0f} s on {plain(found.device)}"
    )
    accuracies = {name: found.measured(name, "accuracy") for name in names}
    discovered = {name: found.measured(name, "discovered") for name in names}
    best = max(names, key=lambda name: accuracies[name].mean(axis=0)[-1])
    highest = f"{best} ends highest, at {accuracies[best].mean(axis=0)[-1]:.1%}"
    st.plotly_chart(
        accuracy_curves(highest, found.labelled, accuracies),
        key="campaign",
        config=CONFIG,
        alt=f"{highest}. {found.finding}",
    )
    st.caption("A class that nobody has discovered yet is always answered wrong.")
    if found.absent:
        first = max(names, key=lambda name: float(np.mean(discovered[name])))
        soonest = f"{first} discovers the {found.absent} absent classes soonest"
        st.plotly_chart(
            discovery_curves(soonest, found.labelled, discovered), key="discovery", config=CONFIG, alt=soonest
        )
    if found.savings():
        st.table(savings_table(found), border="horizontal")
    st.download_button("simulation.json", found.as_json, "simulation.json", "application/json", on_click="ignore")


def savings_table(found: SimulationResult) -> pd.DataFrame:
    """Return what each strategy saves against random, as a person reads it."""
    rows = {}
    for own in found.savings():
        rows[own.strategy] = {
            "Final accuracy": f"{found.measured(own.strategy, 'accuracy').mean(axis=0)[-1]:.1%}",
            "against random (points)": "" if own.strategy == RANDOM else f"{100 * own.gain:+.1f}",
            "Labels to random's final accuracy": "not reached" if own.labels is None else f"{own.labels:,.0f}",
            "Share of random's labels": "–" if own.share is None else f"{own.share:.0%}",
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("Strategy")
