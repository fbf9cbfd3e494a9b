import numpy as np

from estitchup.charts.profile import class_sizes, length_histogram


def test_the_histogram_counts_every_text_once() -> None:
    lengths = np.array([1, 1, 2, 7, 300])
    figure = length_histogram(lengths, "tokens", 256)
    (bars,) = figure.data
    assert sum(bars.y) == len(lengths)
    assert figure.layout.shapes[0].x0 == 256.5


def test_one_text_far_longer_than_all_others_does_not_squeeze_them() -> None:
    lengths = np.array([*range(1, 21)] * 50 + [9_000])
    (bars,) = length_histogram(lengths, "tokens", 256).data
    assert sum(bars.y) == len(lengths)
    assert max(bars.x) < 62
    assert bars.customdata[-1] == "60 and more"
    assert bars.y[-1] == 1


def test_a_cut_far_beyond_the_longest_text_is_not_drawn() -> None:
    assert not length_histogram(np.array([5, 9]), "tokens", 256).layout.shapes
    assert not length_histogram(np.array([0]), "characters", None).layout.shapes


def test_bars_of_unknown_classes_are_hatched_and_stand_last() -> None:
    figure = class_sizes(["a", "b", "oos"], np.array([9, 5, 20]), known=2)
    known, unknown = figure.data
    assert (list(known.x), list(unknown.x)) == ([9, 5], [20])
    assert unknown.marker.pattern.shape == "/"


def test_few_classes_lie_below_each_other_with_their_names_and_many_stand_without() -> None:
    names = ["a", "<b>", "a name that is far longer than there is room for"]
    figure = class_sizes(names, np.array([9, 5, 2]), known=3)
    assert list(figure.layout.yaxis.ticktext) == ["a", "&lt;b&gt;", "a name that is far long…"]
    assert figure.layout.yaxis.autorange == "reversed"
    assert class_sizes(list("abcdefghijklmnopqrstuvwxyzABCD"), np.arange(30), 30).layout.height > figure.layout.height
    many = class_sizes(list("abcdefgh") * 5, np.arange(40), 40)
    assert list(many.data[0].y) == list(range(40))
    assert many.layout.xaxis.showticklabels is False
