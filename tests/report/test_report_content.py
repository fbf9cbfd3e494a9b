from dataclasses import replace

import pytest
from scipy.special import softmax

from estitchup.bundle import make_bundle
from estitchup.decision import Decision
from estitchup.decision_store import KeptThreshold
from estitchup.errors import EstitchupError
from estitchup.evaluation import Evaluation
from estitchup.outcomes import in_words
from estitchup.recipe import BASELINE
from estitchup.report.build import PANELS, build_report
from estitchup.report.content import Panel, Report
from estitchup.result import ExperimentResult
from estitchup.temperature import fit_temperature
from estitchup.threshold import ThresholdCurve
from estitchup.verdict import headline, verdicts


def panel(report: Report, key: str) -> Panel:
    return next(own for own in report.panels if own.key == key)


def build(result: ExperimentResult, **choices: object) -> Report:
    return build_report(Evaluation(result), Decision(result), {}, **choices)  # type: ignore[arg-type]


def test_panels_stand_in_the_order_that_was_chosen(small_result: ExperimentResult) -> None:
    chosen = ("scores", "answer", "speed")
    assert tuple(own.key for own in build(small_result, panels=chosen).panels) == chosen


def test_what_there_is_not_is_refused_in_a_sentence(small_result: ExperimentResult) -> None:
    with pytest.raises(EstitchupError, match="no panel 'colour'"):
        build(small_result, panels=("colour",))
    with pytest.raises(EstitchupError, match="'E-Mixup' is not in this experiment"):
        build(small_result, names=("E-Mixup",))


def test_the_answer_is_the_verdict_of_the_compare_page(report: Report, harmful: ExperimentResult) -> None:
    answers = verdicts(harmful.differences)
    own = panel(report, "answer")
    assert own.finding == headline(answers)
    assert [card.answer for card in own.cards] == [verdict.answer for verdict in answers]


def test_a_clear_difference_heads_its_panel_and_an_unclear_one_never_does(small_result: ExperimentResult) -> None:
    clear = small_result.differences["E-Stitchup"]["accuracy"]
    for low, high, head in (
        (0.01, 0.09, "gets 5.0 more of 100 known texts right"),
        (-0.01, 0.11, "no clear difference"),
    ):
        found = replace(small_result)
        differences = {name: dict(own) for name, own in small_result.differences.items()}
        differences["E-Stitchup"]["accuracy"] = replace(clear, mean=0.05, low=low, high=high)
        vars(found)["differences"] = differences
        own = build(found, names=(BASELINE, "E-Stitchup"), panels=("accuracy",)).panels[0]
        assert head in own.finding


def test_a_kept_threshold_is_counted_after_temperature_scaling(report: Report, harmful: ExperimentResult) -> None:
    cut = next(cut for cut in panel(report, "threshold").cuts if cut.name == "E-Stitchup")
    shares = []
    for run in harmful.runs_of("E-Stitchup"):
        parts = {}
        for role in ("validation", "test"):
            rows = harmful.rows[(harmful.rows["role"] == role) & (harmful.rows["label"] != "")]
            targets = rows["target"].to_numpy()
            parts[role] = harmful.logits[role][run][targets >= 0], targets[targets >= 0]
        temperature = fit_temperature(*parts["validation"])
        logits, targets = parts["test"]
        confidence = softmax(logits.astype(float) / temperature, axis=1)
        curve = ThresholdCurve.of(confidence.max(axis=1), confidence.argmax(axis=1) == targets, [])
        shares.append(curve.at(0.34567).known_kept)
    assert cut.outcomes.known_kept == pytest.approx(sum(shares) / len(shares))
    assert in_words(cut.outcomes) in panel(report, "threshold").charts[-1].finding


def test_a_threshold_that_nobody_kept_is_the_one_of_the_download(small_result: ExperimentResult) -> None:
    own = panel(build(small_result), "threshold")
    for cut in own.cuts:
        manifest = make_bundle(small_result, cut.name).manifest
        assert cut.threshold == manifest.threshold.value
        best = small_result.spec.seeds.index(manifest.head.seed)
        assert cut.classifier.temperatures[best] == manifest.temperature
        assert cut.classifier.curves[best].at(cut.threshold).known_kept == manifest.metrics["known_kept"].value
    assert "None is decided on yet" in own.lines[0]
    assert "90% of its known validation texts" in own.lines[0]


def test_every_chart_has_a_text_and_a_file_name_of_its_own(report: Report) -> None:
    assert len({chart.name for chart in report.charts}) == len(report.charts)
    assert len({table.name for table in report.tables}) == len(report.tables)
    assert all(chart.alt and chart.finding and chart.title for chart in report.charts)


def test_a_report_of_one_augmentation_says_that_there_is_nothing_to_compare(small_result: ExperimentResult) -> None:
    alone = build(small_result, names=(BASELINE,), panels=tuple(PANELS))
    assert "nothing to compare" in panel(alone, "answer").finding
    assert panel(alone, "threshold").charts


def test_the_method_names_no_folder_of_the_machine(report: Report, harmful: ExperimentResult) -> None:
    said = str(panel(report, "method").tables[0].rows)
    assert "small.csv" in said
    assert harmful.spec.corpus.file not in said


@pytest.mark.parametrize(
    ("title", "name"),
    [("Q3: what / next?", "q3-what-next"), ("؟؟", "report"), ("", "does-augmentation-help-on-these-texts")],
)
def test_a_title_becomes_a_file_name(small_result: ExperimentResult, title: str, name: str) -> None:
    assert build(small_result, title=title, panels=("method",)).file_name == name


def test_classes_of_which_nothing_is_refused_have_no_empty_table(small_result: ExperimentResult) -> None:
    low, high = KeptThreshold(0.0, temperature=True), KeptThreshold(1.0, temperature=True)

    def classes(kept: dict[str, KeptThreshold]) -> Panel:
        made = build_report(Evaluation(small_result), Decision(small_result), kept, panels=["classes"])
        return made.panels[0]

    none = classes(dict.fromkeys(small_result.names, low))
    assert (none.finding, none.tables) == ("No known test text is refused", ())
    some = classes(dict.fromkeys(small_result.names, high) | {BASELINE: low})
    assert len(some.tables) == len(small_result.names) - 1
    assert f"No known test text is refused by {BASELINE}." in some.lines
    assert some.finding.startswith("Refused most: texts of the class")
