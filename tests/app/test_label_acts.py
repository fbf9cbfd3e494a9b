"""What a press keeps, what it says, and contradictions that stay on the screen until each is settled."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from estitchup.label_store import LabelStore
from estitchup.labels import Choice, Kind
from estitchup.workspace import Workspace


def desk() -> None:
    """Press a button for Ana: what it does is what it is called, such as "say y: a, b"."""
    import streamlit as st

    from estitchup.labels import Choice, Kind
    from estitchup.ui.label_acts import decide, show_notices, undo

    show_notices()
    for name in st.session_state["presses"]:
        verb, _, texts = name.partition(": ")
        choices = [Choice(text, Kind.LABEL, verb.removeprefix("say ")) for text in texts.split(", ")]
        st.button(name, on_click=undo if verb == "undo" else decide, args=("s",) + (choices,) * bool(texts) + ("Ana",))


@pytest.fixture
def store(home: Workspace) -> LabelStore:
    return LabelStore(home.catalog.engine)


def sitting_at(*presses: str) -> AppTest:
    app = AppTest.from_function(desk, default_timeout=30)
    app.session_state["presses"] = presses
    return app.run()


def press(app: AppTest, name: str, which: int = 0) -> None:
    [button for button in app.button if button.label == name][which].click().run()
    assert not app.exception


def contested(app: AppTest) -> list[str]:
    """Return the texts whose contradiction is on the screen."""
    return [re.findall("“(.*?)”", own.value)[0] for own in app.warning]


def said(store: LabelStore) -> dict[str, str]:
    return {own.text: own.words for own in store.current("s").values()}


def bens(store: LabelStore, *texts: str) -> None:
    store.decide("s", [Choice(text, Kind.LABEL, "x") for text in texts], "Ben")


def test_each_contradiction_stays_until_it_is_settled_itself(store: LabelStore) -> None:
    app = sitting_at("say y: a, b", "say y: c")
    bens(store, "a", "b")
    press(app, "say y: a, b")
    assert contested(app) == ["a", "b"]
    press(app, "say y: c")
    assert contested(app) == ["a", "b"]
    press(app, "Put mine in its place", 1)
    assert contested(app) == ["a"]
    press(app, "Leave it")
    assert contested(app) == []
    assert said(store) == {"a": "x", "b": "y", "c": "y"}


def test_a_text_contested_anew_is_told_once(store: LabelStore) -> None:
    app = sitting_at("say y: a", "say z: a")
    bens(store, "a")
    press(app, "say y: a")
    press(app, "say z: a")
    assert contested(app) == ["a"]
    assert "**z**" in app.warning[0].value


def test_the_page_says_what_stands_and_what_is_only_in_the_history(store: LabelStore) -> None:
    app = sitting_at("say y: a, b", "say w: b, c, d", "say v: e")
    bens(store, "a", "b")
    press(app, "say y: a, b")
    assert app.toast[0].value == "Only in the history: y, 2 texts, because others have labelled them otherwise."
    press(app, "say w: b, c, d")
    assert app.toast[0].value == "Kept: w, 2 texts. 1 text more is only in the history."
    press(app, "say v: e")
    assert app.toast[0].value == "Kept: v, 1 text."


def test_taking_back_what_was_contested_settles_it(store: LabelStore) -> None:
    app = sitting_at("say y: a", "say y: b", "undo")
    bens(store, "b")
    press(app, "say y: a")
    press(app, "say y: b")
    press(app, "undo")
    assert contested(app) == []
    assert app.toast[0].value == "Taken back: y for “b”. Ben's x stands there."
    assert said(store) == {"a": "y", "b": "x"}
    press(app, "undo")
    assert app.toast[0].value == "Taken back: y for “a”."
    assert said(store) == {"b": "x"}


def test_what_is_taken_back_is_named_cut_short(store: LabelStore) -> None:  # noqa: ARG001
    app = sitting_at(f"say y: {'long ' * 20}end, b", "undo")
    press(app, app.button[0].label)
    press(app, "undo")
    assert app.toast[0].value == f"Taken back: y for “{('long ' * 20)[:59]}…” and 1 text more."
    press(app, "undo")
    assert app.toast[0].value == "There is nothing of yours to take back."
