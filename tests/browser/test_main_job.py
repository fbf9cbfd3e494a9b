"""The main job in a real browser: sample, embed, train, compare, a threshold; and a reload while it goes on."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import load_file
from scipy.special import softmax

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


def the_result(home: Path) -> Path:
    (folder,) = (home / "experiments").iterdir()
    return folder


def check_scores(page: Page, home: Path) -> None:
    """Compare the table, the panels and the file that the page offers with summary.json."""
    written = (the_result(home) / "summary.json").read_text("utf-8")
    summary = json.loads(written)
    with page.expect_download() as download:
        press(page, "summary.json")
    assert download.value.path().read_text("utf-8") == written
    for row, entry in enumerate(summary):
        metrics = {metric: value["mean"] for metric, value in entry["metrics"].items()}
        wanted = [entry["name"], f"{100 * metrics['accuracy']:.1f}"]
        wanted += [f"{metrics[metric]:.3f}" for metric in ("ece", "nll", "auroc")]
        for column, text in enumerate(wanted):  # the canvas keeps a table for screen readers
            expect(page.get_by_test_id(f"glide-cell-{column}-{row}")).to_have_text(text)
        panel = page.get_by_role("figure", name=re.compile(f"^{entry['name']}: confidence"))
        expect(panel).to_contain_text(f"{100 * metrics['auroc']:.1f}% of pairs")


def check_outcomes(page: Page, home: Path, threshold: float) -> None:
    """Compare what the panels say of a threshold with a count over the saved logits, by SciPy's softmax."""
    rows = pd.read_parquet(the_result(home) / "corpus.parquet")
    known = rows.loc[(rows["role"] == "test") & (rows["label"] != ""), "target"].to_numpy() >= 0
    logits = load_file(the_result(home) / "logits.safetensors")["test"].astype(np.float64)
    for name, run in zip(("No augmentation", "E-Stitchup"), logits, strict=True):
        accepted = softmax(run, axis=-1).max(axis=-1) >= threshold
        kept, caught = 100 * accepted[known].mean(), 100 - 100 * accepted[~known].mean()
        said = f"At threshold {threshold:.2f}: known kept {kept:.1f}%, unknown caught {caught:.1f}%"
        expect(page.get_by_role("figure", name=re.compile(f"{name}: .*{re.escape(said)}"))).to_have_count(1)


def test_from_the_sample_to_a_threshold(server: str, page: Page, tmp_path: Path) -> None:
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
    check_scores(page, tmp_path / "home")
    slider = page.get_by_role("slider", name="Confidence threshold")
    slider.focus()
    slider.press("End")
    for _ in range(20):
        slider.press("ArrowLeft")
    check_outcomes(page, tmp_path / "home", 0.80)
    slider.press("Home")
    everything = re.compile(r"At threshold 0\.00: known kept 100\.0%, unknown caught 0\.0%")
    expect(page.get_by_role("figure", name=everything)).to_have_count(2)
    expect(page).to_have_url(re.compile("threshold=0"))  # a link opens the same view
