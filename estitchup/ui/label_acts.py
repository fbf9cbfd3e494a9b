"""What a press of a button on the label page does: keep a decision, take it back, jump to a text.

Callbacks run before the page is drawn, so what they have to say waits in the session for `show_notices`.
"""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from estitchup.errors import EstitchupError
from estitchup.label_merge import choice_of
from estitchup.labels import Choice, Kind, Outcome
from estitchup.ui.guard import plain, show_error
from estitchup.ui.label_desk import label_store

NOTICE, AT, CONTESTED = "label notice", "label at", "label contested"


def decide(scope: str, choices: Sequence[Choice], who: str) -> None:
    """Keep the choices, and say so once they are committed."""
    try:
        outcomes = label_store().decide(scope, choices, who)
    except EstitchupError as error:
        _say("error", str(error))
        return
    st.session_state.pop(AT, None)
    st.session_state[CONTESTED] = [(outcome, scope, who) for outcome in outcomes if outcome.against]
    kept = outcomes[0].decision.words
    texts = f"{len(outcomes)} texts" if len(outcomes) > 1 else "1 text"
    _say("toast", f"Kept: {kept}, {texts}.")


def decide_typed(scope: str, texts: Sequence[tuple[str, int]], who: str, key: str) -> None:
    """Keep the class that stands in a field: a known one or a new one; a name such as "oos" is none of the classes."""
    label = str(st.session_state.get(key) or "")
    st.session_state[key] = None  # empty again for the next text
    if label.strip():
        decide(scope, [choice_of(text, label, seen) for text, seen in texts], who)


def undo(scope: str, who: str) -> None:
    """Take back the last decision and go back to its text."""
    try:
        undone = label_store().undo(scope, who)
    except EstitchupError as error:
        _say("error", str(error))
        return
    if undone:
        st.session_state[AT] = undone[0].key
    _say("toast", f"Taken back: {undone[0].words}." if undone else "There is nothing of yours to take back.")


def jump(key: str) -> None:
    """Show this text next."""
    st.session_state[AT] = key


def show_notices() -> None:
    """Show what the last press has to say, once; a contradiction stays until it is settled."""
    kind, words = st.session_state.pop(NOTICE, (None, ""))
    if kind == "error":
        show_error(words)
    elif kind == "toast":
        st.toast(plain(words), icon=":material/check:")
    contested = st.session_state.get(CONTESTED) or []
    for number, (outcome, scope, who) in enumerate(contested):
        _show_contested(number, outcome, scope, who)


def _show_contested(number: int, outcome: Outcome, scope: str, who: str) -> None:
    mine, theirs = outcome.decision, outcome.against
    if theirs is None:
        return
    st.warning(
        f"{plain(theirs.who)} has labelled “{plain(mine.text)}” as **{plain(theirs.words)}** meanwhile, which stands. "
        f"Your **{plain(mine.words)}** is kept in the history.",
        icon=":material/group:",
    )
    with st.container(horizontal=True):
        mend = Choice(mine.text, mine.kind, mine.label, mine.number)
        st.button("Put mine in its place", key=f"mine_{number}", on_click=decide, args=(scope, [mend], who))
        st.button("Leave it", key=f"leave_{number}", on_click=_leave, args=(number,))


def _leave(number: int) -> None:
    del st.session_state[CONTESTED][number]


def _say(kind: Literal["error", "toast"], words: str) -> None:
    st.session_state[NOTICE] = (kind, words)


def choices_for(texts: Sequence[tuple[str, int]], kind: Kind, label: str = "") -> list[Choice]:
    """Return one choice for all of some texts, each with the number of decisions that the page has seen of it."""
    return [Choice(text, kind, label, seen) for text, seen in texts]
