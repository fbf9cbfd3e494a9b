"""The axes of a native XY chart: range and ticks of the figure's own axes, titles with units, names beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from pptx.chart.chart import Chart as NativeChart
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_AXIS_CROSSES, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.util import Pt

from estitchup.report.deck import INK, QUIET
from estitchup.report.traces import GREY, drawn_range

SMALL = Pt(12)
GRID = RGBColor.from_string("DDE2E7")


def set_axes(chart: NativeChart, figure: go.Figure, names: Sequence[str]) -> None:
    """Give both axes of an XY chart what the figure's have; the upright one none for `names`, which stand beside it."""
    chart.font.size, chart.font.color.rgb = SMALL, INK
    for axis, side in ((chart.category_axis, "x"), (chart.value_axis, "y")):
        low, high = drawn_range(figure, side)
        if low is not None and high is not None:
            _set_axis(axis, figure.layout[f"{side}axis"], low, high)
    if names:
        _name_axis(chart, names)


def title_axis(axis: Any, words: str) -> None:
    """Write an axis' title, none for no words."""
    axis.has_title = bool(words)
    if words:
        frame = axis.axis_title.text_frame
        frame.text = words
        font = frame.paragraphs[0].runs[0].font
        font.size, font.bold, font.color.rgb = SMALL, False, QUIET


def ends(settings: Any, low: float, high: float) -> tuple[float, float, float]:
    """Return where an axis begins and ends, both at ticks, and the distance between ticks."""
    low = min(low, 0.0) if settings.rangemode == "tozero" else low
    high = min(high, 100.0) if "(%)" in str(settings.title.text) else high  # the room above 100% is the figure's alone
    step = float(settings.dtick or _step(low, high))
    inwards = settings.dtick is not None  # a range with room around round ticks; else there is none yet
    lowest, highest = (np.ceil, np.floor) if inwards else (np.floor, np.ceil)
    return float(np.round(step * lowest(low / step), 9)), float(np.round(step * highest(high / step), 9)), step


def _set_axis(axis: Any, settings: Any, low: float, high: float) -> None:
    axis.minimum_scale, axis.maximum_scale, axis.major_unit = ends(settings, low, high)
    axis.has_major_gridlines = settings.showgrid is not False
    if axis.has_major_gridlines:
        axis.major_gridlines.format.line.color.rgb = GRID
    axis.format.line.color.rgb = RGBColor.from_string(GREY)
    axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    axis.tick_labels.font.size = SMALL
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = "General", False
    title_axis(axis, str(settings.title.text or ""))


def _step(low: float, high: float) -> float:
    """Return a round distance between ticks that makes four to ten of them."""
    rough = (high - low) / 6 or 1.0
    power = 10 ** np.floor(np.log10(rough))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= rough))


def _name_axis(chart: NativeChart, names: Sequence[str]) -> None:
    """Leave out the numbers of an axis of names: the names stand left of it."""
    axis = chart.value_axis
    axis.minimum_scale, axis.maximum_scale, axis.major_unit = -0.6, len(names) - 0.4, 1
    axis.tick_label_position = XL_TICK_LABEL_POSITION.NONE
    axis.has_major_gridlines, axis.major_tick_mark = False, XL_TICK_MARK.NONE
    axis.format.line.fill.background()
    axis.crosses = XL_AXIS_CROSSES.MINIMUM  # the axis of numbers below all names
