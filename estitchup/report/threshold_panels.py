"""Panels that decide: what the thresholds do, what any threshold trades, which classes and texts it touches."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from estitchup import charts
from estitchup.charts.operating import risk_coverage, risk_point, roc, roc_point, with_points
from estitchup.outcomes import SHARES, in_words, percent, written
from estitchup.report.content import Chart, Cut, Panel, Table, finite, joined, slug
from estitchup.report.material import Material

CURVE_POINTS = 200
NONE_REFUSED = "No known test text is refused"
READ_ALOUD = "A text is answered when its confidence is at least the threshold, else it is refused as unknown."


def threshold(material: Material) -> Panel:
    """Show what the thresholds do to known and unknown texts."""
    highest = max(float(shares.max()) for cut in material.cuts for shares in cut.classifier.shares)
    drawn = tuple(_histogram(cut, highest) for cut in material.cuts)
    about = _about(material)
    return Panel(
        "threshold",
        _heading(material),
        (about,),
        drawn,
        (_table(material),),
        notes="\n".join([*(f"{chart.finding}" for chart in drawn), about]),
        cuts=material.cuts,
    )


def _histogram(cut: Cut, highest: float) -> Chart:
    scale = "after temperature scaling, seeds pooled" if cut.classifier.calibrated else "seeds pooled"
    figure = charts.confidence_histogram(cut.name, f"Confidence, {scale}", *cut.classifier.shares, highest)
    return Chart(
        slug("confidence", cut.name),
        cut.name,
        f"At {written(cut.threshold)}, {cut.name} {in_words(cut.outcomes)}",
        f"{cut.name}: confidence of known and unknown test texts. At threshold {written(cut.threshold)}: "
        f"{cut.outcomes.sentence}.",
        charts.with_threshold(figure, cut.threshold),
        brief=_brief(cut),
    )


def _brief(cut: Cut) -> str:
    """Say what a threshold does in a few words."""
    caught = cut.outcomes.unknown_caught
    answered = f"{percent(cut.outcomes.known_kept)} of known texts answered"
    return answered if np.isnan(caught) else f"{answered}, {percent(caught)} of unknown refused"


def _table(material: Material) -> Table:
    headings = ("Augmentation", "Threshold", *(name.capitalize() for name in SHARES.values()))
    rows, exact = [], []
    for cut in material.cuts:
        shares = {share: getattr(cut.outcomes, share) for share in SHARES}
        rows.append((cut.name, written(cut.threshold), *(percent(share) for share in shares.values())))
        facts = {"augmentation": cut.name, "threshold": cut.threshold, "kept": cut.kept}
        exact.append(facts | {name: finite(share) for name, share in shares.items()})
    return Table(
        "thresholds", "What each threshold does to test texts, mean over seeds", headings, tuple(rows), tuple(exact)
    )


def _heading(material: Material) -> str:
    """Say what the thresholds refuse, or where no text is unknown, what they answer."""
    if material.evaluation.unknown:
        said = [f"{percent(cut.outcomes.unknown_caught)} with {cut.name}" for cut in material.cuts]
        return f"Unknown texts refused: {_first_and_last(said)}"
    said = [f"{percent(cut.outcomes.known_kept)} with {cut.name}" for cut in material.cuts]
    return f"Known texts answered: {_first_and_last(said)}"


def _first_and_last(said: list[str]) -> str:
    """Write what a heading has room for."""
    return said[0] if len(said) == 1 else f"{said[0]}, {said[-1]}"


def _about(material: Material) -> str:
    """Say where the thresholds come from."""
    kept, others = ([cut for cut in material.cuts if cut.kept is side] for side in (True, False))
    said = [READ_ALOUD]
    if kept:
        said.append(f"Decided on and kept with the experiment: {joined([cut.name for cut in kept])}.")
    if others:
        undecided = f"Not decided yet: {joined([cut.name for cut in others])}" if kept else "None is decided on yet"
        said.append(
            f"{undecided}; shown where the best seed, after temperature scaling, keeps 90% of its known validation "
            "texts, as on the Try page and in the download."
        )
    return " ".join([*said, "Counted on test texts."])


def trade_off(material: Material) -> Panel:
    """Show what any threshold trades: unknown texts caught, known ones refused, wrong answers."""
    sweeps = {cut.name: cut.classifier.pooled_curve.sweep(CURVE_POINTS) for cut in material.cuts}
    at = {cut.name: cut.classifier.pooled_curve.at(cut.threshold) for cut in material.cuts}
    answering = {name: risk_point(own) for name, own in at.items() if not np.isnan(own.accepted_accuracy)}
    drawn = []
    if material.evaluation.unknown:
        said = _first_and_last([f"{percent(own.unknown_caught)} with {name}" for name, own in at.items()])
        points = {name: roc_point(own) for name, own in at.items()}
        drawn.append(_curve("Unknown caught, known refused", f"Caught: {said}", with_points(roc(sweeps), points)))
    said = _first_and_last([f"{percent(1 - own.accepted_accuracy)} with {name}" for name, own in at.items()])
    risk = with_points(risk_coverage(sweeps), answering)
    drawn.append(_curve("Wrong answers, texts answered", f"Wrong answers: {said}", risk))
    finding = " and ".join(
        ["unknown texts caught for known ones refused"] * (len(drawn) > 1) + ["wrong answers for texts answered"]
    )
    about = (
        "Test texts, seeds pooled. The large mark on each curve is its threshold; an unknown text answered is wrong."
    )
    return Panel("trade-off", f"Every threshold trades {finding}", (about,), tuple(drawn), notes=about)


def _curve(title: str, finding: str, figure: go.Figure) -> Chart:
    return Chart(
        slug("curve", title.replace(",", "")), title, finding, f"{title}. At the thresholds: {finding}.", figure
    )


def classes(material: Material) -> Panel:
    """List the classes whose texts the thresholds refuse most."""
    tables = tuple(
        _frame(
            "classes",
            f"Classes refused most by {cut.name} at {written(cut.threshold)}",
            cut,
            cut.classifier.suffering(cut.threshold),
        )
        for cut in material.cuts
    )
    suffering = tuple(table for table in tables if table.rows)
    if not suffering:
        return Panel("classes", NONE_REFUSED, ("At these thresholds, every known test text is answered.",))
    about = (
        "Classes with the largest share (%) of known test texts refused, over all seeds. Few texts get there by chance."
    )
    sparing = [cut.name for cut, table in zip(material.cuts, tables, strict=True) if not table.rows]
    lines = (about, f"{NONE_REFUSED} by {joined(sparing)}.") if sparing else (about,)
    finding = f"Refused most: texts of the class {suffering[0].rows[0][0]}"
    return Panel("classes", finding, lines, tables=suffering, notes="\n".join(lines))


def texts(material: Material) -> Panel:
    """List the texts nearest each threshold, as the first seed answers them."""
    tables = tuple(
        _frame(
            "texts",
            f"Texts nearest {written(cut.threshold)}, the threshold of {cut.name}",
            cut,
            cut.classifier.nearest(cut.threshold),
        )
        for cut in material.cuts
    )
    seed = material.evaluation.result.spec.seeds[0]
    about = f"The test texts nearest each threshold, as the classifier of seed {seed} answers them."
    return Panel(
        "texts", "The texts that the thresholds only just answer or refuse", (about,), tables=tables, notes=about
    )


def _frame(kind: str, caption: str, cut: Cut, frame: pd.DataFrame) -> Table:
    """Return a table of the app: numbers as its page writes them for the eye, in full for the file."""
    shown = frame.copy()
    for column, written_as in (("Confidence", "{:.3f}"), ("Refused", "{:.1f}%")):
        if column in shown:
            shown[column] = shown[column].map(written_as.format)
    rows = tuple(tuple(map(str, row)) for row in shown.itertuples(index=False))
    return Table(slug(kind, cut.name), caption, tuple(map(str, frame.columns)), rows, tuple(frame.to_dict("records")))
