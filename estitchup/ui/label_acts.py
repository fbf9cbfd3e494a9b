"""What a press of a button on the label page does: keep a decision, take it back, jump to a text.

Callbacks run before the page is drawn, so what they have to say waits in the session for `show_notices`.
"""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from estitchup.errors import EstitchupError
from estitchup.label_merge import choice_of
from estitchup.labels import Choice, Kind, Outcome, insisting, shortened
from estitchup.ui.guard import plain, show_error
from estitchup.ui.label_desk import label_store

NOTICE, AT, CONTESTED = "label notice", "label at", "label contested"


def decide(scope: str, choices: Sequence[Choice], who: str) -> None:
    """Keep the choices, and say so once they are committed."""
    keep(scope, choices, who, "page")


def keep(scope: str, choices: Sequence[Choice], who: str, source: str) -> bool:
    """Keep the choices and say so; False when they could not be kept, which is said, too."""
    try:
        outcomes = label_store().decide(scope, choices, who, source)
    except EstitchupError as error:
        _say("error", str(error))
        return False
    st.session_state.pop(AT, None)
    _settle(scope, outcomes)
    st.session_state[CONTESTED] = _contested() + [(outcome, scope, who) for outcome in outcomes if outcome.against]
    _say("toast", what_was_kept(outcomes))
    return True


def what_was_kept(outcomes: Sequence[Outcome]) -> str:
    """Say how many texts a label stands for, and for how many it is only in the history."""
    labels = {outcome.decision.words for outcome in outcomes}
    words = f"{len(labels)} labels" if len(labels) > 1 else labels.pop()
    contested = sum(outcome.against is not None for outcome in outcomes)
    if contested == len(outcomes):
        others = "because others have labelled them otherwise" if contested > 1 else "because another label stands"
        return f"Only in the history: {words}, {_texts(contested)}, {others}."
    kept = f"Kept: {words}, {_texts(len(outcomes) - contested)}."
    return (
        f"{kept} {_texts(contested)} more {'are' if contested > 1 else 'is'} only in the history."
        if contested
        else kept
    )


def _texts(count: int) -> str:
    return f"{count:,} texts" if count > 1 else "1 text"


def _contested() -> list[tuple[Outcome, str, str]]:
    """Return the contradictions that this session has not settled: outcome, scope, and who."""
    return list(st.session_state.get(CONTESTED) or [])


def _settle(scope: str, outcomes: Sequence[Outcome]) -> None:
    """Forget the contradictions about texts that were decided anew."""
    keys = {outcome.decision.key for outcome in outcomes}
    st.session_state[CONTESTED] = [own for own in _contested() if own[1] != scope or own[0].decision.key not in keys]


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
    if not undone:
        _say("toast", "There is nothing of yours to take back.")
        return
    _settle(scope, undone)
    st.session_state[AT] = undone[0].decision.key
    _say("toast", what_was_undone(undone))


def what_was_undone(undone: Sequence[Outcome]) -> str:
    """Say what was taken back, for which text, and what of others stands there."""
    first = undone[0].decision
    more = f" and {_texts(len(undone) - 1)} more" if len(undone) > 1 else ""
    left = [own.against for own in undone if own.against]
    if len(undone) == 1 and left:
        stands = f" {left[0].who}'s {left[0].words} stands there."
    else:
        stands = f" What others say of {_texts(len(left))} of these stands." if left else ""
    return f"Taken back: {first.words} for {shortened(first.text)}{more}.{stands}"


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
    for outcome, scope, who in _contested():
        _show_contested(outcome, scope, who)


def _show_contested(outcome: Outcome, scope: str, who: str) -> None:
    mine, theirs = outcome.decision, outcome.against
    if theirs is None:
        return
    st.warning(
        f"{plain(theirs.who)} has labelled “{plain(mine.text)}” as **{plain(theirs.words)}** meanwhile, which stands. "
        f"Your **{plain(mine.words)}** is kept in the history.",
        icon=":material/group:",
    )
    with st.container(horizontal=True):
        args = (scope, insisting([outcome]), who)
        st.button("Put mine in its place", key=f"mine_{mine.id}", on_click=decide, args=args)
        st.button("Leave it", key=f"leave_{mine.id}", on_click=_settle, args=(scope, [outcome]))


def _say(kind: Literal["error", "toast"], words: str) -> None:
    st.session_state[NOTICE] = (kind, words)


def choices_for(texts: Sequence[tuple[str, int]], kind: Kind, label: str = "") -> list[Choice]:
    """Return one choice for all of some texts, each with the number of decisions that the page has seen of it."""
    return [Choice(text, kind, label, seen) for text, seen in texts]
