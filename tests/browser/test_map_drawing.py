"""The map of the embeddings in a real browser: a point is where its vector says, and its text is never run."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from estitchup.corpus import CorpusSpec, load_corpus
from estitchup.encoding import resolve_encoder
from estitchup.projection import principal_plane
from estitchup.workspace import EmbedSpec, Workspace

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> & a very long text " + "that goes on and on " * 20
Pixel = Callable[[str], tuple[float, float]]


def keep_texts(folder: Path) -> tuple[str, dict[str, tuple[float, float]]]:
    """Prepare 40 embedded texts, spread out in two directions; return the corpus' name and each text's place."""
    texts = [HOSTILE, *[f"text {n}" for n in range(1, 40)]]
    splits = ("train", "train", "validation", "test")
    lines = [f'"{text}",{"apple" if n % 3 else "oos"},{splits[n % 4]}' for n, text in enumerate(texts)]
    file = folder / "texts.csv"
    file.write_text("\n".join(["text,label,split", *lines, '"pear one",pear,train', '"pear two",pear,test']))
    columns = {"text_column": "text", "label_column": "label", "split_column": "split"}
    spec = EmbedSpec(corpus=CorpusSpec(file=str(file), unknown_labels=("oos",), **columns))
    corpus, source, home = load_corpus(spec.corpus), resolve_encoder(), Workspace(folder / "home")
    vectors = np.zeros((len(corpus.texts), source.dimension), np.float32)
    vectors[:, :2] = np.random.default_rng(4).normal(size=(len(corpus.texts), 2)) * (3, 1)
    vectors[:, 2] = 1
    with home.vectors() as store:
        store.put(source.key, corpus.texts, vectors)
    plane = principal_plane(vectors)
    return home.keep_prepared(spec), dict(zip(corpus.texts, plane.tolist(), strict=True))


def pixels(canvas: Locator, places: dict[str, tuple[float, float]]) -> Pixel:
    """Return what tells where on the page a text lies while all are shown, by arithmetic of its own."""
    plane = np.array(list(places.values()))
    low, high = plane.min(axis=0), plane.max(axis=0)

    def pixel(text: str) -> tuple[float, float]:
        x, y, width, height = box(canvas)
        scale = 0.94 * min(width / (high - low)[0], height / (high - low)[1])
        across, up = (np.array(places[text]) - (low + high) / 2) * scale
        return x + width / 2 + across, y + height / 2 - up

    return pixel


def box(element: Locator) -> tuple[float, float, float, float]:
    found = element.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["width"], found["height"]


def hover(page: Page, place: tuple[float, float]) -> None:
    page.mouse.move(*place)
    page.mouse.move(place[0] + 1, place[1])


def open_map(page: Page, server: str, folder: Path) -> tuple[Locator, Pixel]:
    name, places = keep_texts(folder)
    page.goto(f"{server}/profile?corpus={name}")
    canvas = page.get_by_role("img", name="texts as points on a plane")
    said = re.compile("42 texts as points .* coloured by known or unknown")
    expect(canvas).to_have_attribute("aria-label", said, timeout=120_000)  # a first visit loads scikit-learn, too
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    return canvas, pixels(canvas, places)


def test_a_point_says_its_text_its_label_and_its_role_and_never_runs_them(
    server: str, page: Page, tmp_path: Path
) -> None:
    canvas, pixel = open_map(page, server, tmp_path)
    tip = page.locator(".tip")
    hover(page, pixel("pear one"))
    expect(tip.locator("> *")).to_have_text(["pear one", "pear", "train"])
    hover(page, pixel(HOSTILE))
    expect(tip.locator("span")).to_have_text(re.compile(r"^<img src=x onerror=alert\(1\)> & a very long text .*…$"))
    assert tip.locator("img").count() == 0
    left, top, width, height = box(tip)
    x, y, wide, high = box(canvas)
    assert x <= left <= left + width <= x + wide + 1
    assert y <= top <= top + height <= y + high + 1
    page.mouse.move(10, 10)
    expect(tip).to_have_text("")


def test_points_follow_a_drag_a_zoom_and_keys_and_another_colouring_keeps_the_view(
    server: str, page: Page, tmp_path: Path
) -> None:
    canvas, pixel = open_map(page, server, tmp_path)
    said = page.locator(".tip span")
    x, y = pixel("text 5")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y - 30, steps=4)
    page.mouse.up()
    hover(page, (x + 40, y - 30))
    expect(said).to_have_text("text 5")
    page.mouse.wheel(0, -600)  # four times as large about the pointer
    hover(page, (x + 40, y - 30))
    expect(said).to_have_text("text 5")
    left, top, _, _ = box(canvas)
    page.get_by_role("radio", name="Class").click()
    expect(canvas).to_have_attribute("aria-label", re.compile("coloured by class"))
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    now_left, now_top, _, _ = box(canvas)
    hover(page, (x + 40 + now_left - left, y - 30 + now_top - top))
    expect(said).to_have_text("text 5")
    canvas.press("0")
    hover(page, pixel("text 5"))
    expect(said).to_have_text("text 5")
    page.get_by_role("button", name="Zoom in").click()
    hover(page, pixel("text 5"))
    expect(said).not_to_have_text("text 5")


def test_a_group_can_be_hidden_and_shown_by_keyboard(server: str, page: Page, tmp_path: Path) -> None:
    _, pixel = open_map(page, server, tmp_path)
    key = page.get_by_role("button", name=re.compile("^unknown"))
    expect(key).to_have_attribute("aria-pressed", "true")
    key.press("Enter")
    expect(key).to_have_attribute("aria-pressed", "false")
    hover(page, pixel("text 3"))
    expect(page.locator(".tip span")).not_to_have_text("text 3")
    key.press("Space")
    hover(page, pixel("text 3"))
    expect(page.locator(".tip span")).to_have_text("text 3")
