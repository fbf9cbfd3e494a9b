"""What the imports made is out of the way of the collection that follows every rerun."""

import gc
import sys

import pytest
import streamlit as st

from estitchup.ui.memory import STEP, set_imports_aside


@pytest.fixture(autouse=True)
def thawed() -> object:
    st.cache_resource.clear()
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_there_is_is_frozen_once_and_again_when_many_modules_are_new(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gc.get_freeze_count() == 0
    set_imports_aside()
    frozen = gc.get_freeze_count()
    assert frozen > 10_000
    new = [[place] for place in range(5000)]
    set_imports_aside()
    assert gc.get_freeze_count() <= frozen  # nothing was imported since
    monkeypatch.setattr(sys, "modules", sys.modules | {f"made up {place}": sys for place in range(STEP)})
    set_imports_aside()
    assert gc.get_freeze_count() >= frozen + len(new)
