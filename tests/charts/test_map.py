"""What is sent of a map, decoded as the browser decodes it."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from estitchup.charts.map import GROUP_COLOURS, GROUP_SHAPES, STEPS, map_data, map_texts, shown_text

TEXTS = map_texts(["a"], [""], ["train"])


def places(data: dict[str, Any]) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(data["points"]), "<u2").reshape(-1, 2).astype(np.float64)


def members(data: dict[str, Any]) -> list[int]:
    return list(base64.b64decode(data["groups"]))


def test_points_come_back_within_half_a_step_on_one_scale_for_both_axes() -> None:
    points = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32) * np.float32([9, 0.5]) - 40
    data = map_data(points, {}, TEXTS)
    step = np.ptp(points, axis=0).max() / STEPS
    assert np.abs(places(data) * step + points.min(axis=0) - points).max() < 0.51 * step
    assert data["extent"] == places(data).max(axis=0).tolist()
    assert data["extent"][0] == STEPS


def test_points_that_have_no_spread_or_no_value_have_a_place() -> None:
    assert places(map_data(np.ones((1, 2), np.float32), {}, TEXTS)).tolist() == [[0, 0]]
    odd = np.array([[np.nan, 0], [np.inf, 1], [2, -np.inf]], np.float32)
    assert places(map_data(odd, {}, TEXTS)).tolist() == [[0, 0], [0, 32768], [STEPS, 0]]


def test_every_row_is_in_its_group_or_among_the_others_and_is_counted_once() -> None:
    data = map_data(np.zeros((6, 2), np.float32), {"one": np.array([1, 2]), "two": np.array([5])}, TEXTS)
    assert members(data) == [0, 1, 1, 0, 0, 2]
    assert [(entry["name"], entry["count"]) for entry in data["entries"]] == [("others", 3), ("one", 2), ("two", 1)]


def test_every_group_has_a_shape_and_a_colour_of_its_own() -> None:
    groups = {f"class {number}": np.array([number]) for number in range(len(GROUP_SHAPES))}
    entries = map_data(np.zeros((9, 2), np.float32), groups, TEXTS)["entries"][1:]
    assert len({entry["shape"] for entry in entries}) == len({entry["colour"] for entry in entries}) == 8
    assert len(GROUP_COLOURS) == len(GROUP_SHAPES)


def test_another_colouring_is_the_same_plane_and_the_same_texts() -> None:
    points = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    first, other = (map_data(points, {name: np.arange(5)}, TEXTS) for name in ("known", "train"))
    assert (first["plane"], first["texts"]) == (other["plane"], other["texts"])
    assert map_data(points * [1, 2], {}, TEXTS)["plane"] != first["plane"]
    assert first["texts"] != map_data(points, {}, map_texts(["b"], [""], ["train"]))["texts"]


def test_texts_labels_and_roles_arrive_under_the_version_that_the_points_name() -> None:
    sent = map_texts(["<img src=x>", "  two\nlines ", ""], ["<b>", "", "<b>"], ["train", "test", "train"])
    assert sent[:16].decode() == map_data(np.zeros((3, 2), np.float32), {}, sent)["texts"]
    content = json.loads(sent[16:])
    assert content["texts"] == ["<img src=x>", "two lines", "no text"]
    assert [content["labels"][place] for place in content["label"]] == ["<b>", "no label", "<b>"]
    assert [content["roles"][place] for place in content["role"]] == ["train", "test", "train"]


def test_a_lone_surrogate_can_be_sent() -> None:
    assert json.loads(map_texts(["odd \ud83d one"], [""], ["pool"])[16:])["texts"] == ["odd ? one"]


@pytest.mark.parametrize("text", ["a" * 5_000, "many words " * 500, "🙂" * 200, "\n" * 800])
def test_a_shown_text_is_one_short_line(text: str) -> None:
    assert len(shown_text(text)) <= 90
    assert "\n" not in shown_text(text)


def test_a_text_is_cut_only_when_it_is_too_long() -> None:
    assert shown_text("x" * 90) == "x" * 90
    assert shown_text("x" * 91) == "x" * 89 + "…"
