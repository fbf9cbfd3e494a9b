"""What a Plotly figure draws, as lines for a medium that has no Plotly: points, colours, dashes and error bars.

A band around a line becomes the line's error bars, upright bars their outline, a threshold a line of two points.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GREY = "808080"


@dataclass(frozen=True)
class Whiskers:
    """Error bars along an axis: how far they reach below and above each point."""

    direction: Literal["x", "y"]
    below: list[float]
    above: list[float]


@dataclass(frozen=True)
class Line:
    """One series: its points, colour, dash, and what it is drawn with; widths and sizes in points."""

    name: str
    x: list[float]
    y: list[float]
    colour: str
    dashed: bool = False
    width: float = 2.25
    marker: float = 0.0
    whiskers: Whiskers | None = None
    named: bool = True


def lines_of(figure: go.Figure) -> list[Line]:
    """Return all that a figure draws, in order; a kind of trace that is not known here is left out."""
    names, lines, band = category_names(figure), [], None
    for trace in figure.data:
        if isinstance(trace, go.Bar):
            lines.append(_outline(trace))
        elif isinstance(trace, go.Scatter) and trace.fill == "toself":
            band = trace  # the line that it surrounds comes next
        elif isinstance(trace, go.Scatter):
            lines += _line(trace, names, band)
            band = None
    return [*lines, *_marks(figure)]


def category_names(figure: go.Figure) -> list[str]:
    """Return the names on an axis of names, the lowest first; none on an axis of numbers."""
    order = figure.layout.yaxis.categoryarray
    return [] if order is None else [str(name) for name in order]


def drawn_range(figure: go.Figure, axis: str) -> tuple[float | None, float | None]:
    """Return the axis' range, else that of what is drawn; None where there is neither."""
    asked = figure.layout[f"{axis}axis"].range
    if asked is not None:
        return float(asked[0]), float(asked[1])
    if category_names(figure) and axis == "y":
        return -0.6, len(category_names(figure)) - 0.4
    drawn = [values(trace[axis]) for trace in figure.data if trace[axis] is not None]
    finite = np.concatenate([own[np.isfinite(own)] for own in drawn]) if drawn else np.empty(0)
    return (float(finite.min()), float(finite.max())) if finite.size else (None, None)


def values(given: Any) -> Floats:
    """Return a trace's numbers (N,), also where Plotly packed them; NaN where there is none."""
    if isinstance(given, dict):
        given = np.frombuffer(base64.b64decode(given["bdata"]), given["dtype"])
    return np.array([np.nan if value is None else value for value in np.ravel(given)], np.float64)


def colour(value: Any) -> str:
    """Return a colour as six hexadecimal digits; grey for one that is written otherwise."""
    found = re.fullmatch("#([0-9A-Fa-f]{6})", str(value or ""))
    return found.group(1).upper() if found else GREY


def _line(trace: go.Scatter, names: Sequence[str], band: go.Scatter | None) -> Iterator[Line]:
    """Yield a trace as a line; none without a point."""
    x = values(trace.x)
    y = np.array([names.index(str(name)) for name in trace.y], np.float64) if names else values(trace.y)
    there = np.isfinite(x) & np.isfinite(y)
    if not there.any():
        return
    whiskers = _whiskers(trace, there) or _whiskers_of_band(band, y, there)
    x, y = x[there], y[there]
    if trace.line.shape == "hv":
        x, y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
    drawn, marked = ("lines" in (trace.mode or "lines")), ("markers" in (trace.mode or ""))
    yield Line(
        name=str(trace.name or ""),
        x=x.tolist(),
        y=y.tolist(),
        colour=colour(trace.line.color if drawn else trace.marker.color),
        dashed=trace.line.dash not in (None, "solid") or trace.marker.symbol == "diamond",
        width=float(trace.line.width or 2.25) if drawn else 0.0,
        marker=_size(trace.marker.size) if marked else 0.0,
        whiskers=whiskers,
        named=trace.showlegend is not False,
    )


def _whiskers(trace: go.Scatter, there: NDArray[np.bool_]) -> Whiskers | None:
    """Return the error bars of the points that are there; None without any that reaches anywhere."""
    directions: tuple[Literal["x", "y"], ...] = ("x", "y")
    for direction in directions:
        error = trace[f"error_{direction}"]
        if error.array is not None:
            below, above = values(error.arrayminus)[there], values(error.array)[there]
            return Whiskers(direction, below.tolist(), above.tolist()) if below.any() or above.any() else None
    return None


def _whiskers_of_band(band: go.Scatter | None, y: Floats, there: NDArray[np.bool_]) -> Whiskers | None:
    """Return a band, whose upper edge runs forth and whose lower edge runs back, as error bars of its line."""
    if band is None:
        return None
    edges = values(band.y)
    above, below = edges[: len(y)] - y, y - edges[len(y) :][::-1]
    return Whiskers("y", below[there].tolist(), above[there].tolist())


def _outline(bar: go.Bar) -> Line:
    """Return upright bars as one outline."""
    middle, height = values(bar.x), values(bar.y)
    half = np.full(middle.shape, np.asarray(bar.width if bar.width is not None else 1.0, float)) / 2
    x = np.stack([middle - half, middle - half, middle + half, middle + half], axis=1).ravel()
    y = np.stack([0 * height, height, height, 0 * height], axis=1).ravel()
    return Line(str(bar.name or ""), x.tolist(), y.tolist(), GREY, width=1.0)


def _marks(figure: go.Figure) -> Iterator[Line]:
    """Yield lines across the chart, such as a threshold, as lines of two points."""
    for shape in figure.layout.shapes:
        if shape.type != "line":
            continue
        upright = shape.x0 == shape.x1
        low, high = drawn_range(figure, "y" if upright else "x")
        if low is None or high is None:
            continue
        x, y = ([shape.x0] * 2, [low, high]) if upright else ([low, high], [shape.y0] * 2)
        thick = (shape.line.width or 1) > 2
        name = (
            f"threshold {shape.x0:.2f}" if thick and upright else "no difference" if upright else "the baseline's best"
        )
        yield Line(name, x, y, GREY, True, 1.5, named=thick or not upright)


def _size(given: Any) -> float:
    """Return the largest marker's size; the other media draw each in its own."""
    return 6.0 if given is None else float(np.nanmax(values(given)))
