"""Error bars on the series of a native chart, for which python-pptx has no words: `c:errBars` of ECMA-376, 21.2.2.55.

Where all lengths of a series are one, as those of a single interval are, it is written once: LibreOffice draws upright
error bars alone with a length for each point. PowerPoint lets a person edit both.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from lxml import etree
from pptx.oxml.ns import qn
from pptx.util import Pt

from estitchup.report.traces import Whiskers


def add_whiskers(series: Any, whiskers: Whiskers, colour: str, width: float = 1.5) -> None:
    """Add error bars to a series of an XY or a bar chart; `colour` six hexadecimal digits, `width` in points."""
    element = series._element
    bars = element.makeelement(qn("c:errBars"), {})
    scattered = element.find(qn("c:xVal"))
    if scattered is not None:  # a bar's can go one way only, which must not be said
        _say(bars, "errDir", whiskers.direction)
    one = whiskers.above[0] if np.allclose([whiskers.above, whiskers.below], whiskers.above[0], atol=0) else None
    for name, value in (
        ("errBarType", "both"),
        ("errValType", "cust" if one is None else "fixedVal"),
        ("noEndCap", "0"),
    ):
        _say(bars, name, value)
    if one is not None:
        _say(bars, "val", repr(float(one)))
    else:
        _lengths(bars, "plus", whiskers.above)
        _lengths(bars, "minus", whiskers.below)
    line = etree.SubElement(etree.SubElement(bars, qn("c:spPr")), qn("a:ln"), {"w": str(int(Pt(width)))})
    etree.SubElement(etree.SubElement(line, qn("a:solidFill")), qn("a:srgbClr"), {"val": colour})
    (scattered if scattered is not None else element.find(qn("c:cat"))).addprevious(bars)


def _say(bars: Any, name: str, value: str) -> None:
    etree.SubElement(bars, qn(f"c:{name}"), {"val": value})


def _lengths(bars: Any, name: str, lengths: Sequence[float]) -> None:
    numbers = etree.SubElement(etree.SubElement(bars, qn(f"c:{name}")), qn("c:numLit"))
    etree.SubElement(numbers, qn("c:formatCode")).text = "General"
    etree.SubElement(numbers, qn("c:ptCount"), {"val": str(len(lengths))})
    for place, length in enumerate(lengths):
        point = etree.SubElement(numbers, qn("c:pt"), {"idx": str(place)})
        etree.SubElement(point, qn("c:v")).text = repr(float(length))
