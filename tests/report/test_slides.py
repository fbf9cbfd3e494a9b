"""The slides, opened again by python-pptx, and rendered by LibreOffice where it is installed."""

import io
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from conftest import ARABIC, FORMULA, HARM
from PIL import Image
from pptx import Presentation
from pptx.chart.chart import Chart as NativeChart
from pptx.chart.series import XySeries
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide

from estitchup.charts.curves import epochs_to_baseline
from estitchup.report.axes import ends
from estitchup.report.content import Chart, Report, Table
from estitchup.report.deck import Layouts, fitting, safe
from estitchup.report.native import add_chart
from estitchup.report.slides import slides
from estitchup.report.traces import values


@pytest.fixture(scope="module")
def content(report: Report) -> bytes:
    return slides(report)


@pytest.fixture(scope="module")
def deck(content: bytes) -> Deck:
    return Presentation(io.BytesIO(content))


def texts(slide: Slide) -> str:
    """Return all that stands on a slide."""
    said = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    tables = [shape.table for shape in slide.shapes if shape.has_table]
    return "\n".join(said + [cell.text for table in tables for row in table.rows for cell in row.cells])


def test_every_slide_has_a_title_that_says_something_and_notes(deck: Deck) -> None:
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, abs=0.001)
    for slide in deck.slides:
        assert slide.shapes.title.text_frame.text.strip()
        assert slide.notes_slide.notes_text_frame.text.strip()


def test_every_chart_is_native_and_holds_the_numbers_of_its_figure(deck: Deck, report: Report) -> None:
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert len(charts) == len(report.charts)
    known = next(chart for chart in report.charts if chart.name == "confidence-e-stitchup").figure.data[0]
    shapes = [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    described = {shape._element.xpath(".//p:cNvPr")[0].get("descr").split(":")[0]: shape.chart for shape in shapes[2:5]}
    series = described["E-Stitchup"].plots[0].series[0]
    drawn = np.array([float(point.text) for point in series._element.xpath("./c:yVal//c:v")])
    assert drawn[::2] == pytest.approx(values(known.y))  # a step has two points
    assert series.name == "known texts"


def chart_of(deck: Deck, title: str) -> NativeChart:
    """Return the chart whose description begins with a title."""
    shapes = [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    described = {shape._element.xpath(".//p:cNvPr")[0].get("descr"): shape.chart for shape in shapes}
    return next(chart for words, chart in described.items() if words.startswith(title))


def reach(series: XySeries) -> tuple[str, list[float], list[float]]:
    """Return the direction of a series' error bars, and how far they reach below and above; one for all where it is."""
    element = series._element
    below, above = (
        [float(own.text) for own in element.xpath(f"./c:errBars/c:{side}//c:v")] for side in ("minus", "plus")
    )
    one = [float(value) for value in element.xpath("./c:errBars/c:val/@val")]
    return (element.xpath("./c:errBars/c:errDir/@val") or [""])[0], one or below, one or above


def chart_named(report: Report, name: str) -> Chart:
    return next(chart for chart in report.charts if chart.name == name)


def test_intervals_of_differences_are_error_bars_of_their_mean(deck: Deck, report: Report) -> None:
    chart = chart_named(report, "accuracy-differences")
    series = chart_of(deck, chart.alt).plots[0].series
    checked = 0
    for trace, own in zip(chart.figure.data, series, strict=False):
        assert [float(point.text) for point in own._element.xpath("./c:xVal//c:v")] == pytest.approx([trace.x[0]] * 2)
        if trace.error_x.array[0]:
            assert reach(own) == ("x", pytest.approx(trace.error_x.arrayminus), pytest.approx(trace.error_x.array))
            checked += 1
    assert checked


def test_names_stand_left_of_what_differs(deck: Deck, report: Report) -> None:
    chart = chart_of(deck, chart_named(report, "accuracy-differences").alt)
    named = [own for own in chart.plots[0].series if own._element.xpath("./c:dLbls")]
    assert ["".join(own._element.xpath("./c:dLbls//a:t/text()")) for own in named] == ["E-Stitchup", "Label softening"]
    for own in named:
        assert own._element.xpath("./c:dLbls/c:dLbl/c:dLblPos/@val") == ["l"]
        left = {float(point.text) for point in own._element.xpath("./c:xVal//c:v")}
        assert left == {chart.category_axis.minimum_scale}


def test_intervals_of_a_reliability_diagram_are_error_bars_of_its_points(deck: Deck, report: Report) -> None:
    chart = next(own for own in report.charts if own.figure.data[-1].error_y.array is not None)
    series = next(own for own in chart_of(deck, chart.alt).plots[0].series if own.name == "right answers")
    error = chart.figure.data[-1].error_y
    assert reach(series) == ("y", pytest.approx(values(error.arrayminus)), pytest.approx(values(error.array)))


def test_the_band_of_a_curve_becomes_its_error_bars(deck: Deck, report: Report) -> None:
    chart = next(
        own
        for own in report.charts
        if isinstance(own.figure.data[0], go.Scatter) and own.figure.data[0].fill == "toself"
    )
    band, line = chart.figure.data[:2]
    series = next(own for own in chart_of(deck, chart.alt).plots[0].series if own.name == line.name)
    direction, below, above = reach(series)
    highest, lowest = np.split(values(band.y), 2)
    assert direction == "y"
    assert values(line.y) + above == pytest.approx(highest)
    assert values(line.y) - below == pytest.approx(lowest[::-1])


def test_bars_reach_from_the_lowest_seed_to_the_highest() -> None:
    epochs = {"E-Mixup": [3, 5, 4], "Soft E-Mixup": [1, None, 1], "E-Stitchup": [None, None]}
    figure = epochs_to_baseline("Epochs", "", epochs, 10)
    layouts = Layouts()
    slide = layouts.add(layouts.finding, "Epochs", 28, "notes")
    chart = add_chart(slide, figure, (0, 0, 3_000_000, 3_000_000), "alt")
    assert list(chart.plots[0].categories) == ["E-Stitchup: not reached", "Soft E-Mixup: 2 of 3 seeds", "E-Mixup: 4.0"]
    assert list(chart.plots[0].series[0].values) == [None, None, 4]
    assert not chart.plots[0].has_data_labels  # they would lie on the error bars
    assert reach(chart.plots[0].series[0]) == ("", [0, 0, 1], [0, 0, 1])


def test_names_of_augmentations_do_not_break_in_a_title() -> None:
    layouts = Layouts()
    slide = layouts.add(layouts.finding, "Soft E-Mixup, E-Stitchup and e-mail: E-mail", 28, "notes")
    assert slide.shapes.title.text_frame.text == "Soft\u00a0E\u2011Mixup, E\u2011Stitchup and e-mail: E-mail"


def test_the_parts_of_a_table_are_numbered(deck: Deck) -> None:
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert len(set(titles)) == len(titles)
    counted = [title for title in titles if title.startswith("Scores on test texts")]
    assert counted[0].endswith(f"(1\u00a0of\u00a0{len(counted)})")
    assert counted[-1].endswith(f"({len(counted)}\u00a0of\u00a0{len(counted)})")


def test_columns_of_long_texts_become_narrower_before_a_table_is_cut_in_two(report: Report) -> None:
    cut = report.panels[0]
    row = ("0.861", "a text " * 20, "refused", "a class " * 20, "another class " * 20)
    table = Table("texts", "Texts nearest a threshold", ("Confidence", "Text", "Becomes", "Answer", "Label"), (row,))
    only = replace(report, panels=(replace(cut, cards=(), charts=(), tables=(table,)),))
    _, *others = Presentation(io.BytesIO(slides(only))).slides
    assert len(others) == 1
    assert "another class" in texts(others[0])


def test_curves_of_unequal_length_are_filled_up_with_their_last_point() -> None:
    curves = [go.Scatter(x=[*range(points)], y=[*range(points)], mode="lines", name=str(points)) for points in (3, 5)]
    layouts = Layouts()
    slide = layouts.add(layouts.finding, "Curves", 28, "notes")
    chart = add_chart(slide, go.Figure(curves), (0, 0, 5_000_000, 3_000_000), "Curves")
    assert [list(series.values) for series in chart.plots[0].series] == [[0, 1, 2, 2, 2], [0, 1, 2, 3, 4]]


def test_an_axis_of_shares_ends_at_all_of_them() -> None:
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 100]), {"yaxis": {"range": [0, 105], "title": "Share of texts (%)"}})
    assert ends(figure.layout.yaxis, 0, 105) == (0, 100, 20)


def test_a_slide_of_thresholds_says_where_they_come_from(deck: Deck, report: Report) -> None:
    panel = next(own for own in report.panels if own.key == "threshold")
    names = {chart.alt for chart in panel.charts}
    drawn = [
        slide
        for slide in deck.slides
        if any(s.has_chart and s._element.xpath(".//p:cNvPr")[0].get("descr") in names for s in slide.shapes)
    ]
    assert len(drawn) == 2
    for slide in drawn:
        assert "kept with the experiment: E\u2011Stitchup" in texts(slide)
        assert "keeps 90% of its known validation texts" in texts(slide)


def test_texts_of_people_stand_there_word_for_word(deck: Deck) -> None:
    opening = texts(deck.slides[0])
    assert f"{ARABIC} **bold** {HARM}" in opening
    assert HARM in opening
    assert FORMULA in opening
    assert any(HARM[:40] in texts(slide) for slide in list(deck.slides)[1:])  # a class or a text in a table


def test_letters_that_xml_forbids_are_left_out() -> None:
    assert safe("a\x00b\x0bc\nd\ud800e\ufffe\uffff\U0001fffe\U0010ffff👍") == "abc\nde👍"
    layouts = Layouts()
    layouts.add(layouts.finding, "a\uffffb", 28, "\ufffe")
    assert Presentation(io.BytesIO(layouts.file())).slides[0].shapes.title.text_frame.text == "ab"


def test_long_words_get_smaller_type_and_wide_letters_count_double() -> None:
    short, long, wide = (fitting(text, 9_000_000, 28, lines=2) for text in ("short", "x" * 150, "件" * 150))
    assert short == 28
    assert long < short
    assert wide < long


def test_the_slides_are_made_within_five_seconds_of_processor_time(report: Report) -> None:
    start = time.process_time()
    slides(report)
    assert time.process_time() - start < 5


@pytest.mark.skipif(not (shutil.which("soffice") and shutil.which("pdftoppm")), reason="LibreOffice and poppler")
def test_libreoffice_draws_every_slide_within_its_edges(content: bytes, deck: Deck, tmp_path: Path) -> None:
    (tmp_path / "slides.pptx").write_bytes(content)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), "slides.pptx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    subprocess.run(["pdftoppm", "-r", "40", "-png", "slides.pdf", "slide"], cwd=tmp_path, check=True, timeout=60)
    drawn = sorted(tmp_path.glob("slide-*.png"))
    assert len(drawn) == len(deck.slides)
    for number, picture in enumerate(drawn, start=1):
        ink = np.asarray(Image.open(picture).convert("L")) < 200
        assert ink.any()
        assert not ink[-3:].any(), f"slide {number} runs out at the bottom"
        assert not ink[:, -3:].any(), f"slide {number} runs out on the right"
