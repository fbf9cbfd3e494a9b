"""A report on the screen: a small preview of its panels, or the panels in full for an audience; and the files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from estitchup.charts.frame import CONFIG
from estitchup.decision_store import FILE, kept_thresholds
from estitchup.errors import EstitchupError
from estitchup.report.build import build_report
from estitchup.report.content import Panel, Report
from estitchup.report.figures import browser, figures
from estitchup.report.page import page
from estitchup.report.slides import slides
from estitchup.ui import state
from estitchup.ui.decision import decision
from estitchup.ui.evaluation import evaluation
from estitchup.ui.guard import plain, show_error
from estitchup.ui.report_choices import Choices

PREVIEW_HEIGHT = 230
NO_BROWSER = (
    "Drawing SVG and PNG takes Chromium or Chrome on the machine that runs estitchup, and none was found: the zip "
    "holds the tables alone. Page and slides hold every chart."
)


def report_of(job_id: str, choices: Choices) -> Report:
    """Return the report, made once for the same choices and thresholds."""
    folder = state.workspace().result_folder(job_id)
    return _report(job_id, choices, str(folder), _changed(folder / FILE))


@st.cache_resource(show_spinner=False, max_entries=16)
def _report(job_id: str, choices: Choices, folder: str, changed: int) -> Report:  # noqa: ARG001 - the cache's key
    try:
        kept = kept_thresholds(Path(folder))
    except EstitchupError as error:
        show_error(str(error))
        kept = {}
    return build_report(
        evaluation(job_id),
        decision(job_id),
        kept,
        title=choices.title,
        remarks=choices.remarks,
        names=choices.names,
        panels=choices.panels,
    )


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def show_files(report: Report) -> None:
    """Offer the three files; each is made when it is asked for."""
    st.markdown("**Take it away**")
    with st.container(horizontal=True):
        _download("Page (HTML)", report, partial(_page, report), "html", "text/html", ":material/html:")
        kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
        _download("Slides (PowerPoint)", report, partial(slides, report), "pptx", kind, ":material/slideshow:")
        _download(
            "Figures and tables", report, partial(figures, report), "zip", "application/zip", ":material/folder_zip:"
        )
    st.caption(
        "The page opens without a network, its charts and thresholds live. The slides hold charts that can be edited, "
        "and notes. Figures are SVG and PNG, tables CSV; drawing them takes some seconds."
    )
    if browser() is None:
        st.info(NO_BROWSER)


def _page(report: Report) -> bytes:
    return page(report).encode()


def _download(label: str, report: Report, make: Callable[[], bytes], kind: str, mime: str, icon: str) -> None:
    name = f"{report.file_name}.{kind}"
    st.download_button(label, make, name, mime, key=f"file_{kind}", icon=icon, on_click="ignore", type="primary")


def show_preview(report: Report) -> None:
    """Draw each panel small: its finding, its first chart, and what else it holds."""
    for panel in report.panels:
        with st.container(border=True, key=f"preview_{panel.key}"):
            st.markdown(f"**{plain(panel.finding)}**")
            _cards(panel)
            if panel.charts:
                chart = panel.charts[0]
                st.plotly_chart(_small(chart.figure), key=f"preview {chart.name}", config=CONFIG, alt=chart.alt)
            if rest := _rest(panel):
                st.caption(rest)


def _small(figure: go.Figure) -> go.Figure:
    """Return a figure for a low frame: without its finding, and without a legend that would lie on the axis."""
    small = go.Figure(figure)
    below = small.layout.legend.y is not None and small.layout.legend.y < 0
    small.update_layout(height=PREVIEW_HEIGHT, margin_t=44, title_subtitle_text="")
    return small.update_layout(showlegend=False) if below else small


def _rest(panel: Panel) -> str:
    """Say what the preview leaves out."""
    counts = ((len(panel.charts) - 1, "more chart"), (len(panel.tables), "table"))
    said = [f"{count} {thing}{'s' * (count > 1)}" for count, thing in counts if count > 0]
    return f"With {' and '.join(said)}." if said else ""


def _cards(panel: Panel) -> None:
    if panel.cards:
        with st.grid(2, min_column_width=220):
            for card in panel.cards:
                with st.container():
                    st.caption(card.topic)
                    st.markdown(plain(card.answer))


def show_whole(report: Report) -> None:
    """Draw every panel in full, for an audience."""
    st.title(plain(report.title), anchor=False)
    if report.remarks:
        st.text(report.remarks)
    for panel in report.panels:
        st.subheader(plain(panel.finding), anchor=False, divider="gray")
        _cards(panel)
        with st.grid(2 if len(panel.charts) > 1 else 1, min_column_width=330, gap="medium"):
            for chart in panel.charts:
                st.plotly_chart(chart.figure, key=f"whole {chart.name}", config=CONFIG, alt=chart.alt)
        for table in panel.tables:
            st.caption(plain(table.caption))
            st.table([dict(zip(table.headings, map(plain, row), strict=True)) for row in table.rows])
