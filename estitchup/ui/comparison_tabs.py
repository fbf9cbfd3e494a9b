"""The sections of the comparison that a person opens: calibration, speed, classes, and every metric in full."""

import streamlit as st

from estitchup.charts.confusion import confusion_matrix
from estitchup.charts.frame import CONFIG
from estitchup.class_table import MOST_IN_A_MATRIX
from estitchup.comparison import mcnemar, mcnemar_finding
from estitchup.evaluation import Evaluation
from estitchup.metric_table import METRIC_COLUMNS, metric_table
from estitchup.recipe import BASELINE
from estitchup.score_table import bold_clear


def show_calibration(found: Evaluation, names: list[str]) -> None:
    """Show a reliability diagram for each augmentation."""
    with st.grid(2, min_column_width=330, gap="medium"):
        for name in names:
            st.plotly_chart(
                found.reliability_diagram(name),
                key=f"reliability {name}",
                config=CONFIG,
                alt=f"{name}: accuracy against confidence. {found.belief(name)}.",
            )
    st.caption(
        "Answers of all seeds in 15 equal bins of confidence; ECE, the expected calibration error, is the mean over "
        "seeds. Below the dotted line a classifier is right less often than it says. Upright bars are 95% intervals of "
        "a bin's accuracy, for as many texts as one seed has in it; point at a bin to read its count."
    )


def show_speed(found: Evaluation, names: list[str]) -> None:
    """Show how accuracy grows, and how soon each augmentation gets to the baseline's best."""
    st.plotly_chart(
        found.learning_curves(names),
        key="learning curves",
        config=CONFIG,
        alt=f"Learning curves. {found.peaks(names)}.",
    )
    st.caption("Mean over seeds; the band goes from the lowest seed to the highest. Dotted: the baseline's best.")
    if not found.has_baseline:
        st.info(f"{BASELINE} was not run, so there is no level to measure speed against.")
        return
    st.plotly_chart(
        found.epochs_chart(names),
        key="epochs",
        config=CONFIG,
        alt=f"Epochs to the baseline's best. {found.pace(names)}.",
    )
    st.caption("A circle is a seed, a bar the mean of the seeds that got there.")
    st.table(found.speed_table(names), border="horizontal", alt="Epochs and seconds to the baseline's best accuracy")


def show_classes(found: Evaluation, names: list[str]) -> None:
    """Show how each class fares with one augmentation, and which classes are confused."""
    start = next((i for i, name in enumerate(names) if name != BASELINE), 0)
    name = st.selectbox("Augmentation", names, start, key="classes_of", bind="query-params", width=360)
    percent, points = (st.column_config.NumberColumn(format=form) for form in ("%.1f%%", "%+.1f"))
    st.dataframe(
        found.classes.table(name),
        hide_index=True,
        column_config={"Precision": percent, "Recall": percent, "F1": percent, "F1 difference": points},
        alt=f"Precision, recall and F1 of each class with {name}",
    )
    st.caption(
        f"Known test texts, mean over seeds, the lowest F1 first; its difference from {BASELINE} in points. A class "
        "with few texts changes much by chance."
    )
    if len(found.result.facts.classes) <= MOST_IN_A_MATRIX:
        st.plotly_chart(
            confusion_matrix(name, found.classes.matrix(name)),
            key="confusion",
            config=CONFIG,
            alt=f"{name}: share of each class's texts that gets each answer",
        )
        return
    st.markdown(f"**The largest confusions with {name}**")
    one = st.column_config.NumberColumn(format="%.1f")
    st.dataframe(
        found.classes.confusions(name),
        hide_index=True,
        column_config={
            "Texts": one,
            BASELINE: one,
            "Of": st.column_config.NumberColumn(help="Test texts of the class"),
        },
        alt=f"The classes that {name} confuses most often",
    )
    st.caption(f"Test texts taken for another class, mean over seeds, and with {BASELINE} for comparison.")


def show_metrics(found: Evaluation, names: list[str]) -> None:
    """Show one metric in full, of all that there are."""
    metric = st.selectbox(
        "Metric",
        list(METRIC_COLUMNS),
        format_func=lambda metric: METRIC_COLUMNS[metric].heading,
        key="metric",
        bind="query-params",
        width=360,
    )
    table = metric_table(metric, names, found.result.intervals, found.differences_of(names))
    st.caption(METRIC_COLUMNS[metric].meaning)
    st.table(bold_clear(table), border="horizontal", alt=f"{METRIC_COLUMNS[metric].heading} of each augmentation")
    st.caption(
        f"Mean over seeds on test texts; difference from {BASELINE}, paired over seeds and texts. All intervals are of "
        "95%. Bold: the difference's interval leaves out zero."
    )
    if metric == "accuracy" and found.has_baseline:
        baseline = found.scores(BASELINE)
        told = [mcnemar_finding(name, mcnemar(found.scores(name), baseline)) for name in names if name != BASELINE]
        st.markdown("\n".join(f"- {line}" for line in told))
        if told:
            st.caption("McNemar's exact test speaks of other texts and these seeds, the intervals also of other seeds.")


def show_detectors(found: Evaluation, names: list[str]) -> None:
    """Show which OOD score refuses best, with each augmentation."""
    with st.expander("Which score tells unknown texts apart best?", icon=":material/leaderboard:", key="scores_open"):
        metric = st.segmented_control(
            "Figure", ["AUROC", "FPR@95 %"], default="AUROC", required=True, key="score_metric", bind="query-params"
        )
        table = found.detectors(metric == "AUROC")
        st.dataframe(
            table[names].style.highlight_max(axis=0, props="font-weight: bold").format("{:.3f}")
            if metric == "AUROC"
            else table[names].style.highlight_min(axis=0, props="font-weight: bold").format("{:.1f}"),
            alt=f"{metric} of each score with each augmentation",
        )
        st.caption(
            "Test texts, mean over seeds. Bold: the best of each augmentation. The first scores are read off the "
            "logits; nearest neighbours and Mahalanobis measure how far an embedding lies from those of the known "
            "training texts, and do not depend on the augmentation. A sum puts two on one scale by known validation "
            "texts. The app's thresholds cut confidence."
        )
        if not found.has_distances:
            st.caption(
                "This experiment was run by an earlier version, which kept no distances: train again to see them."
            )
