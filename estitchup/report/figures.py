"""Every chart of a report as SVG and PNG, every table as CSV, in one zip.

Charts are drawn by Plotly itself in a Chromium without a window (kaleido), so that they are the charts of the app.
Where there is no Chromium, tables come alone and a note says why.
"""

import asyncio
import io
import logging
import shutil
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import kaleido
import pandas as pd
import plotly.graph_objects as go

from estitchup.errors import EstitchupError
from estitchup.report.content import Report, Table
from estitchup.spreadsheet import as_csv

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH, SCALE = 800, 2  # pixels, and how many of a PNG's stand for one
SECONDS = 60
NO_BROWSER = (
    "Charts as SVG and PNG are left out: drawing them takes Chromium or Chrome, and none was found. Install one and "
    "make this file again. The HTML page and the slides hold every chart."
)


def figures(report: Report) -> bytes:
    """Return the zip: figures/*.svg and *.png where a browser is at hand, tables/*.csv always."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in report.tables:
            archive.writestr(f"tables/{table.name}.csv", csv(table))
        if browser() is None:
            archive.writestr("README.txt", NO_BROWSER + "\n")
        else:
            for name, image in _drawn(report).items():
                archive.writestr(f"figures/{name}", image)
    return content.getvalue()


def browser() -> str | None:
    """Return the path of the browser that would draw, None when there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def csv(table: Table) -> bytes:
    """Return a table in full precision as CSV that opens in a spreadsheet."""
    return as_csv(pd.DataFrame(table.exact or table.rows, columns=None if table.exact else list(table.headings)))


def _drawn(report: Report) -> dict[str, bytes]:
    """Draw all charts in one browser."""
    wanted = [
        (f"{chart.name}.{kind}", _printable(chart.figure), kind) for chart in report.charts for kind in ("svg", "png")
    ]
    try:
        with ThreadPoolExecutor(1) as thread:  # the caller may have an event loop under way, as a notebook does
            images = thread.submit(asyncio.run, _draw([(figure, kind) for _, figure, kind in wanted])).result()
    except Exception as error:
        logging.getLogger(__name__).exception("Charts could not be drawn")
        raise EstitchupError(
            f"The charts could not be drawn in {browser()} ({type(error).__name__}): update the browser and try again. "
            "The HTML page and the slides hold every chart."
        ) from None
    return {name: image for (name, _, _), image in zip(wanted, images, strict=True)}


async def _draw(wanted: Sequence[tuple[go.Figure, str]]) -> list[bytes]:
    async with kaleido.Kaleido(n=1, timeout=SECONDS, mathjax=False, path=browser()) as drawing:
        return [
            await drawing.calc_fig(
                figure, opts={"format": kind, "width": WIDTH, "height": figure.layout.height, "scale": SCALE}
            )
            for figure, kind in wanted
        ]


def _printable(figure: go.Figure) -> go.Figure:
    """Return a figure on white, for paper and for a text."""
    return go.Figure(figure).update_layout(
        template="none", paper_bgcolor="white", plot_bgcolor="white", font={"color": "#1B2733"}, width=WIDTH
    )
