"""All of the try page that moves when a text is tried: a fragment, so that an answer redraws nothing else."""

import time
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from estitchup.bundle.nearest import Near, TrainingTexts
from estitchup.recipe import BASELINE
from estitchup.result import ExperimentResult
from estitchup.ui import state, try_material
from estitchup.ui.guard import guard, plain
from estitchup.ui.try_view import STYLE, TOP, Answer, card

FAVOURITES = (BASELINE, "Soft E-Stitchup")
MOST_TEXTS = 20
EXAMPLES_OF_A_KIND = 2
LETTERS_ON_A_BUTTON = 60
KINDS = {  # field of Examples -> icon, what it is
    "known": (":material/label:", "of a known class"),
    "unknown": (":material/question_mark:", "of an unknown class"),
    "disputed": (":material/call_split:", "where the first and the last classifier differ"),
}


@st.fragment
def try_bench(job_id: str, found: ExperimentResult) -> None:
    """Draw the classifiers to ask, the field for texts, examples and the answers of an experiment."""
    with guard():
        st.html(STYLE)
        names = _chosen_names(found)
        typed = st.chat_input("Type a text and press Enter, or paste several, a line each", key="typed_texts")
        if typed:
            _try(typed)
        if not names:
            st.info("Choose at least one classifier.")
            return
        examples = st.container()  # drawn last: whoever pressed Enter waits for the answer
        shown = st.container()
        encoder = try_material.encoder_of(found)  # before anything is asked, so that the first answer is fast, too
        nearest = try_material.training_texts(job_id)
        with shown:
            _show_tried(job_id, names, encoder, nearest)
        with examples:
            _offer_examples(job_id, names)


def _show_tried(job_id: str, names: Sequence[str], encoder: try_material.SharedEncoder, nearest: TrainingTexts) -> None:
    """Answer the texts to try, and show the answers."""
    texts: list[str] = st.session_state.get("tried_texts", [])
    if not texts:
        st.info("Type a text above, or take an example.", icon=":material/keyboard:")
        return
    started = time.perf_counter()
    with encoder.threads.limit(limits=1):
        vectors = encoder.encode(texts)
        answers = [_answers(job_id, name, vectors) for name in names]
        near = nearest.nearest(vectors)
    _show(job_id, texts, answers, near, 1000 * (time.perf_counter() - started))


def _chosen_names(found: ExperimentResult) -> list[str]:
    """Let the person choose the classifiers; the favourites at first."""
    if not set(st.session_state.get("try_classifiers", [])) <= set(found.names):
        st.session_state.pop("try_classifiers")
    favourites = [name for name in FAVOURITES if name in found.names]
    default = (
        favourites if len(favourites) == len(FAVOURITES) else list(dict.fromkeys([found.names[0], found.names[-1]]))
    )
    chosen: list[str] = st.pills(
        "Classifiers", found.names, selection_mode="multi", default=default, key="try_classifiers", bind="query-params"
    )
    return [name for name in found.names if name in chosen]


def _try(said: str) -> None:
    """Remember the texts to try: the lines that hold anything, so many at most; those before where none does."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if not lines:
        return
    st.session_state["tried_texts"] = lines[:MOST_TEXTS]
    if len(lines) > MOST_TEXTS:
        st.toast(f"The first {MOST_TEXTS} of {len(lines):,} texts are tried; `estitchup predict` takes whole files.")


def _offer_examples(job_id: str, names: list[str]) -> None:
    draw: int = st.session_state.setdefault("examples_draw", 0)
    found = try_material.examples(job_id, names, draw, EXAMPLES_OF_A_KIND)
    offered = [(kind, text) for kind in KINDS for text in getattr(found, kind)]
    with st.container(horizontal=True, gap="small"):
        for place, (kind, text) in enumerate(offered):
            icon, meaning = KINDS[kind]
            short = text if len(text) <= LETTERS_ON_A_BUTTON else text[: LETTERS_ON_A_BUTTON - 1] + "…"
            st.button(
                f"\u2068{plain(short)}\u2069",  # first strong isolate: it turns nothing but itself
                key=f"example_{place}",
                icon=icon,
                help=f"A test text {meaning}.",
                on_click=_try,
                args=[text],
            )
        st.button("Other examples", icon=":material/refresh:", type="tertiary", key="other_examples", on_click=_redraw)


def _redraw() -> None:
    st.session_state["examples_draw"] += 1


def _answers(job_id: str, name: str, vectors: NDArray[np.float32]) -> list[Answer]:
    classifier = try_material.classifier(job_id, name)
    return [Answer(name, classifier, said) for said in classifier.say(vectors, TOP)]


def _show(
    job_id: str,
    texts: Sequence[str],
    answers: Sequence[Sequence[Answer]],
    nearest: Sequence[Sequence[Near]],
    milliseconds: float,
) -> None:
    labels = try_material.labels_by_text(str(state.workspace().result_folder(job_id)), job_id)
    for place, text in enumerate(texts):
        st.html(card(text, [own[place] for own in answers], nearest[place], labels.get(text)))
    of_texts = "the text" if len(texts) == 1 else f"{len(texts)} texts"
    st.caption(f"Embedded and answered {of_texts} in {milliseconds:.0f} ms. {_thresholds(answers)}")


def _thresholds(answers: Sequence[Sequence[Answer]]) -> str:
    """Say how confidences and thresholds came about."""
    scaled = [own[0].name for own in answers if own[0].classifier.temperature != 1]
    after = f" Confidences of {' and '.join(scaled)} are after temperature scaling." if scaled else ""
    return (
        "The mark on a bar is the threshold: the one kept on the Threshold page, else one that keeps 90% of known "
        f"validation texts.{after} Each classifier is its best seed on validation texts, as in its download."
    )
