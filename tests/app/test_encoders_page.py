"""The Encoders page: the registry, the speed here, the store; and the choice of an encoder on the Data page."""

import numpy as np
import pytest
from screen import Open, words

from estitchup.encoding import REGISTRY, Speed, Speeds
from estitchup.encoding.speed import this_machine
from estitchup.workspace import Workspace

PAGE = "pages/prepare/encoders.py"


def fill(home: Workspace) -> None:
    with home.vectors() as store:
        store.put("encoder", ["a", "b", "c"], np.ones((3, 8), np.float32))


def test_an_empty_store_shows_every_encoder_and_cannot_be_emptied(visit: Open) -> None:
    app = visit(PAGE)
    assert not app.exception
    table = app.dataframe[0].value
    assert table["Encoder"].tolist() == [entry.name for entry in REGISTRY]
    assert table["On this computer"].tolist()[0] == "yes"
    assert table["Texts/s here"].isna().all()
    assert "0 vectors · 0.0 MB of 10 GB" in words(app)
    assert app.button(key="empty_store").disabled


def test_a_full_store_is_emptied_only_after_a_second_word(visit: Open, home: Workspace) -> None:
    fill(home)
    app = visit(PAGE)
    assert "3 vectors" in words(app)
    app.button(key="empty_store").click().run()
    with home.vectors() as store:
        assert len(store) == 3
    app.button(key="empty_store_now").click().run()
    with home.vectors() as store:
        assert len(store) == 0
    assert not app.exception


def test_the_limit_is_set_and_kept(visit: Open, home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESTITCHUP_STORE_GB", raising=False)
    fill(home)
    app = visit(PAGE)
    assert app.button(key="set_store_limit").disabled
    app.number_input(key="store_limit").set_value(2.5).run()
    app.button(key="set_store_limit").click().run()
    assert "of 2.5 GB" in words(app)
    assert "of 2.5 GB" in words(visit(PAGE))


def test_a_measured_speed_is_shown_with_machine_and_day(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    speed = Speed(320.6, "cpu", this_machine(), "2026-01-02T03:04:05+00:00")
    monkeypatch.setattr("estitchup.encoding.speed.measure_speed", lambda *_: speed)
    app = visit(PAGE)
    app.button(key="measure").click().run()
    assert not app.exception
    assert "321 texts/s" in words(app)
    assert "2026-01-02" in words(app)
    assert app.dataframe[0].value["Texts/s here"].tolist()[0] == 321.0


def test_the_speed_of_another_machine_is_not_shown(
    visit: Open, home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Speed(999.0, "cuda", "another machine", "2026-01-02T03:04:05+00:00")
    monkeypatch.setattr("estitchup.encoding.speed.measure_speed", lambda *_: elsewhere)
    Speeds(home.root).measure("all-MiniLM-L6-v2")
    assert visit(PAGE).dataframe[0].value["Texts/s here"].isna().all()


def test_the_data_page_offers_the_registry_and_any_other_name_with_a_prompt(visit: Open) -> None:
    app = visit()
    app.button(key="sample").click().run()
    choice = app.selectbox(key="encoder_choice")
    assert any("all-MiniLM-L6-v2 · 91 MB · at hand" in option for option in choice.options)
    choice.set_value("intfloat/e5-small-v2").run()
    assert app.session_state["data_encoder"] == "intfloat/e5-small-v2"
    assert app.text_input(key="encoder_prompt").value == "query: "
    app.text_input(key="encoder_prompt").set_value("passage: ").run()
    assert app.session_state["data_encoder"] == "intfloat/e5-small-v2?prompt=passage:%20"
    app.selectbox(key="encoder_choice").set_value("Another one").run()
    app.text_input(key="encoder_other").set_value("some/folder").run()
    assert app.session_state["data_encoder"] == "some/folder"
    assert not app.exception
