import subprocess
import sys

import numpy as np
import plotly.graph_objects as go
import pytest

from estitchup.calibration import reliability_table
from estitchup.charts import (
    confidence_histogram,
    epochs_to_baseline,
    learning_curves,
    reliability_diagram,
    shares_by_confidence,
    with_threshold,
)


def trace(figure: go.Figure, name: str) -> go.Scatter:
    return next(trace for trace in figure.data if trace.name == name)


def test_charts_need_no_streamlit() -> None:
    check = "import sys, estitchup.charts; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_shares_are_counted_in_right_closed_bins() -> None:
    shares = shares_by_confidence([0.0, 0.05, 0.051, 1.0])
    assert shares[[0, 1, 19]] == pytest.approx([50, 25, 25])
    assert shares.sum() == pytest.approx(100)


def test_shares_of_no_texts_are_zero() -> None:
    assert shares_by_confidence([]).tolist() == [0.0] * 20


def test_a_histogram_draws_both_sides_to_100_percent_and_tells_them_apart_without_colour() -> None:
    known, unknown = shares_by_confidence([0.9, 0.95, 0.3]), shares_by_confidence([0.2, 0.25])
    figure = confidence_histogram("E-Mixup", "finding", known, unknown, highest=80)
    for name, shares in (("known texts", known), ("unknown texts", unknown)):
        heights = trace(figure, name).y[:-1]  # the last point only closes the outline
        assert heights == pytest.approx(shares)
        assert heights.sum() == pytest.approx(100)
    assert trace(figure, "unknown texts").fillpattern.shape == "/"
    assert trace(figure, "known texts").fillpattern.shape is None
    assert figure.layout.yaxis.range == (0, 84)


def test_a_histogram_without_unknown_texts_has_one_side() -> None:
    figure = confidence_histogram("", "", shares_by_confidence([0.5]), shares_by_confidence([]), highest=100)
    assert [drawn.name for drawn in figure.data] == ["known texts"]


def test_a_threshold_is_marked_on_a_copy() -> None:
    plain = confidence_histogram("", "", shares_by_confidence([0.5]), shares_by_confidence([]), highest=100)
    before = plain.to_json()
    marked = with_threshold(plain, 0.62, ["kept", "caught"])
    assert (marked.layout.shapes[0].x0, marked.layout.shapes[0].x1) == (0.62, 0.62)
    assert [note.text for note in marked.layout.annotations] == ["threshold <b>0.62</b>", "kept", "caught"]
    assert plain.to_json() == before


def test_reliability_points_are_the_table_without_its_empty_bins() -> None:
    confidence, correct = [0.91, 0.95, 0.97, 0.35], [True, True, False, False]
    table = reliability_table(confidence, correct)
    figure = reliability_diagram("", "", table, "#000000", "solid")
    points, bars = trace(figure, "right answers"), trace(figure, "share of the texts (%)")
    assert list(points.x) == pytest.approx([0.35, 0.91, 0.96])
    assert list(points.y) == pytest.approx([0, 100, 50])
    assert points.customdata[:, 0].tolist() == [1, 1, 2]
    assert list(bars.y) == pytest.approx([25, 25, 50])
    assert np.isnan(table.accuracy).sum() == 15 - len(points.x)


def test_a_reliability_diagram_of_nothing_is_empty() -> None:
    figure = reliability_diagram("", "", reliability_table([], []), "#000000", "solid")
    assert len(trace(figure, "right answers").x) == 0


def test_learning_curves_are_means_with_a_band_over_seeds() -> None:
    figure = learning_curves("", "", {"E-Mixup": np.array([[0.2, 0.6], [0.4, 0.8]])}, level=0.7)
    band, line = figure.data
    assert list(line.y) == pytest.approx([30, 70])
    assert list(band.y) == pytest.approx([40, 80, 60, 20])
    assert list(line.x) == [1, 2]
    assert figure.layout.shapes[0].y0 == pytest.approx(70)


def test_one_seed_has_no_band() -> None:
    figure = learning_curves("", "", {"E-Mixup": np.array([[0.2, 0.6]])})
    assert [drawn.name for drawn in figure.data] == ["E-Mixup"]


def test_epochs_that_not_every_seed_reached_are_said_in_words_and_have_no_bar() -> None:
    epochs = {"No augmentation": [3, 4], "E-Mixup": [2, None], "Soft E-Mixup": [9, None], "E-Stitchup": [None, None]}
    figure = epochs_to_baseline("", "", epochs, trained=10)
    bars, dots = figure.data
    assert dict(zip(bars.y, bars.x, strict=True)) == {"No augmentation": 3.5}
    assert sorted(dots.x) == [2, 3, 4, 9]
    assert [(note.y, note.text, note.x, note.xanchor) for note in figure.layout.annotations] == [
        ("E-Mixup", "1 of 2 seeds", 2, "left"),
        ("Soft E-Mixup", "1 of 2 seeds", 9, "right"),
        ("E-Stitchup", "not reached", 0, "left"),
    ]


def test_soft_labels_are_dashed() -> None:
    curves = {name: np.array([[0.5, 0.6]]) for name in ("E-Mixup", "Soft E-Mixup")}
    assert [line.line.dash for line in learning_curves("", "", curves).data] == ["solid", "dash"]
