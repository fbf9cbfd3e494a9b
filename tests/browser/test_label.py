"""Labelling in a real browser with the keyboard alone, two people at once, and what is left after a reload."""

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from estitchup.corpus import SAMPLE, CorpusSpec
from estitchup.experiment import run_experiment
from estitchup.label_store import LabelStore
from estitchup.labels import scope_of
from estitchup.recipe import Augmentation, HeadSpec, TrainingSpec
from estitchup.spec import ExperimentSpec
from estitchup.workspace import Status, Workspace

pytestmark = pytest.mark.browser

POOL = 24
PATIENCE = 180_000  # ms, on a busy machine


@pytest.fixture
def scope(server: str, tmp_path: Path) -> str:  # noqa: ARG001 (the workspace it serves)
    """Put a real experiment with a pool into the workspace; the name under which its labels are kept."""
    table = pd.read_csv(SAMPLE)
    some = table[table["intent"].isin(["invoice", "refund"])].groupby(["intent", "split"]).head(8)
    pd.concat([some, table[table["split"] == "pool"].head(POOL)]).to_csv(tmp_path / "pooled.csv", index=False)
    corpus = CorpusSpec(
        file=str(tmp_path / "pooled.csv"), text_column="text", label_column="intent", split_column="split"
    )
    spec = ExperimentSpec(
        corpus=corpus,
        head=HeadSpec(kind="linear"),
        training=TrainingSpec(epochs=2),
        augmentations=(Augmentation.named("Soft E-Stitchup"),),
        seeds=(0,),
        device="cpu",
    )
    workspace = Workspace(tmp_path / "home")
    with workspace.vectors() as store:
        result = run_experiment(spec, store=store)
    workspace.save(workspace.add_job(spec, "pooled", Status.FINISHED).id, result)
    return scope_of(result.rows["text"])


def said(tmp_path: Path, scope: str) -> dict[str, tuple[str, str]]:
    current = LabelStore(Workspace(tmp_path / "home").catalog.engine).current(scope)
    return {own.text: (own.words, own.who) for own in current.values()}


def come_in(page: Page, server: str, name: str) -> None:
    page.goto(f"{server}/label")
    field = page.get_by_role("textbox", name="Your name")
    expect(field).to_be_visible(timeout=PATIENCE)  # PyTorch is loaded at the first visit
    field.fill(name)
    field.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Accept")).first).to_be_enabled(timeout=PATIENCE)
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator("h3")).to_have_count(1)


def text_of(page: Page) -> str:
    return page.locator("h3").inner_text()


def press(page: Page, key: str) -> str:
    """Press a key on the page itself, wait for the next text, and return the one that was answered."""
    before = text_of(page)
    page.locator("h3").click()
    page.keyboard.press(key)
    expect(page.locator("h3")).not_to_have_text(before)
    return before


def test_the_keyboard_alone_labels_and_two_people_do_not_meet(
    server: str, page: Page, chromium: Browser, scope: str, tmp_path: Path
) -> None:
    come_in(page, server, "Ana")
    suggestion = page.get_by_role("button", name=re.compile("^Accept")).inner_text()
    wanted = {press(page, "a"): (re.search(r"Accept: (\w+)", suggestion)[1], "Ana")}  # type: ignore[index]
    wanted[press(page, "n")] = ("none of these", "Ana")
    wanted[press(page, "s")] = ("skip", "Ana")
    expect(page.get_by_text(f"2 of {POOL} texts decided · 1 none of these · 1 skipped")).to_be_visible()
    assert said(tmp_path, scope) == wanted

    expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    before = text_of(page)
    field = page.get_by_role("combobox", name="Another class, or a new one")
    field.press_sequentially("snags and quirks")  # letters that answer elsewhere only write here
    assert said(tmp_path, scope) == wanted
    field.press("Enter")
    expect(page.locator("h3")).not_to_have_text(before)
    wanted[before] = ("snags and quirks", "Ana")
    assert said(tmp_path, scope) == wanted

    ben = chromium.new_context().new_page()
    come_in(ben, server, "Ben")
    assert text_of(ben) != text_of(page)
    wanted[press(ben, "n")] = ("none of these", "Ben")
    ben.context.close()

    press(page, "u")
    expect(page.locator("h3")).to_have_text(before)
    del wanted[before]
    page.reload()
    expect(page.get_by_text(f"3 of {POOL} texts decided")).to_be_visible()
    assert said(tmp_path, scope) == wanted


def test_the_page_does_not_scroll_sideways_on_a_telephone(server: str, page: Page, scope: str) -> None:  # noqa: ARG001
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server}/label")
    expect(page.locator("h3")).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
