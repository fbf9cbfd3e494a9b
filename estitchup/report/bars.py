"""Horizontal bars as a native chart: one a name, and error bars from the lowest to the highest seed.

A bar's length stands behind its name: at the bar's end it would lie on the error bar, and within it on any colour.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from pptx.chart.chart import Chart as NativeChart
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE
from pptx.slide import Slide

from estitchup.report.axes import GRID, SMALL, title_axis
from estitchup.report.deck import INK, Box, describe, safe
from estitchup.report.traces import GREY, Whiskers, category_names, colour, drawn_range, values
from estitchup.report.whiskers import add_whiskers


def has_bars(figure: go.Figure) -> bool:
    """Tell whether a figure is one of horizontal bars."""
    return any(isinstance(trace, go.Bar) and trace.orientation == "h" for trace in figure.data)


def add_bars(slide: Slide, figure: go.Figure, box: Box, alt: str) -> NativeChart:
    """Draw horizontal bars in the order of the figure from the top; where there is none, the name says why."""
    bar = next(trace for trace in figure.data if isinstance(trace, go.Bar))
    lengths = dict(zip(bar.y, values(bar.x).tolist(), strict=True))
    names = category_names(figure) or [str(name) for name in bar.y]
    data = CategoryChartData()
    reasons = {str(note.y): str(note.text) for note in figure.layout.annotations}
    data.categories = [
        safe(f"{name}: {lengths[name]:.1f}" if name in lengths else f"{name}: {reasons.get(name, '–')}")
        for name in names
    ]
    data.add_series(str(figure.layout.xaxis.title.text or ""), [lengths.get(name) for name in names])
    shape = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *box, data)
    describe(shape, alt)
    chart: NativeChart = shape.chart
    chart.has_title = chart.has_legend = False
    chart.font.size, chart.font.color.rgb = SMALL, INK
    plot = chart.plots[0]
    plot.gap_width = 60
    _paint(plot.series[0], names, dict(zip(bar.y, bar.marker.color, strict=True)))
    if seeds := _seeds(figure, names, lengths):
        add_whiskers(plot.series[0], seeds, GREY)
    chart.value_axis.minimum_scale, (_, highest) = 0, drawn_range(figure, "x")
    if highest is not None:
        chart.value_axis.maximum_scale = float(np.ceil(highest))
    chart.value_axis.major_gridlines.format.line.color.rgb = GRID
    title_axis(chart.value_axis, str(figure.layout.xaxis.title.text or ""))
    return chart


def _paint(series: object, names: Sequence[str], colours: dict[str, str]) -> None:
    for position, name in enumerate(names):
        if name in colours:
            fill = series.points[position].format.fill  # type: ignore[attr-defined]
            fill.solid()
            fill.fore_color.rgb = RGBColor.from_string(colour(colours[name]))


def _seeds(figure: go.Figure, names: Sequence[str], lengths: dict[str, float]) -> Whiskers | None:
    """Return how far the seeds' own dots lie from the bar of their mean; None when they all lie on it."""
    dots: dict[str, list[float]] = {}
    for trace in figure.data:
        if isinstance(trace, go.Scatter):
            for name, length in zip(trace.y, values(trace.x), strict=True):
                dots.setdefault(str(name), []).append(float(length))
    reach = [(lengths[name], dots[name]) if name in lengths and name in dots else (0.0, [0.0]) for name in names]
    below, above = [mean - min(own) for mean, own in reach], [max(own) - mean for mean, own in reach]
    return Whiskers("x", below, above) if np.any([below, above]) else None
