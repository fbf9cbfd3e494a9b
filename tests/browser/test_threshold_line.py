"""The threshold's line in a real browser: it moves at once, by pointer and by keys, and Python counts after."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from estitchup.result import ExperimentResult
from estitchup.threshold import ThresholdCurve
from estitchup.workspace import Status, Workspace

pytestmark = pytest.mark.browser


def put(home: Path, result: ExperimentResult) -> None:
    workspace = Workspace(home)
    workspace.save(workspace.add_job(result.spec, "small", Status.FINISHED).id, result)


def kept(result: ExperimentResult, name: str, threshold: float) -> str:
    """Count the known texts that an augmentation keeps, without the page's own code."""
    runs = [result.scores(run) for run in result.runs_of(name)]
    shares = [ThresholdCurve.of(run.confidence, run.correct, run.unknown_confidence).at(threshold) for run in runs]
    return f"{np.mean([share.known_kept for share in shares]):.1%}"


def caught(result: ExperimentResult, threshold: float) -> str:
    """Count the unknown texts that *No augmentation* refuses, without the page's own code."""
    runs = [result.scores(run) for run in result.runs_of("No augmentation")]
    return f"{np.mean([np.mean(run.unknown_confidence < threshold) for run in runs]):.1%}"


def drag(page: Page, line: Locator, pixels: int, release: bool = True) -> None:
    line.scroll_into_view_if_needed()
    box = line.locator(".grip").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=4)
    if release:
        page.mouse.up()


def now(line: Locator) -> float:
    return float(line.get_attribute("aria-valuenow") or "nan")


def test_a_dragged_line_moves_at_once_and_number_slider_and_address_follow(
    server: str, page: Page, tmp_path: Path, small_result: ExperimentResult
) -> None:
    put(tmp_path / "home", small_result)
    page.goto(f"{server}/threshold?t_left=0.5&t_right=0.5")
    left = page.get_by_role("slider", name="Threshold line, No augmentation")
    right = page.get_by_role("slider", name="Threshold line, E-Stitchup")
    expect(left).to_have_attribute("aria-valuenow", "0.5")
    drag(page, left, -60, release=False)
    held = now(left)
    assert 0.2 < held < 0.45
    figure = page.get_by_role("figure", name="No augmentation: confidence")
    expect(figure.locator("dd").first).to_have_text(kept(small_result, "No augmentation", held))
    curve = page.get_by_role("img", name="Unknown caught, known refused")
    expect(curve).to_have_attribute("aria-label", re.compile(f"Now: No augmentation {caught(small_result, held)}"))
    expect(page.get_by_role("spinbutton", name="Threshold of No augmentation, exactly")).to_have_value("0.5000")
    page.mouse.up()
    number = page.get_by_role("spinbutton", name="Threshold of No augmentation, exactly")
    expect(number).to_have_value(f"{held:.4f}")
    expect(page.get_by_role("slider", name="Threshold of No augmentation")).to_have_value(str(held))
    expect(figure.locator("dd").first).to_have_text(kept(small_result, "No augmentation", held))
    expect(right).to_have_attribute("aria-valuenow", "0.5")
    expect(page).to_have_url(re.compile(f"t_left={held}"))
    expect(page.get_by_text(f"At {held:.3f}".rstrip("0"), exact=False).first).to_be_visible()  # the headline
    number.fill("0.25")
    number.press("Enter")
    expect(left).to_have_attribute("aria-valuenow", "0.25")
    expect(curve).to_have_attribute("aria-label", re.compile(f"Now: No augmentation {caught(small_result, 0.25)}"))


def test_keys_move_the_line_and_one_threshold_moves_both(
    server: str, page: Page, tmp_path: Path, small_result: ExperimentResult
) -> None:
    put(tmp_path / "home", small_result)
    page.goto(f"{server}/threshold?t_left=0.5&linked=true")
    lines = [page.get_by_role("slider", name=f"Threshold line, {name}") for name in ("No augmentation", "E-Stitchup")]
    expect(lines[1]).to_have_attribute("aria-valuenow", "0.5")
    lines[1].focus()
    lines[1].press("ArrowLeft")
    lines[1].press("PageDown")
    for line in lines:
        expect(line).to_have_attribute("aria-valuenow", "0.449")
    expect(page.get_by_role("spinbutton", name="Threshold for both, exactly")).to_have_value("0.4490")
    lines[0].press("Home")
    expect(page.get_by_role("spinbutton", name="Threshold for both, exactly")).to_have_value("0.0000")


def test_any_line_of_the_comparison_moves_them_all(
    server: str, page: Page, tmp_path: Path, small_result: ExperimentResult
) -> None:
    put(tmp_path / "home", small_result)
    page.goto(f"{server}/compare?threshold=0.5")
    lines = page.get_by_role("slider", name="Threshold line")
    expect(lines).to_have_count(3)
    drag(page, lines.nth(2), 50)
    moved = now(lines.nth(2))
    assert moved > 0.52
    for i in range(3):
        expect(lines.nth(i)).to_have_attribute("aria-valuenow", str(moved))
    expect(page.get_by_role("slider", name="Confidence threshold")).to_have_value(str(moved))


def test_another_section_keeps_the_headline_and_a_link_restores_both_thresholds(
    server: str, page: Page, tmp_path: Path, small_result: ExperimentResult
) -> None:
    put(tmp_path / "home", small_result)
    page.goto(f"{server}/threshold?t_left=0.5&t_right=0.5&policy=nonsense&detail=nonsense")
    right = page.get_by_role("spinbutton", name="Threshold of E-Stitchup, exactly")
    expect(right).to_have_value("0.5000")
    page.get_by_role("tab", name="Texts near the line").click()  # the fragment around the moving one runs
    expect(page.get_by_text("The ten test texts nearest each line")).to_be_visible()
    right.fill("0")  # the lowest threshold is one, too
    right.press("Enter")
    expect(page.get_by_text("At 0.0")).to_have_count(2)  # the headline, and the texts near the line
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    expect(page).to_have_url(re.compile("t_right=0(&|$)"))
    page.goto(page.url)
    expect(right).to_have_value("0.0000")
    expect(page.get_by_role("spinbutton", name="Threshold of No augmentation, exactly")).to_have_value("0.5000")
