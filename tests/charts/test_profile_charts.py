import numpy as np

from estitchup.charts.profile import class_sizes, length_histogram


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
