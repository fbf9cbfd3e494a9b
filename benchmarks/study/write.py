"""Writes docs/study.md, its tables (CSV) and figures (SVG) from the study's tables; no number is typed by hand."""

from pathlib import Path

import pandas as pd

from benchmarks.study.few import few_sentence, few_table
from benchmarks.study.figures import draw_budgets, draw_claims
from benchmarks.study.labelling import labelling_tables
from benchmarks.study.measures import paired
from benchmarks.study.sweep import chosen
from benchmarks.study.sweep_tables import chosen_table, defaults_sentence, epsilon_sentence, softening_table
from benchmarks.study.tables import markdown, signed, told
from benchmarks.study.verdicts import CLAIMS, Claim, Verdict, depends_on, differences, verdicts
from estitchup.comparison import Difference
from estitchup.recipe import BASELINE

Tables = dict[str, pd.DataFrame]
TEXT = Path(__file__).with_name("text.md")
SHOWN = "Soft E-Stitchup"
OPENS, CLOSES = "<!-- study -->", "<!-- end of study -->"


def write_study(tables: Tables, notes: list[str], docs: Path) -> None:
    """Write the page and, in docs/study/, a CSV for each table and the figures."""
    folder = docs / "study"
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in (tables | _derived(tables)).items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.5g")
    draw_claims(tables["claims"], folder / "claims.svg")
    draw_budgets(tables["budgets"], folder / "budgets.svg")
    page = TEXT.read_text(encoding="utf-8")
    for name, content in _parts(tables, notes).items():
        if page.count(f"{{{{{name}}}}}") != 1:
            raise ValueError(f"text.md must have one place for {name}")
        page = page.replace(f"{{{{{name}}}}}", content)
    (docs / "study.md").write_text(page, encoding="utf-8")


def write_short_form(claims: pd.DataFrame, readme: Path) -> None:
    """Put the verdicts on Soft E-Stitchup between the two marks of the README."""
    before, mark, rest = readme.read_text(encoding="utf-8").partition(OPENS)
    _, end, after = rest.partition(CLOSES)
    if not (mark and end):
        raise ValueError(f"{readme.name} must have a place between {OPENS} and {CLOSES}")
    readme.write_text(f"{before}{OPENS}\n{short_form(claims)}\n{CLOSES}{after}", encoding="utf-8")


def short_form(claims: pd.DataFrame) -> str:
    """Return a list with the verdict on each claim for Soft E-Stitchup."""
    found = [(claim, next(own for own in verdicts(claim, claims) if own.augmentation == SHOWN)) for claim in CLAIMS]
    head = f"*{SHOWN}* against *{BASELINE}*, {len(_cases(claims))} cases, {claims['seed'].nunique()} paired seeds each:"
    return "\n".join([head, "", *(f"* {claim.title}: {_counted(verdict)}." for claim, verdict in found)])


def _derived(tables: Tables) -> Tables:
    every = [differences(tables["claims"], claim.measure).assign(measure=claim.measure) for claim in CLAIMS]
    return {"differences": pd.concat(every, ignore_index=True), "chosen": chosen(tables["sweep"])}


def _parts(tables: Tables, notes: list[str]) -> dict[str, str]:
    return {
        "machine": "\n".join(f"* {note}" for note in notes),
        "seeds": str(tables["claims"]["seed"].nunique()),
        "cases": str(len(_cases(tables["claims"]))),
        "verdicts": verdict_table(tables["claims"]),
        "factors": "\n\n".join(
            factor_table(claim, tables["claims"]) for claim in CLAIMS if claim.measure in ("accuracy", "auroc")
        ),
        "full": full_table(tables["claims"]),
        "budgets": budget_table(tables["budgets"]),
        "costs": cost_table(tables["costs"]),
        "chosen": chosen_table(tables["sweep"]),
        "defaults": defaults_sentence(tables["sweep"]),
        "softening": softening_table(tables["sweep"]),
        "epsilon": epsilon_sentence(tables["sweep"]),
        "few": few_table(tables["few"]),
        "few_sentence": few_sentence(tables["few"]),
        "rivals": rival_tables(tables["rivals"]),
        "open_intent": open_intent_table(tables["open_intent"]),
        "labelling": labelling_tables(tables["labelling"]),
        "open_intent_sentence": open_intent_sentence(tables["open_intent"]),
    }


def _cases(claims: pd.DataFrame) -> pd.DataFrame:
    return claims[["set", "unknown", "texts_a_class", "head"]].drop_duplicates()


def verdict_table(claims: pd.DataFrame) -> str:
    """Return the verdict on each claim for each augmentation, with the counts it rests on."""
    found = {claim: {verdict.augmentation: verdict for verdict in verdicts(claim, claims)} for claim in CLAIMS}
    names = list(next(iter(found.values())))
    rows = ([claim.title, *(_counted(by_name[name]) for name in names)] for claim, by_name in found.items())
    return markdown(["claim", *names], rows)


def _counted(verdict: Verdict) -> str:
    return f"**{verdict.word}**: {verdict.better} better, {verdict.worse} worse of {verdict.cases}"


def factor_table(claim: Claim, claims: pd.DataFrame, augmentation: str = SHOWN) -> str:
    """Return where an augmentation is clearly better, factor by factor."""
    rows = (
        [
            str(row.factor).replace("texts_a_class", "texts a class"),
            str(row.value),
            f"{row.better} of {row.cases}",
            signed(claim, row.mean),
        ]
        for row in depends_on(claim, claims, augmentation).itertuples()
    )
    header = ["factor", "value", "clearly better", f"mean difference, {claim.unit}"]
    return f"**{claim.title}**, {augmentation}\n\n{markdown(header, rows)}"


def full_table(claims: pd.DataFrame) -> str:
    """Return every measure with all training texts and the MLP head: the baseline's mean, and differences from it."""
    whole = claims[claims["texts_a_class"].isna() & (claims["head"] == "mlp")]
    rows = []
    for (name, unknown), own in whole.groupby(["set", "unknown"], sort=False):
        for claim in CLAIMS:
            table = differences(own, claim.measure).set_index("augmentation")
            base = own.loc[own["augmentation"] == BASELINE, claim.measure].mean()
            cells = [told(claim, Difference(*table.loc[cell, ["mean", "low", "high"]])) for cell in table.index]
            rows.append([f"{name}, {unknown}", claim.title, f"{claim.factor * base:.{claim.decimals}f}", *cells])
    return markdown(["set", "measure", BASELINE, *table.index], rows)


def budget_table(budgets: pd.DataFrame) -> str:
    """Return test accuracy at each budget of epochs: the baseline's mean, and paired differences from it."""
    accuracy = CLAIMS[0]
    rows = []
    for (name, budget), own in budgets.groupby(["set", "budget"], sort=False):
        base = own.loc[own["augmentation"] == BASELINE, "accuracy"].mean()
        names = [cell for cell in own["augmentation"].unique() if cell != BASELINE]
        cells = [told(accuracy, paired(own, "accuracy", cell, BASELINE)) for cell in names]
        rows.append([str(name), str(budget), f"{100 * base:.2f}", *cells])
    return markdown(["set", "epochs", BASELINE, *names], rows)


def cost_table(costs: pd.DataFrame) -> str:
    """Return what an epoch of each augmentation costs against the baseline's."""
    wide = costs.pivot(index="set", columns="augmentation", values="ratio")[list(costs["augmentation"].unique())]
    return markdown(
        ["set", *wide.columns],
        (
            [str(name), *(f"{ratio:.2f}" for ratio in row)]
            for name, row in zip(wide.index, wide.to_numpy(), strict=True)
        ),
    )


def rival_tables(rivals: pd.DataFrame) -> str:
    """Return, for each set, every rival's difference from *No augmentation*."""
    return "\n\n".join(f"**{name}**\n\n{_rival_table(own)}" for name, own in rivals.groupby("set", sort=False))


def _rival_table(own: pd.DataFrame) -> str:
    measures = [
        claim for claim in CLAIMS if claim.measure in ("accuracy", "scaled_ece", "scaled_nll", "auroc", "fpr_at_95_tpr")
    ]
    base = own[own["variant"] == BASELINE]
    first = [BASELINE, *(f"{claim.factor * base[claim.measure].mean():.{claim.decimals}f}" for claim in measures)]
    others = (
        [name, *(told(claim, paired(own, claim.measure, name, BASELINE, by="variant")) for claim in measures)]
        for name in own["variant"].unique() if name != BASELINE
    )  # fmt: skip
    return markdown(["variant", *(f"{claim.unit}" for claim in measures)], [first, *others])


def open_intent_table(table: pd.DataFrame) -> str:
    """Return means over draws beside the best published figures."""
    rows = []
    for (name, ratio), own in table.groupby(["set", "ratio"], sort=False):
        best = [f"{value:.2f}" if value == value else "–" for value in own[["best_f1", "best_accuracy"]].iloc[0]]
        for method, part in own.groupby("method", sort=False):
            figures = [_spread(part[figure]) for figure in ("f1", "f1_known", "f1_open", "accuracy")]
            rows.append([str(name), f"{ratio:.0%}", str(method), *figures, *best])
    ours = ["F1", "F1 known", "F1 open", "accuracy"]
    return markdown(["set", "known", "head, score", *ours, "best published F1", "accuracy"], rows)


def _spread(shares: "pd.Series[float]") -> str:
    return f"{100 * shares.mean():.2f} ± {100 * shares.std():.2f}"


def open_intent_sentence(table: pd.DataFrame) -> str:
    """Say in how many of the six cells each head is above the best published figure."""
    means = table.groupby(["method", "set", "ratio"], sort=False).mean(numeric_only=True).reset_index()
    parts = []
    for method, own in means.groupby("method", sort=False):
        measured = own.dropna(subset=["best_f1"])
        f1, accuracy = (int((100 * measured[m] > measured[f"best_{m}"]).sum()) for m in ("f1", "accuracy"))
        parts.append(f"*{method}*: F1 in {f1}, accuracy in {accuracy} of {len(measured)} cells")
    return f"Above the best published figure, by mean over draws: {'; '.join(parts)}."
