"""A training in a real browser: reloaded, killed, resumed, its server restarted, and stopped in the end."""

import re
import signal
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from estitchup.encoding import DEFAULT_ENCODER
from estitchup.result_folder import load_result
from estitchup.ui import prepared
from estitchup.workspace import EmbedSpec, Workspace

if TYPE_CHECKING:
    from conftest import Served

pytestmark = pytest.mark.browser

PATIENCE = 180_000  # ms, for the worker to load PyTorch and the encoder on a busy machine
TRAINING = re.compile(r"Training on .*: epoch (\d+) of 1000")


def set_number(page: Page, label: str, value: int) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(str(value))
    field.press("Enter")


def start_a_long_training(page: Page) -> None:
    for cell in ("Label softening", "E-Mixup", "Soft E-Mixup", "Soft E-Stitchup"):
        box = page.get_by_role("checkbox", name=cell, exact=True)
        box.press("Space")
        expect(box).not_to_be_checked()
    for label, value in (("Seeds", 1), ("Epochs", 1000), ("Hidden width", 4096)):
        set_number(page, label, value)
    expect(page.get_by_text("2 augmentations × 1 seed = 2 runs")).to_be_visible()
    page.get_by_role("button", name="Start training", exact=True).click()


def epoch_on(page: Page, after: int = 0) -> int:
    """Return the epoch that the page tells, once it is a later one."""
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until:
        told = page.get_by_text(TRAINING).first.text_content(timeout=PATIENCE) or ""
        if (found := TRAINING.search(told)) and int(found[1]) > after:
            return int(found[1])
        page.wait_for_timeout(100)
    raise AssertionError(f"no epoch after {after}")


def test_a_training_outlives_reload_kill_and_restart_and_a_stop_keeps_what_it_gave(
    served: "Served", page: Page
) -> None:
    workspace = Workspace(served.home)
    corpus = workspace.keep_prepared(EmbedSpec(corpus=prepared.guessed(["sample"]), encoder=DEFAULT_ENCODER))
    page.goto(f"{served.address}/train?corpus={corpus}")
    start_a_long_training(page)
    before = epoch_on(page)
    page.reload()
    before = epoch_on(page, after=before)

    served.signal_worker(signal.SIGKILL)
    expect(page.get_by_text("The worker process ended without a word")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(TRAINING)).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Resume", exact=True).click(timeout=PATIENCE)
    before = epoch_on(page)
    assert before > 1  # it goes on, and does not begin anew

    page.goto("about:blank")  # a page that is open meanwhile rightly writes to the console that nobody answers
    served.end()
    served.start()
    page.goto(f"{served.address}/train?corpus={corpus}")
    epoch_on(page, after=before)

    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile("^(Stopping …|Stopped after epoch)")).first).to_be_visible(timeout=3_000)
    ended = page.get_by_text(re.compile(r"Stopped after epoch \d+ of 1000; what the finished epochs gave is kept"))
    expect(ended).to_be_visible(timeout=PATIENCE)
    (job,) = workspace.experiments()
    result = load_result(workspace.result_folder(job.id))
    assert result.facts.stopped
    assert before < result.history["epoch"].max() < 1000
    page.get_by_role("button", name="Next: compare", exact=True).click()
    expect(page.get_by_text("Does augmentation help on these texts?")).to_be_visible(timeout=PATIENCE)
