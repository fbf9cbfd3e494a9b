import numpy as np
import pytest

from estitchup.charts.map import GROUP_SYMBOLS, hover_text, map_figure
from estitchup.charts.profile import class_sizes, length_histogram


def test_a_hover_is_short_and_harmless() -> None:
    words = hover_text("<script>alert('x')</script> & " + "long " * 100, "<b>label</b>", "train")
    assert "<script>" not in words
    assert "&lt;script&gt;" in words
    assert "&lt;b&gt;label&lt;/b&gt;" in words
    assert len(words) < 250


@pytest.mark.parametrize("text", ["", "   ", "a" * 5_000, "\u202eright to left", "🙂" * 200])
def test_any_text_has_a_hover(text: str) -> None:
    assert len(hover_text(text, "", "pool")) < 250


def test_every_text_is_one_point_in_its_group_or_among_the_others() -> None:
    points = np.arange(20, dtype=np.float32).reshape(10, 2)
    hover = [f"text {n}" for n in range(10)]
    figure = map_figure(points, hover, {"one": np.array([1, 2]), "two": np.array([5])})
    drawn = {text: (x, y) for trace in figure.data for x, y, text in zip(trace.x, trace.y, trace.text, strict=True)}
    assert drawn == {f"text {n}": (2 * n, 2 * n + 1) for n in range(10)}
    assert [trace.name for trace in figure.data] == ["others (7)", "one (2)", "two (1)"]
    assert len({trace.marker.symbol for trace in figure.data[1:]}) == 2
    assert {trace.type for trace in figure.data} == {"scattergl"}


def test_as_many_groups_as_symbols_are_told_apart_without_colour() -> None:
    assert len(set(GROUP_SYMBOLS)) == len(GROUP_SYMBOLS) == 8


def test_a_group_named_in_html_stays_a_name() -> None:
    figure = map_figure(np.zeros((1, 2), np.float32), ["x"], {"<img src=x>": np.array([0])})
    assert figure.data[0].name == "&lt;img src=x&gt; (1)"


def test_the_histogram_counts_every_text_once() -> None:
    lengths = np.array([1, 1, 2, 7, 300])
    figure = length_histogram("", "", lengths, "tokens", 256)
    (bars,) = figure.data
    assert sum(bars.y) == len(lengths)
    assert figure.layout.shapes[0].x0 == 256.5


def test_a_cut_far_beyond_the_longest_text_is_not_drawn() -> None:
    assert not length_histogram("", "", np.array([5, 9]), "tokens", 256).layout.shapes
    assert not length_histogram("", "", np.array([0]), "characters", None).layout.shapes


def test_bars_of_unknown_classes_are_hatched_and_stand_last() -> None:
    figure = class_sizes("", "", ["a", "b", "oos"], np.array([9, 5, 20]), known=2)
    known, unknown = figure.data
    assert (list(known.y), list(unknown.y)) == ([9, 5], [20])
    assert unknown.marker.pattern.shape == "/"
    assert list(figure.layout.xaxis.ticktext) == ["a", "b", "oos"]
    assert class_sizes("", "", list("abcdefgh") * 5, np.arange(40), 40).layout.xaxis.showticklabels is False
