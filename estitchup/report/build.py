"""From an experiment to a `Report`: the panels a person may choose, and those that are chosen at first."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from estitchup import __version__
from estitchup.decision import Decision
from estitchup.decision_store import KeptThreshold
from estitchup.errors import EstitchupError
from estitchup.evaluation import Evaluation
from estitchup.report import comparison_panels, threshold_panels
from estitchup.report.content import Panel, Report
from estitchup.report.material import Material
from estitchup.report.method import method

PANELS: dict[str, tuple[str, Callable[[Material], Panel]]] = {
    "answer": ("Does augmentation help?", comparison_panels.answer),
    "accuracy": ("Accuracy", comparison_panels.accuracy),
    "unknown": ("Unknown texts", comparison_panels.unknown),
    "threshold": ("Thresholds", threshold_panels.threshold),
    "trade-off": ("What a threshold trades", threshold_panels.trade_off),
    "classes": ("Classes that suffer", threshold_panels.classes),
    "texts": ("Texts near the line", threshold_panels.texts),
    "calibration": ("Calibration", comparison_panels.calibration),
    "speed": ("Speed", comparison_panels.speed),
    "scores": ("All scores", comparison_panels.scores),
    "method": ("How it was measured", method),
}
FIRST_CHOICE = ("answer", "accuracy", "unknown", "threshold", "calibration", "speed", "scores", "method")


def build_report(
    evaluation: Evaluation,
    decision: Decision,
    kept: Mapping[str, KeptThreshold],
    *,
    title: str = "",
    remarks: str = "",
    names: Sequence[str] = (),
    panels: Sequence[str] = FIRST_CHOICE,
) -> Report:
    """Return the report of an experiment, its augmentations `names` (none: all) and panels in this order.

    Raises EstitchupError for a panel or an augmentation that there is not.
    """
    if missing := [key for key in panels if key not in PANELS]:
        raise EstitchupError(f"There is no panel {missing[0]!r}: choose among {', '.join(PANELS)}.")
    if missing := [name for name in names if name not in evaluation.names]:
        raise EstitchupError(f"{missing[0]!r} is not in this experiment: choose among {', '.join(evaluation.names)}.")
    material = Material(evaluation, decision, tuple(names or evaluation.names), kept)
    return Report(
        title=title.strip() or "Does augmentation help on these texts?",
        remarks=remarks.strip(),
        circumstances=evaluation.circumstances,
        made=f"Made with estitchup {__version__} on {datetime.now(UTC):%d %B %Y}",
        panels=tuple(PANELS[key][1](material) for key in panels),
    )
