"""The report's page without a network, and the Report page, links and presentation mode of the app."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from pptx import Presentation
from scipy.special import softmax

from estitchup.corpus import Role
from estitchup.decision import Decision
from estitchup.evaluation import Evaluation
from estitchup.recipe import BASELINE
from estitchup.report.build import PANELS, build_report
from estitchup.report.page import page as report_page
from estitchup.result import ExperimentResult
from estitchup.temperature import fit_temperature
from estitchup.workspace import Workspace

pytestmark = pytest.mark.browser

PATIENCE = 180_000  # ms: the first visit computes intervals, on a machine that may be busy
HARM = "</script><script>document.title='harmed'</script><img src=x onerror=\"document.title='harmed'\">"


@pytest.fixture
def written(small_result: ExperimentResult, tmp_path: Path) -> Path:
    report = build_report(
        Evaluation(small_result),
        Decision(small_result),
        {},
        title=f"A title {HARM}",
        remarks=HARM,
        panels=tuple(PANELS),
    )
    file = tmp_path / "report.html"
    file.write_text(report_page(report), encoding="utf-8")
    return file


def share_kept(result: ExperimentResult, name: str, threshold: float) -> str:
    """Count the known texts kept over the saved logits, by SciPy's softmax after temperature scaling."""
    known = result.role_rows(Role.TEST)["target"].to_numpy() >= 0
    targets = result.role_rows(Role.VALIDATION)["target"].to_numpy()
    kept = []
    for run in result.runs_of(name):
        temperature = fit_temperature(result.logits["validation"][run][targets >= 0], targets[targets >= 0])
        shares = softmax(result.logits["test"][run][known].astype(np.float64) / temperature, axis=1)
        kept.append((shares.max(axis=1) >= threshold).mean())
    return f"{np.mean(kept):.1%}"


def test_the_page_opens_offline_and_its_thresholds_move(
    chromium: Browser, written: Path, small_result: ExperimentResult
) -> None:
    context = chromium.new_context(offline=True)
    tab = context.new_page()
    trouble: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
    tab.goto(written.as_uri())
    expect(tab.locator("html[data-ready=yes]")).to_have_count(1)
    assert tab.title().startswith("A title </script>")
    expect(tab.locator(".js-plotly-plot .main-svg").first).to_be_visible()

    tab.get_by_label("Move all thresholds together").check()
    slider = tab.get_by_role("slider", name=f"Threshold of {BASELINE}", exact=True)
    slider.focus()
    slider.press("Home")
    for _ in range(30):
        slider.press("ArrowRight")
    for position, name in enumerate(small_result.names):  # one moves all
        kept = tab.locator(f"[data-cut='{position}'] [data-share=known_kept]")
        expect(kept).to_contain_text(share_kept(small_result, name, 0.03))
    tab.get_by_label("Move all thresholds together").uncheck()
    field = tab.get_by_role("spinbutton", name=f"Threshold of {BASELINE}, as a number")
    field.fill("0.4")
    field.press("Enter")
    expect(tab.locator("[data-cut='0'] [data-share=known_kept]")).to_contain_text(
        share_kept(small_result, BASELINE, 0.4)
    )
    field.fill("")  # an emptied field is no threshold of 0
    field.press("Tab")
    expect(field).to_have_value("0.400")
    line = "document.querySelector('[id^=chart-confidence]').layout.shapes[0].x0"
    assert tab.evaluate(line) == 0.4
    tab.get_by_role("button", name=re.compile("^Back to")).first.click()
    assert tab.evaluate(line) != 0.4

    tab.emulate_media(media="print")
    expect(slider).to_be_hidden()
    tab.emulate_media(media="screen")
    tab.set_viewport_size({"width": 390, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert trouble == []
    assert asked == [written.as_uri()]


def test_the_report_page_gives_files_a_link_and_a_presentation(
    small_workspace: Workspace, server: str, page: Page
) -> None:
    job = small_workspace.experiments()[0].id
    page.goto(f"{server}/report?experiment={job}&panels=answer,accuracy")
    expect(page.get_by_text("Take it away", exact=True)).to_be_visible(timeout=PATIENCE)
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="Slides (PowerPoint)").click()
    slides = Presentation(str(download.value.path()))
    assert download.value.suggested_filename == "does-augmentation-help-on-these-texts.pptx"
    assert len(slides.slides) == 3
    page.get_by_role("textbox", name="Title").fill("For Friday")
    page.get_by_role("textbox", name="Title").press("Tab")
    expect(page.get_by_text("Preview · For Friday")).to_be_visible(timeout=PATIENCE)
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="Page (HTML)").click()
    assert download.value.suggested_filename == "for-friday.html"

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert f"experiment={job}" in link
    assert "panels=answer" in link

    page.get_by_role("button", name="Present").click()
    expect(page.get_by_role("button", name="Leave")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_role("textbox", name="Title")).to_be_hidden()
    expect(page).to_have_url(re.compile("present=1"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Leave")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_role("textbox", name="Title")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
