"""Plotly figures as PowerPoint's own charts, to be edited: the same points, axes, colours, dashes and error bars.

Lines and points become an XY chart, horizontal bars a bar chart; PowerPoint has no mixed chart that python-pptx could
write.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
from lxml import etree
from pptx.chart.chart import Chart as NativeChart
from pptx.chart.data import XyChartData
from pptx.chart.series import XySeries
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_MARKER_STYLE
from pptx.enum.dml import MSO_LINE
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.util import Pt

from estitchup.report.axes import SMALL, set_axes
from estitchup.report.bars import add_bars, has_bars
from estitchup.report.deck import Box, describe, safe
from estitchup.report.names import lines_of_names, write_names
from estitchup.report.traces import Line, category_names, lines_of
from estitchup.report.whiskers import add_whiskers


def add_chart(slide: Slide, figure: go.Figure, box: Box, alt: str) -> NativeChart:
    """Draw a figure as a native chart."""
    if has_bars(figure):
        return add_bars(slide, figure, box, alt)
    names, drawn = category_names(figure), lines_of(figure)
    lines = [_twice(line) for line in (*_equally_long(drawn), *lines_of_names(figure, names))]
    data = XyChartData()
    for line in lines:
        series = data.add_series(safe(line.name))
        for x, y in zip(line.x, line.y, strict=True):
            series.add_data_point(x, y)
    shape = slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS, *box, data)
    describe(shape, alt)
    chart: NativeChart = shape.chart
    for line, series in zip(lines, chart.plots[0].series, strict=True):
        _style(series, line)
        if line.whiskers:
            add_whiskers(series, line.whiskers, line.colour, 2.25 if names else 1.0)
    set_axes(chart, figure, names)
    if names:
        write_names(chart, names, box[2])
    _legend(chart, lines, names)
    return chart


def _equally_long(lines: Sequence[Line]) -> list[Line]:
    """Return curves with the last point repeated: of some that differ in length LibreOffice draws the longest alone."""
    longest = max((len(line.x) for line in lines if _is_curve(line)), default=0)
    return [_longer(line, longest - len(line.x)) if _is_curve(line) else line for line in lines]


def _is_curve(line: Line) -> bool:
    return len(line.x) > 2 and not line.marker and line.whiskers is None


def _longer(line: Line, points: int) -> Line:
    return replace(line, x=line.x + line.x[-1:] * points, y=line.y + line.y[-1:] * points)


def _twice(line: Line) -> Line:
    """Return a line of one point with that point twice: LibreOffice draws no series of one."""
    if len(line.x) > 1:
        return line
    own = line.whiskers
    whiskers = own and replace(own, below=own.below * 2, above=own.above * 2)
    return replace(line, x=line.x * 2, y=line.y * 2, whiskers=whiskers)


def _style(series: XySeries, line: Line) -> None:
    series.smooth = False
    colour = RGBColor.from_string(line.colour)
    if line.width:
        series.format.line.width, series.format.line.color.rgb = Pt(line.width), colour
        series.format.line.dash_style = MSO_LINE.DASH if line.dashed else None
    else:
        series.format.line.fill.background()
    if line.marker:
        series.marker.style = XL_MARKER_STYLE.DIAMOND if line.dashed else XL_MARKER_STYLE.CIRCLE
        series.marker.size = int(np.clip(line.marker, 3, 14))
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = series.marker.format.line.color.rgb = colour
    else:
        series.marker.style = XL_MARKER_STYLE.NONE


def _legend(chart: NativeChart, lines: Sequence[Line], names: Sequence[str]) -> None:
    """Name what is drawn, unless the names stand beside it."""
    chart.has_title = False
    chart.has_legend = not names and any(line.named for line in lines)
    if not chart.has_legend:
        return
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    chart.legend.font.size = SMALL
    for position, line in enumerate(lines):
        if not line.named:
            entry = chart.legend._element.makeelement(qn("c:legendEntry"), {})
            etree.SubElement(entry, qn("c:idx")).set("val", str(position))
            etree.SubElement(entry, qn("c:delete")).set("val", "1")
            chart.legend._element.find(qn("c:legendPos")).addnext(entry)
