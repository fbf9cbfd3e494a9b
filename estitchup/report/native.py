"""Plotly figures as PowerPoint's own charts, which can be edited: the same traces, axes, colours and dashes.

Lines and points become an XY chart, horizontal bars a bar chart. Bands are left out, upright bars become their outline,
a threshold a line of two points; PowerPoint has no mixed chart that python-pptx could write.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from lxml import etree
from numpy.typing import NDArray
from pptx.chart.chart import Chart as NativeChart
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.chart.series import XySeries
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
    XL_TICK_MARK,
)
from pptx.enum.dml import MSO_LINE
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.util import Pt

from estitchup.report.deck import INK, QUIET, Box, describe, safe

SMALL = Pt(12)
GREY = "808080"
GRID = RGBColor.from_string("DDE2E7")


@dataclass(frozen=True)
class Line:
    """One series: its points (None: a gap), colour, dash, and what it is drawn with."""

    name: str
    x: list[float]
    y: list[float]
    colour: str
    dashed: bool = False
    width: float = 2.25
    marker: float = 0.0
    interval: bool = False
    named: bool = True


def add_chart(slide: Slide, figure: go.Figure, box: Box, alt: str) -> NativeChart:
    """Draw a figure as a native chart."""
    if any(isinstance(trace, go.Bar) and trace.orientation == "h" for trace in figure.data):
        return _bars(slide, figure, box, alt)
    names = _category_names(figure)
    lines = [line for trace in figure.data for line in _lines(trace, names)] + list(_marks(figure))
    data = XyChartData()
    for line in lines:
        series = data.add_series(safe(line.name))
        for x, y in zip(line.x, line.y, strict=True):
            series.add_data_point(x, y)
    kind = XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS
    shape = slide.shapes.add_chart(kind, *box, data)
    describe(shape, alt)
    chart = shape.chart
    for line, series in zip(lines, chart.plots[0].series, strict=True):
        _style(series, line)
    _axes(chart, figure, names)
    _legend(chart, lines, names)
    return chart


def _category_names(figure: go.Figure) -> list[str]:
    """Return the names on an axis of names, the lowest first; none on an axis of numbers."""
    order = figure.layout.yaxis.categoryarray
    return [] if order is None else [str(name) for name in order]


def _lines(trace: Any, names: Sequence[str]) -> Iterator[Line]:
    """Return a trace as lines; none for a band, or a kind that has no native counterpart."""
    if isinstance(trace, go.Bar):
        yield _outline(trace)
    elif isinstance(trace, go.Scatter) and trace.fill != "toself":
        places = [names.index(str(name)) for name in trace.y] if names else values(trace.y)
        points = [(x, y) for x, y in zip(values(trace.x), places, strict=True) if np.isfinite([x, y]).all()]
        if not points:
            return
        x, y = (np.array(side) for side in zip(*points, strict=True))
        if trace.line.shape == "hv":
            x, y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
        drawn, marked = ("lines" in (trace.mode or "lines")), ("markers" in (trace.mode or ""))
        interval = trace.error_x.array is not None
        if interval:
            x = np.concatenate([x - values(trace.error_x.arrayminus), x, x + values(trace.error_x.array)])
            y = np.repeat(y, 3)
        yield Line(
            name=str(trace.name or ""),
            x=x.tolist(),
            y=y.tolist(),
            colour=_colour(trace.line.color if drawn and not interval else trace.marker.color),
            dashed=trace.line.dash not in (None, "solid") or trace.marker.symbol == "diamond",
            width=float(trace.line.width or 2.25) if drawn or interval else 0.0,
            marker=_size(trace.marker.size) if marked else 0.0,
            interval=interval,
            named=trace.showlegend is not False,
        )


def _outline(bar: go.Bar) -> Line:
    """Return upright bars as one outline."""
    middle, height = values(bar.x), values(bar.y)
    half = np.full(middle.shape, np.asarray(bar.width if bar.width is not None else 1.0, float)) / 2
    x = np.stack([middle - half, middle - half, middle + half, middle + half], axis=1).ravel()
    y = np.stack([0 * height, height, height, 0 * height], axis=1).ravel()
    return Line(str(bar.name or ""), x.tolist(), y.tolist(), GREY, width=1.0)


def _marks(figure: go.Figure) -> Iterator[Line]:
    """Return lines across the chart, such as a threshold, as series of two points."""
    for shape in figure.layout.shapes:
        if shape.type != "line":
            continue
        upright = shape.x0 == shape.x1
        low, high = _range(figure, "y" if upright else "x")
        if low is None or high is None:
            continue
        x, y = ([shape.x0] * 2, [low, high]) if upright else ([low, high], [shape.y0] * 2)
        thick = (shape.line.width or 1) > 2
        yield Line(
            f"threshold {shape.x0:.2f}" if thick and upright else "no difference" if upright else "the baseline's best",
            x,
            y,
            GREY,
            True,
            1.5,
            named=thick or not upright,
        )


def _range(figure: go.Figure, axis: str) -> tuple[float | None, float | None]:
    """Return the axis' range, else that of what is drawn."""
    asked = figure.layout[f"{axis}axis"].range
    if asked is not None:
        return float(asked[0]), float(asked[1])
    if _category_names(figure) and axis == "y":
        return -0.6, len(_category_names(figure)) - 0.4
    drawn = [values(trace[axis]) for trace in figure.data if trace[axis] is not None]
    finite = np.concatenate([own[np.isfinite(own)] for own in drawn]) if drawn else np.empty(0)
    return (float(finite.min()), float(finite.max())) if finite.size else (None, None)


def values(given: Any) -> NDArray[np.float64]:
    """Return a trace's numbers (N,), also where Plotly packed them; NaN where there is none."""
    if isinstance(given, dict):
        given = np.frombuffer(base64.b64decode(given["bdata"]), given["dtype"])
    return np.array([np.nan if value is None else value for value in np.ravel(given)], np.float64)


def _size(given: Any) -> float:
    """Return the largest marker's size; the other media draw each in its own."""
    return 6.0 if given is None else float(np.nanmax(values(given)))


def _colour(value: Any) -> str:
    """Return a colour as six hexadecimal digits; grey for one that is written otherwise."""
    found = re.fullmatch("#([0-9A-Fa-f]{6})", str(value or ""))
    return found.group(1).upper() if found else GREY


def _style(series: XySeries, line: Line) -> None:
    series.smooth = False
    colour = RGBColor.from_string(line.colour)
    if line.width:
        series.format.line.width, series.format.line.color.rgb = Pt(line.width), colour
        series.format.line.dash_style = MSO_LINE.DASH if line.dashed and not line.interval else None
    else:
        series.format.line.fill.background()
    if line.marker:
        series.marker.style = XL_MARKER_STYLE.DIAMOND if line.dashed else XL_MARKER_STYLE.CIRCLE
        series.marker.size = int(np.clip(line.marker, 3, 14))
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = series.marker.format.line.color.rgb = colour
    else:
        series.marker.style = XL_MARKER_STYLE.NONE
    if line.interval:  # a marker at the mean and none at the ends
        for end in (0, 2):
            series.points[end].marker.style = XL_MARKER_STYLE.NONE


def _axes(chart: NativeChart, figure: go.Figure, names: Sequence[str]) -> None:
    chart.font.size, chart.font.color.rgb = SMALL, INK
    for axis, side in ((chart.category_axis, "x"), (chart.value_axis, "y")):
        settings = figure.layout[f"{side}axis"]
        low, high = _range(figure, side)
        if low is None or high is None:
            continue
        low = min(low, 0.0) if settings.rangemode == "tozero" else low
        step = float(settings.dtick or _step(low, high))
        inwards = settings.dtick is not None  # a range with room around round ticks; else there is none yet
        lowest, highest = (np.ceil, np.floor) if inwards else (np.floor, np.ceil)
        axis.minimum_scale, axis.maximum_scale = (
            float(np.round(step * edge, 9)) for edge in (lowest(low / step), highest(high / step))
        )
        axis.major_unit = step
        axis.has_major_gridlines = settings.showgrid is not False
        if axis.has_major_gridlines:
            axis.major_gridlines.format.line.color.rgb = GRID
        axis.format.line.color.rgb = RGBColor.from_string(GREY)
        axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
        axis.tick_labels.font.size = SMALL
        axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = "General", False
        _axis_title(axis, str(settings.title.text or ""))
    if names:
        _name_axis(chart, names)


def _step(low: float, high: float) -> float:
    """Return a round distance between ticks that makes four to ten of them."""
    rough = (high - low) / 6 or 1.0
    power = 10 ** np.floor(np.log10(rough))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= rough))


def _axis_title(axis: Any, words: str) -> None:
    axis.has_title = bool(words)
    if words:
        frame = axis.axis_title.text_frame
        frame.text = words
        font = frame.paragraphs[0].runs[0].font
        font.size, font.bold, font.color.rgb = SMALL, False, QUIET


def _name_axis(chart: NativeChart, names: Sequence[str]) -> None:
    """Leave out the numbers of an axis of names: the names stand at their points."""
    axis = chart.value_axis
    axis.minimum_scale, axis.maximum_scale, axis.major_unit = -0.6, len(names) - 0.4, 1
    axis.tick_label_position = XL_TICK_LABEL_POSITION.NONE
    axis.has_major_gridlines, axis.major_tick_mark = False, XL_TICK_MARK.NONE
    axis.format.line.fill.background()


def _legend(chart: NativeChart, lines: Sequence[Line], names: Sequence[str]) -> None:
    """Name what is drawn, unless the names stand at the points."""
    chart.has_title = False
    chart.has_legend = not names and any(line.named for line in lines)
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
        chart.legend.font.size = SMALL
        for position, line in enumerate(lines):
            if not line.named:
                entry = chart.legend._element.makeelement(qn("c:legendEntry"), {})
                etree.SubElement(entry, qn("c:idx")).set("val", str(position))
                etree.SubElement(entry, qn("c:delete")).set("val", "1")
                chart.legend._element.find(qn("c:legendPos")).addnext(entry)
    if names:
        for line, series in zip(lines, chart.plots[0].series, strict=True):
            if line.interval:
                _label(series, line.name)


def _label(series: XySeries, name: str) -> None:
    label = series.points[1].data_label  # the mean, between the ends of its interval
    label.has_text_frame = True
    label.text_frame.text = name
    run = label.text_frame.paragraphs[0].runs[0]
    run.font.size, run.font.color.rgb = SMALL, INK
    label.position = XL_LABEL_POSITION.ABOVE


def _bars(slide: Slide, figure: go.Figure, box: Box, alt: str) -> NativeChart:
    """Draw horizontal bars, one a name, in the order of the figure from the top; a name without a bar stays empty."""
    bar = next(trace for trace in figure.data if isinstance(trace, go.Bar))
    values = dict(zip(bar.y, bar.x, strict=True))
    names = _category_names(figure) or [str(name) for name in bar.y]
    data = CategoryChartData()
    data.categories = [safe(name) for name in names]
    data.add_series(str(figure.layout.xaxis.title.text or ""), [values.get(name) for name in names])
    shape = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *box, data)
    describe(shape, alt)
    chart = shape.chart
    chart.has_title = chart.has_legend = False
    chart.font.size, chart.font.color.rgb = SMALL, INK
    plot = chart.plots[0]
    plot.gap_width, plot.has_data_labels = 60, True
    plot.data_labels.number_format, plot.data_labels.number_format_is_linked = "0.0", False
    colours = dict(zip(bar.y, bar.marker.color, strict=True))
    for position, name in enumerate(names):
        if name in colours:
            fill = plot.series[0].points[position].format.fill
            fill.solid()
            fill.fore_color.rgb = RGBColor.from_string(_colour(colours[name]))
    chart.value_axis.minimum_scale = 0
    chart.value_axis.major_gridlines.format.line.color.rgb = GRID
    _axis_title(chart.value_axis, str(figure.layout.xaxis.title.text or ""))
    return chart
