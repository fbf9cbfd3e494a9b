"""The Try page in a real browser: Enter answers, markup in a text is shown and does not run, the download opens."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from estitchup.bundle import load
from estitchup.result import ExperimentResult
from estitchup.workspace import Status, Workspace

pytestmark = pytest.mark.browser

PATIENCE = 120_000  # ms, for the server to load PyTorch and the encoder on a busy machine


def test_a_text_is_answered_and_a_classifier_is_taken_away(
    server: str, page: Page, tmp_path: Path, small_result: ExperimentResult
) -> None:
    workspace = Workspace(tmp_path / "home")
    job = workspace.add_job(small_result.spec, "small", Status.FINISHED)
    workspace.save(job.id, small_result)
    page.goto(f"{server}/try_it?experiment={job.id}")
    expect(page.get_by_text("Type a text above")).to_be_visible(timeout=PATIENCE)
    box = page.get_by_placeholder("Type a text")
    evil = "<img src=x onerror=\"document.title='run'\"> invoice"
    box.fill(evil)
    box.press("Enter")
    expect(page.locator(".try-text")).to_have_text(evil)
    expect(page.locator(".try-cell")).to_have_count(2)
    expect(page.get_by_role("img", name=re.compile("No augmentation: (Accepted|Refused): confidence"))).to_be_visible()
    assert page.locator(".try-text img").count() == 0
    assert page.title() != "run"
    page.get_by_role("button", name="invoice").or_(page.locator('[class*="st-key-example_0"] button')).first.click()
    expect(page.locator(".try-truth")).to_have_count(1)
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="E-Stitchup", exact=True).last.click()
    path = tmp_path / "taken.zip"
    download.value.save_as(path)
    assert load(path).manifest.head.augmentation == "E-Stitchup"
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".try-cell").first).to_be_visible()
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
