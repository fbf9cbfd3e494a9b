"""What every thousandth of the threshold does, written as a screen shows it, so that a line moves without a server.

`table`, `position` and `curves` return plain data for the drawings of `ui/moving.py`: the first and the last are sent
once, the second at each release. A share is a mean over seeds; its interval is Wilson's for the texts of one seed,
because the seeds answer the same texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estitchup.calibration import wilson_interval
from estitchup.charts.palette import COLOURS, dash
from estitchup.outcomes import SHARES, percent
from estitchup.threshold import Costs, Sweep, ThresholdCurve

Floats = NDArray[np.float64]
Points = tuple[list[float | None], list[float | None], list[str]]
"""x and y in percent of texts, and y in words."""

HELP = {
    "known_kept": "Share of known test texts that are answered, mean over seeds.",
    "unknown_caught": "Share of unknown test texts that are refused, mean over seeds.",
    "accepted_accuracy": "Share of answers that are right, mean over seeds. An unknown text answered counts as wrong.",
}
INTERVAL_HELP = " Below: its 95% interval, for other texts like these."
COST = "Cost of a text"
COST_HELP = "Mean cost of a test text, mean over seeds, in the unit of the costs set under “What mistakes cost”."


@dataclass(frozen=True, eq=False)
class Moves:
    """What T thresholds do to the test texts of an augmentation, seed by seed."""

    sweeps: tuple[Sweep, ...]

    @classmethod
    def of(cls, curves: Sequence[ThresholdCurve], thresholds: Floats) -> "Moves":
        """Look the thresholds (T,) up in each seed's curve."""
        return cls(tuple(curve.at_each(thresholds) for curve in curves))

    @classmethod
    def in_steps(cls, curves: Sequence[ThresholdCurve], steps: int) -> "Moves":
        """Look up 0, 1 / steps, … 1."""
        return cls.of(curves, np.arange(steps + 1) / steps)

    @cached_property
    def shares(self) -> dict[str, Floats]:
        """Return the SHARES (T,), means over the seeds that have any; NaN where none has."""
        return {name: _mean([getattr(sweep, name) for sweep in self.sweeps]) for name in SHARES}

    @cached_property
    def texts(self) -> dict[str, Floats]:
        """Return of how many texts of one seed each share is a share (T,), mean over seeds."""
        first = self.sweeps[0]
        accepted = np.mean([sweep.known_accepted + sweep.unknown_accepted for sweep in self.sweeps], axis=0)
        whole = np.ones(len(accepted))
        return {
            "known_kept": first.known * whole,
            "unknown_caught": first.unknown * whole,
            "accepted_accuracy": np.maximum(accepted, 1),
        }

    def cost(self, costs: Costs, unknown_share: float | None) -> Floats:
        """Return the mean cost of a text (T,), mean over seeds."""
        mean: Floats = np.mean([sweep.cost(costs, unknown_share) for sweep in self.sweeps], axis=0)
        return mean

    @cached_property
    def written_shares(self) -> list[list[tuple[str, str]]]:
        """Return each share as (T) pairs: the share, and its 95% interval."""
        return [_written(self.shares[name], self.texts[name]) for name in SHARES]

    @cached_property
    def points(self) -> dict[str, Points]:
        """Return where each threshold stands on the ROC curve and on that of risk and coverage."""
        kept, caught, right = (self.shares[name] for name in SHARES)
        coverage = _mean([sweep.coverage for sweep in self.sweeps])
        return {"roc": _points(1 - kept, caught), "risk": _points(coverage, 1 - right)}


def _mean(rows: Sequence[Floats]) -> Floats:
    """Return the mean over rows (S, T), of those that are numbers."""
    values = np.array(rows)
    counted = (~np.isnan(values)).sum(axis=0)
    mean: Floats = np.where(counted, np.nansum(values, axis=0) / np.maximum(counted, 1), np.nan)
    return mean


def _written(shares: Floats, texts: Floats) -> list[tuple[str, str]]:
    low, high = wilson_interval(shares * texts, texts)
    bounds = zip(shares, 100 * low, 100 * high, strict=True)
    return [
        (percent(own), "" if np.isnan(own) else f"{lowest:.1f} to {highest:.1f}%") for own, lowest, highest in bounds
    ]


def _points(x: Floats, y: Floats) -> Points:
    return _percents(x), _percents(y), [percent(share) for share in y]


def _percents(shares: Floats) -> list[float | None]:
    return [None if np.isnan(share) else round(100 * share, 2) for share in shares.tolist()]


@dataclass(frozen=True)
class Frame:
    """What a panel says besides its numbers; `group` names the panels that move together, `label` the line."""

    group: str
    side: str
    title: str
    finding: str
    label: str


def table(
    frame: Frame,
    shares: tuple[Floats, Floats],
    highest: float,
    stepped: Moves,
    costs: tuple[Costs, float | None] | None = None,
) -> dict[str, Any]:
    """Return what stays of a panel when its threshold moves: histograms (bins,) in percent, the numbers at every step.

    `highest` is the tallest bar of all panels side by side; with `costs` there is a fourth number, and points that
    curves follow.
    """
    tiles = list(stepped.written_shares) + ([_written_costs(stepped.cost(*costs))] if costs else [])
    return {
        **vars(frame),
        "known": shares[0].round(3).tolist(),
        "unknown": shares[1].round(3).tolist(),
        "highest": highest,
        "steps": len(stepped.sweeps[0].thresholds) - 1,
        "labels": [name.capitalize() for name in SHARES.values()] + [COST] * bool(costs),
        "help": [HELP[name] + INTERVAL_HELP for name in SHARES] + [COST_HELP] * bool(costs),
        "value": [[value for value, _ in tile] for tile in tiles],
        "detail": [[detail for _, detail in tile] for tile in tiles],
        "points": stepped.points if costs else {},
    }


def position(
    side: str, threshold: float, curves: Sequence[ThresholdCurve], costs: tuple[Costs, float | None] | None = None
) -> dict[str, Any]:
    """Return what moves of a panel: the threshold, its numbers, and its points on the curves."""
    now = Moves.of(curves, np.array([threshold]))
    numbers = [own[0] for own in now.written_shares] + (_written_costs(now.cost(*costs)) if costs else [])
    points = {kind: [values[0] for values in own] for kind, own in now.points.items()} if costs else {}
    return {"side": side, "threshold": threshold, "now": numbers, "points": points}


def _written_costs(costs: Floats) -> list[tuple[str, str]]:
    return [("–" if np.isnan(cost) else f"{cost:.3f}", "") for cost in costs]


@dataclass(frozen=True)
class Operating:
    """A classifier on the curves: its panel's side, its name, and what thresholds do to its texts, seeds pooled."""

    side: str
    name: str
    sweep: Sweep


def curves(operating: Sequence[Operating], unknown: bool) -> dict[str, Any]:
    """Return the ROC curves (`unknown` test texts only) and those of risk and coverage; panels put points on them."""
    charts = []
    if unknown:
        lines = [(own.sweep.known_refused, own.sweep.unknown_caught) for own in operating]
        charts.append(
            _chart("roc", "Unknown caught, known refused", operating, lines)
            | {"word": "caught", "x": "Known texts refused (%)", "y": "Unknown texts caught (%)", "highest": 104}
        )
    lines = [(own.sweep.coverage, own.sweep.risk) for own in operating]
    tallest = max(float(np.nanmax(risk, initial=0.01)) for _, risk in lines)
    charts.append(
        _chart("risk", "Wrong answers, texts answered", operating, lines)
        | {"word": "wrong", "x": "Texts answered (%)", "y": "Wrong answers (%)", "highest": 105 * tallest}
    )
    return {"charts": charts}


def _chart(
    kind: str, title: str, operating: Sequence[Operating], lines: Sequence[tuple[Floats, Floats]]
) -> dict[str, Any]:
    drawn = []
    for own, line in zip(operating, lines, strict=True):
        numbers = ~np.isnan(line[1])
        x, y = (_percents(values[numbers]) for values in line)
        style = {"colour": COLOURS[own.name], "dashed": dash(own.name) == "dash"}
        drawn.append({"side": own.side, "name": own.name, "x": x, "y": y} | style)
    return {"kind": kind, "title": title, "curves": drawn}
