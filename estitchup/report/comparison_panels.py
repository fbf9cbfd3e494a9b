"""Panels that compare: the answer in words, accuracy, unknown texts, calibration, speed, and all scores."""

import pandas as pd

from estitchup.charts.differences import differences_chart
from estitchup.comparison import Difference
from estitchup.recipe import BASELINE
from estitchup.report.content import Card, Chart, Panel, Table, finite, slug
from estitchup.report.material import Material
from estitchup.result import EPOCHS
from estitchup.score_table import CHANGES, COLUMNS, change_table, score_table
from estitchup.verdict import Verdict, headline

CLEAR = (
    "A difference is clear when its 95% interval, paired over seeds and test texts, leaves out zero. One interval in "
    "twenty does so by chance."
)
ALONE = "One augmentation alone: nothing to compare it with"
NO_BASELINE = f"{BASELINE} was not run, so differences from it cannot be shown"


def answer(material: Material) -> Panel:
    """Say whether augmentation helps, question by question."""
    if not material.verdicts:
        return Panel("answer", _nothing(material), notes="Train with and without augmentation to compare them.")
    cards = tuple(
        Card(own.question.topic, own.question.meaning, own.answer, tuple(own.lines)) for own in material.verdicts
    )
    spoken = [f"{card.topic} ({card.meaning}): {card.answer}. {'; '.join(card.lines)}." for card in cards]
    return Panel("answer", headline(material.verdicts), (CLEAR,), cards=cards, notes="\n".join([*spoken, CLEAR]))


def accuracy(material: Material) -> Panel:
    """Show by how much accuracy differs."""
    return _changes(material, "accuracy", "Accuracy", "accuracy", "Difference (percentage points)")


def unknown(material: Material) -> Panel:
    """Show by how much better or worse unknown texts are told apart."""
    return _changes(material, "unknown", "Telling unknown texts apart", "auroc", "Difference in AUROC")


def calibration(material: Material) -> Panel:
    """Show confidence against accuracy."""
    drawn = tuple(
        Chart(
            slug("reliability", name),
            name,
            material.evaluation.belief(name),
            f"{name}: accuracy against confidence. {material.evaluation.belief(name)}.",
            material.evaluation.reliability_diagram(name),
            brief=_uncapitalised(material.evaluation.belief(name)),
        )
        for name in material.names
    )
    verdict = material.verdict("ece")
    about = (
        "Answers of all seeds in 15 equal bins of confidence. Below the dotted line a classifier is right less often "
        "than it says."
    )
    lines = (*(verdict.lines if verdict else ()), _levels(material, "ece"), about)
    finding = _finding(verdict) if verdict else "How far confidence can be believed"
    beliefs = [f"{chart.title}: {chart.finding}." for chart in drawn]
    return Panel("calibration", finding, lines, drawn, notes="\n".join([*lines, *beliefs]))


def speed(material: Material) -> Panel:
    """Show how fast accuracy grows."""
    evaluation = material.evaluation
    peaks = evaluation.peaks(material.names)
    curves = Chart(
        "learning-curves",
        "Validation accuracy",
        peaks,
        f"Validation accuracy epoch by epoch. {peaks}.",
        evaluation.learning_curves(material.names),
    )
    about = "Mean over seeds, and the range from the lowest seed to the highest."
    verdict = material.verdict(EPOCHS)
    if verdict is None:
        return Panel("speed", peaks, (about,), (curves,), notes=about)
    pace = evaluation.pace(material.names)
    epochs = Chart(
        "epochs-to-baseline",
        "Epochs to the baseline's best",
        pace,
        f"Epochs to the best validation accuracy of {BASELINE}. {pace}.",
        evaluation.epochs_chart(material.names),
    )
    lines = (*verdict.lines, about)
    return Panel("speed", _finding(verdict), lines, (curves, epochs), notes="\n".join([*lines, CLEAR]))


def scores(material: Material) -> Panel:
    """Show every metric of every augmentation, and its difference from the baseline."""
    summary = material.evaluation.summary_of(material.names)
    shown = score_table(summary)
    caption = "Scores on test texts, mean ± standard deviation over seeds"
    exact = tuple(
        {"augmentation": entry["name"]}
        | {f"{metric}_{kind}": value for metric, both in entry["metrics"].items() for kind, value in both.items()}
        for entry in summary
    )
    tables = [Table("scores", caption, ("Augmentation", *shown.columns), _rows(shown), exact)]
    if material.differences:
        changes = change_table(material.differences)
        caption = f"Differences from {BASELINE} with 95% interval"
        tables.append(
            Table("differences", caption, ("Augmentation", *changes.columns), _rows(changes), _exact(material))
        )
    meanings = tuple(f"{column.heading}: {column.meaning}" for column in COLUMNS.values())
    return Panel("scores", _best(material), tables=tuple(tables), notes="\n".join(meanings))


def _changes(material: Material, key: str, topic: str, metric: str, axis: str) -> Panel:
    """Show one metric's differences from the baseline, with their intervals."""
    column, verdict = CHANGES[metric], material.verdict(metric)
    levels = _levels(material, metric)
    if verdict is None:
        return Panel(key, levels.rstrip("."), (_nothing(material) + ".",), notes=f"{column.meaning}\n{levels}")
    own = {name: differences[metric] for name, differences in material.differences.items()}
    against = f"Difference from {BASELINE}, with 95% interval"
    figure = differences_chart(topic, against, own, axis, column.factor, column.decimals)
    finding = _finding(verdict)
    chart = Chart(f"{key}-differences", topic, against, f"{topic}: {against.lower()}. {finding}.", figure)
    lines = (*verdict.lines, levels)
    return Panel(key, finding, lines, (chart,), notes="\n".join([*lines, column.meaning, CLEAR]))


def _finding(verdict: Verdict) -> str:
    """Return the sentence that heads an answer: the clear difference where there is a single one, else the count."""
    if len(verdict.sentences) == 1:
        return verdict.sentences[0]
    return f"{verdict.question.topic}: {_uncapitalised(verdict.answer)}"


def _uncapitalised(words: str) -> str:
    return words[0].lower() + words[1:]


def _levels(material: Material, metric: str) -> str:
    """Say how high each augmentation stands."""
    column, means = COLUMNS[metric], material.means(metric)
    if not means:
        return f"{column.heading} could not be measured."
    said = ", ".join(f"{name} {column.factor * mean:.{column.decimals}f}" for name, mean in means.items())
    return f"{column.heading.replace(' %', ' (%)')}, mean over seeds: {said}."


def _best(material: Material) -> str:
    """Name the highest mean accuracy, by however little."""
    means = material.means("accuracy")
    best = max(means, key=lambda name: means[name])
    return f"{best} has the highest mean accuracy, {means[best]:.1%}" if len(means) > 1 else f"All scores of {best}"


def _nothing(material: Material) -> str:
    return ALONE if material.evaluation.has_baseline else NO_BASELINE


def _rows(table: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    return tuple((str(name), *(str(cell) for cell in row)) for name, row in zip(table.index, table.values, strict=True))


def _exact(material: Material) -> tuple[dict[str, object], ...]:
    def bounds(metric: str, own: Difference) -> dict[str, object]:
        named = (("", own.mean), ("_low", own.low), ("_high", own.high))
        return {f"{metric}_difference{suffix}": finite(value) for suffix, value in named}

    return tuple(
        {"augmentation": name}
        | {key: value for metric, own in metrics.items() for key, value in bounds(metric, own).items()}
        for name, metrics in material.differences.items()
    )
