"""What a person says about an experiment: augmentations, seeds, head and schedule."""

from typing import Any

import streamlit as st

from estitchup.recipe import DEFAULT_ALPHA, DEFAULT_EPSILON, Augmentation, HeadSpec, TrainingSpec
from estitchup.spec import MOST_SEEDS, ExperimentSpec
from estitchup.ui.cell_grid import ask_cells
from estitchup.workspace import EmbedSpec

DEFAULT_SEEDS = 3
_HEADS = {"mlp": "One hidden layer", "linear": "Linear"}


def ask_experiment(prepared: EmbedSpec) -> ExperimentSpec:
    """Draw the controls and return what they say; raises EstitchupError."""
    st.markdown("**Augmentations**")
    cells = ask_cells()
    strength = _ask_strength()
    seeds, epochs = _ask_runs()
    head = _ask_head()
    with st.expander("Advanced", icon=":material/tune:"):
        schedule = _ask_schedule()
        device = _ask_device()
        leave_out = _ask_leave_out()
    return ExperimentSpec(
        corpus=prepared.corpus,
        encoder=prepared.encoder,
        head=HeadSpec(**head),
        training=TrainingSpec(epochs=epochs, **schedule),
        augmentations=tuple(Augmentation.named(name, *strength) for name in cells),
        seeds=tuple(range(seeds)),
        device=device,
        leave_out=leave_out,
    )


def size_words(spec: ExperimentSpec) -> str:
    """Return "6 augmentations × 3 seeds = 18 runs, trained side by side"."""
    cells, seeds, runs = len(spec.augmentations), len(spec.seeds), len(spec.run_keys)
    product = f"{cells} augmentation{'s' * (cells > 1)} × {seeds} seed{'s' * (seeds > 1)}"
    without = f" and {spec.extra_runs} without some of the classes" if spec.extra_runs else ""
    return f"{product} = {runs} run{'s' * (runs > 1)}" + without + ", trained side by side" * (runs > 1)


def _number(label: str, low: Any, high: Any, value: Any, step: Any, key: str, **more: Any) -> Any:
    return st.number_input(label, low, high, value, step=step, key=key, persist_state="session", **more)


def _ask_strength() -> tuple[float, float]:
    left, right = st.columns(2)
    with left:
        mixing = "λ ~ Beta(α, α) says how much of each text of a pair stays. Small: mostly one; 1: any share alike."
        alpha = _number("Mixing, α", 0.01, 100.0, DEFAULT_ALPHA, 0.05, "alpha", format="%.2f", help=mixing)
    with right:
        softening = "This share of a label's weight is spread over all classes."
        epsilon = _number("Softening, ε", 0.01, 0.9, DEFAULT_EPSILON, 0.01, "epsilon", format="%.2f", help=softening)
    return alpha, epsilon


def _ask_runs() -> tuple[int, int]:
    left, right = st.columns(2)
    with left:
        repeats = "Each augmentation is trained once with every seed: more seeds, narrower intervals."
        seeds: int = _number("Seeds", 1, MOST_SEEDS, DEFAULT_SEEDS, 1, "seeds", help=repeats)
    with right:
        passes = "Passes over the training texts."
        epochs: int = _number("Epochs", 1, 1000, TrainingSpec().epochs, 1, "epochs", help=passes)
    return seeds, epochs


def _ask_head() -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        head = st.selectbox(
            "Classifier", list(_HEADS), format_func=_HEADS.__getitem__, key="head", persist_state="session"
        )
    with right:
        width = _number("Hidden width", 1, 4096, HeadSpec().hidden, 64, "hidden", disabled=head == "linear")
    return {"kind": head, "hidden": width}


def _ask_schedule() -> dict[str, Any]:
    batch = "Empty: as many rows as give some thirty steps an epoch."
    patience = "A run ends once its validation has not improved for so many epochs; its best epoch counts anyway."
    default = TrainingSpec()
    return {
        "batch_size": _number("Batch size", 2, 65536, None, 1, "batch_size", placeholder="Automatic", help=batch),
        "learning_rate": _number(
            "Peak learning rate", 1e-6, 10.0, default.learning_rate, 1e-4, "learning_rate", format="%.4g"
        ),
        "weight_decay": _number("Weight decay", 0.0, 10.0, default.weight_decay, 0.01, "weight_decay", format="%.4g"),
        "patience": _number(
            "Epochs without improvement that end a run",
            1,
            1000,
            None,
            1,
            "patience",
            placeholder="Off: all epochs",
            help=patience,
        ),
    }


def _ask_device() -> str | None:
    names = {"": "The fastest there is", "cpu": "CPU", "cuda": "GPU (CUDA)"}
    chosen = st.selectbox("Device", list(names), format_func=names.__getitem__, key="device", persist_state="session")
    return chosen or None


def _ask_leave_out() -> int | None:
    folds: int | None = _number(
        "Leave classes out, in turns",
        2,
        20,
        None,
        1,
        "leave_out",
        placeholder="Off",
        help="So that a threshold can be chosen for unknown texts where validation has none: in extra runs, as many "
        "for each augmentation as turns, some known classes are left out and stand for unknown ones. 4 will do.",
    )
    return folds
