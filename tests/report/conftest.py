"""A report of a real, small experiment, with texts that would do harm where they are not escaped."""

from dataclasses import replace

import pytest

from estitchup.decision import Decision
from estitchup.decision_store import KeptThreshold
from estitchup.evaluation import Evaluation
from estitchup.report.build import PANELS, build_report
from estitchup.report.content import Report
from estitchup.result import ExperimentResult

HARM = "</script><script>document.title = 'harmed'</script><img src=x onerror=\"document.title='harmed'\">"
ARABIC = "هل يساعد ذلك؟ 日本語の件名"
FORMULA = "=HYPERLINK(1)"


@pytest.fixture(scope="session")
def harmful(small_result: ExperimentResult) -> ExperimentResult:
    """Return the result as if its texts and classes had been written by somebody who means harm."""
    rows = small_result.rows.assign(text=[f"{HARM} {row}" for row in range(len(small_result.rows))])
    classes = (HARM, FORMULA, ARABIC, "a very long class name " * 12)
    names = dict(zip(small_result.facts.classes, classes, strict=True))
    rows["label"] = rows["label"].map(lambda label: names.get(label, label))
    return replace(small_result, rows=rows, facts=replace(small_result.facts, classes=classes))


@pytest.fixture(scope="session")
def report(harmful: ExperimentResult) -> Report:
    """Return a report of every panel, with a threshold kept for one augmentation, after temperature scaling."""
    kept = {"E-Stitchup": KeptThreshold(0.34567, temperature=True)}
    return build_report(
        Evaluation(harmful),
        Decision(harmful),
        kept,
        title=f"{ARABIC} **bold** {HARM}",
        remarks=f"First line\nsecond line\n\n{HARM}\n\n{FORMULA}",
        panels=tuple(PANELS),
    )
