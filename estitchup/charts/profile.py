"""Charts of a profile: how large the classes are, and how long the texts."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from estitchup.charts.frame import NEUTRAL, framed
from estitchup.charts.palette import KNOWN_COLOUR, UNKNOWN_COLOUR

LENGTH_BINS = 40
FAR_LONGER = 3  # times the length that 99% of texts do not exceed
NAMED_CLASSES = 30
LONGEST_NAME = 24  # characters beside a bar
ROW_PIXELS = 20


def class_sizes(
    names: Sequence[str],
    sizes: NDArray[np.int64],
    known: int,
    legend: tuple[str, str] = ("Known classes", "Unknown classes"),
) -> go.Figure:
    """Draw the sizes (K,) of classes, the largest first; the first `known` are known, the others unknown.

    Few classes lie below each other, where their names have room; many stand side by side without.
    """
    named = len(names) <= NAMED_CLASSES
    places = np.arange(len(names))
    parts = ((legend[0], KNOWN_COLOUR, places < known, ""), (legend[1], UNKNOWN_COLOUR, places >= known, "/"))
    bars = [
        go.Bar(
            **({"x": sizes[chosen], "y": places[chosen]} if named else {"x": places[chosen], "y": sizes[chosen]}),
            orientation="h" if named else "v",
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern, "solidity": 0.4}, "line": {"width": 0}},
            customdata=[html.escape(str(names[place])) for place in places[chosen]],
            hovertemplate=f"%{{customdata}}: %{{{'x' if named else 'y'}:,}} texts<extra></extra>",
        )
        for name, colour, chosen, pattern in parts
        if chosen.any()
    ]
    titles = ("Texts", "") if named else ("Classes, the largest first", "Texts")
    figure = framed(bars, "", "", *titles, height=max(320, 100 + ROW_PIXELS * len(names)) if named else 320)
    above = {"x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"}
    figure.update_layout(bargap=0.1, showlegend=len(bars) > 1, legend=above, margin={"t": 36})
    if named:
        shown = [_short(str(name)) for name in names]
        figure.update_yaxes(tickvals=places, ticktext=shown, autorange="reversed", showgrid=False, automargin=True)
    else:
        figure.update_xaxes(showticklabels=False, showgrid=False)
    return figure


def _short(name: str) -> str:
    return html.escape(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")


def length_histogram(lengths: NDArray[np.int64], unit: str, cut: int | None) -> go.Figure:
    """Draw how many texts have which length, in `unit`; a dashed line stands where the encoder cuts.

    Texts that are far longer than the others share the last bar, or one of them would squeeze all others into one.
    """
    top = int(FAR_LONGER * np.percentile(lengths, 99)) if len(lengths) else 0
    longest = max(min(int(lengths.max(initial=1)), top), 1)
    width = -(-longest // LENGTH_BINS)
    counts = np.bincount(np.minimum(lengths, longest) // width, minlength=1)
    starts = width * np.arange(len(counts))
    within = [f"{start:,} to {start + width - 1:,}" if width > 1 else f"{start:,}" for start in starts.tolist()]
    cut_off = lengths.max(initial=0) > longest
    if cut_off:
        within[-1] = f"{starts[-1]:,} and more"
    bars = go.Bar(
        x=starts + (width - 1) / 2,
        y=counts,
        width=width,
        marker={"color": "#0072B2", "line": {"width": 0}},
        customdata=within,
        hovertemplate=f"%{{y:,}} texts of %{{customdata}} {unit}<extra></extra>",
    )
    title = f"Length ({unit})" + (f", the last bar for {within[-1]}" if cut_off else "")
    figure = framed([bars], "", "", title, "Texts")
    figure.update_layout(margin={"t": 36})
    figure.update_xaxes(showgrid=False, rangemode="tozero")
    if cut is not None and cut <= 1.5 * longest:
        figure.add_vline(
            cut + 0.5,
            line={"color": NEUTRAL, "width": 2, "dash": "dash"},
            annotation={"text": f"cut after {cut:,}", "yanchor": "bottom", "y": 1},
        )
    return figure
