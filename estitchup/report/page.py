"""A report as one HTML file that opens without a network, with live charts and thresholds that a reader can move.

Whatever a person wrote is escaped by Jinja2; data for the script stands as JSON with `<`, `>` and `&` escaped. A
content security policy allows the two scripts by their digests and nothing else, so that no text can become a script,
and nothing is ever requested.
"""

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from estitchup.outcomes import SHARES, Outcomes, percent, written
from estitchup.report.content import Chart, Cut, Report

ASSETS = Path(__file__).parents[2] / "assets"
TEMPLATES = ASSETS / "report"
THOUSANDTHS = 1000  # thresholds that a reader can choose: 0, 0.001, …, 1
ROOM_FOR_TITLE = 28  # pixels; the page writes titles above the charts
_UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&'\u2028\u2029"}


def page(report: Report) -> str:
    """Return the HTML file; it holds all it needs."""
    plotly, script = _plotly(), _text("page.js")
    template = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("page.html.j2")
    mark = (ASSETS / "mark.svg").read_text(encoding="utf-8")
    return template.render(
        report=report,
        remarks=[paragraph for paragraph in report.remarks.replace("\r\n", "\n").split("\n\n") if paragraph.strip()],
        shares={share: name.capitalize() for share, name in SHARES.items()},
        starts=[written(cut.threshold) for panel in report.panels for cut in panel.cuts],
        policy=_policy(plotly, script),
        icon=base64.b64encode(mark.encode()).decode(),
        mark=Markup(mark),
        css=Markup(_text("page.css")),
        material=Markup(script_json(_material(report))),
        plotly=Markup(plotly),
        script=Markup(script),
    )


def script_json(content: Any) -> str:
    """Return JSON that can stand in a script element: no text in it ends the element or begins another."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_UNSAFE)


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    return str(get_plotlyjs()).replace("\r", "")  # a parser drops carriage returns, and the digest must not change


def _policy(*scripts: str) -> str:
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
        "form-action 'none'"
    )


def _material(report: Report) -> dict[str, Any]:
    """Return what the script draws and looks up."""
    names = [chart.name for chart in report.charts]
    return {
        "charts": {chart.name: _figure(chart) for chart in report.charts},
        "shares": list(SHARES),
        "cuts": [
            _cut(cut, chart) for panel in report.panels for cut, chart in zip(panel.cuts, panel.charts, strict=False)
        ],
        "roc": next((name for name in names if name.startswith("curve-unknown")), None),
        "risk": next((name for name in names if name.startswith("curve-wrong")), None),
    }


def _figure(chart: Chart) -> dict[str, Any]:
    """Return data and layout; the page itself writes the title, and its own colours and width apply."""
    figure: dict[str, Any] = json.loads(chart.figure.to_json())
    layout = figure["layout"]
    layout.pop("template", None)
    layout.pop("title", None)
    room = layout["margin"]["t"] - ROOM_FOR_TITLE
    layout["margin"] = layout["margin"] | {"t": ROOM_FOR_TITLE}
    layout["height"] -= room
    layout["autosize"] = True
    return {"data": figure["data"], "layout": layout}


def _cut(cut: Cut, chart: Chart) -> dict[str, Any]:
    """Return what every thousandth does, counted by the library."""
    moved = [cut.classifier.outcomes(thousandth / THOUSANDTHS) for thousandth in range(THOUSANDTHS + 1)]
    start = {"threshold": cut.threshold, "written": written(cut.threshold)}
    return {
        "name": cut.name,
        "chart": chart.name,
        "known": cut.outcomes.counts["known_kept"][1],
        "unknown": cut.outcomes.counts["unknown_caught"][1],
        "start": start | {"tenths": _tenths(cut.outcomes), "counts": _counts(cut.outcomes)},
        "tenths": np.array([_tenths(outcomes) for outcomes in moved], object).T.tolist(),
        "counts": np.array([_counts(outcomes) for outcomes in moved]).T.tolist(),
    }


def _tenths(outcomes: Outcomes) -> list[int | None]:
    """Return the shares in tenths of a percent, rounded as the app writes them; None where nothing is counted."""
    said = [percent(getattr(outcomes, share)) for share in SHARES]
    return [int(words.rstrip("%").replace(".", "")) if words.endswith("%") else None for words in said]


def _counts(outcomes: Outcomes) -> list[int]:
    """Return known texts accepted, right answers and unknown texts accepted, summed over seeds."""
    caught, unknown = outcomes.counts["unknown_caught"]
    return [outcomes.counts["known_kept"][0], outcomes.counts["accepted_accuracy"][0], unknown - caught]
