"""The main job in a real browser: sample, embed, train, compare, a threshold; and a reload while it goes on."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PATIENCE = 180_000  # ms, for the worker to load PyTorch and the encoder on a busy machine


def press(page: Page, name: str, patience: int = PATIENCE) -> None:
    page.get_by_role("button", name=name, exact=True).click(timeout=patience)


def leave_out(page: Page, *cells: str) -> None:
    for cell in cells:
        box = page.get_by_role("checkbox", name=cell, exact=True)
        box.press("Space")  # with the keyboard, as a person may
        expect(box).not_to_be_checked()


def set_number(page: Page, label: str, value: int) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(str(value))
    field.press("Enter")


def test_from_the_sample_to_a_threshold(server: str, page: Page) -> None:
    page.goto(server)
    press(page, "Try it on the sample")
    press(page, "Embed")
    expect(page.get_by_role("progressbar")).to_be_visible(timeout=PATIENCE)
    page.reload()  # the job goes on, and the page finds it again
    press(page, "Next: train")

    expect(page.get_by_text("6 augmentations × 3 seeds = 18 runs")).to_be_visible()
    leave_out(page, "Label softening", "E-Mixup", "Soft E-Mixup", "Soft E-Stitchup")
    set_number(page, "Seeds", 1)
    set_number(page, "Epochs", 2)
    expect(page.get_by_text("2 augmentations × 1 seed = 2 runs")).to_be_visible()
    press(page, "Start training")
    expect(page.get_by_text(re.compile("Trained 2 runs for 2 epochs in .* s on "))).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)

    press(page, "Next: compare")
    expect(page).to_have_url(re.compile("/compare"))
    expect(page.get_by_text("Does augmentation help on these texts?")).to_be_visible()
    panels = page.get_by_role("figure", name=re.compile("At threshold"))
    expect(panels).to_have_count(2)
    slider = page.get_by_role("slider", name="Confidence threshold")
    slider.focus()
    slider.press("Home")
    everything = re.compile(r"At threshold 0\.00: known kept 100\.0%, unknown caught 0\.0%")
    expect(page.get_by_role("figure", name=everything)).to_have_count(2)
    expect(page).to_have_url(re.compile("threshold=0"))  # a link opens the same view
