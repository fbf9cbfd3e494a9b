"""Names left of a native XY chart, whose axes both have numbers: labels of points at its left edge that are not drawn.

At the points themselves they would lie on the line of no difference.
"""

from collections.abc import Sequence

import plotly.graph_objects as go
from lxml import etree
from pptx.chart.chart import Chart as NativeChart
from pptx.enum.chart import XL_LABEL_POSITION
from pptx.oxml.ns import qn
from pptx.util import Emu

from estitchup.report.axes import SMALL, ends
from estitchup.report.deck import INK, letters, safe
from estitchup.report.traces import GREY, Line, drawn_range

MOST_ROOM = 0.4  # of the chart's width
_PLOT = {"y": 0.04, "h": 0.76}  # below it numbers and title of the axis


def lines_of_names(figure: go.Figure, names: Sequence[str]) -> list[Line]:
    """Return a series at the left edge for each name: beside one series for all, LibreOffice draws no other."""
    low, high = drawn_range(figure, "x")
    left = 0.0 if low is None or high is None else ends(figure.layout.xaxis, low, high)[0]
    return [Line(name, [left], [float(place)], GREY, width=0, named=False) for place, name in enumerate(names)]


def write_names(chart: NativeChart, names: Sequence[str], width: int) -> None:
    """Write the names at the last series, and make room for them in a chart of this width in EMU."""
    for series, name in zip(list(chart.plots[0].series)[-len(names) :], names, strict=True):
        label = series.points[0].data_label
        label.has_text_frame = True
        label.text_frame.text = safe(name)
        run = label.text_frame.paragraphs[0].runs[0]
        run.font.size, run.font.color.rgb = SMALL, INK
        label.position = XL_LABEL_POSITION.LEFT
    longest = max(letters(name) for name in names)
    room = min(MOST_ROOM, (0.6 * longest + 2) * SMALL.pt / Emu(width).pt)
    _place_plot(chart, {"x": room, "w": 0.97 - room, **_PLOT})


def _place_plot(chart: NativeChart, shares: dict[str, float]) -> None:
    """Say where the plot lies in the chart, in shares of its width and height."""
    area = chart._chartSpace.chart.plotArea
    for old in area.findall(qn("c:layout")):
        area.remove(old)
    layout = area.makeelement(qn("c:layout"), {})
    own = etree.SubElement(layout, qn("c:manualLayout"))
    modes = {"layoutTarget": "inner", "xMode": "edge", "yMode": "edge"}
    for name, value in (modes | {side: f"{shares[side]:.4f}" for side in ("x", "y", "w", "h")}).items():
        etree.SubElement(own, qn(f"c:{name}"), {"val": value})
    area.insert(0, layout)
