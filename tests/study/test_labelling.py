"""What a labelling strategy saves, on curves whose answer is known."""

import pandas as pd
import pytest

from benchmarks.study.labelling import labelling_tables, savings_of
from estitchup.campaign import COLUMNS, SimulationResult, SimulationSpec
from estitchup.corpus import CorpusSpec
from estitchup.labeling import RANDOM

MARGIN = "Margin"
CURVES = {RANDOM: ([50, 60, 70], [50, 60, 80]), MARGIN: ([50, 70, 90], [50, 60, 70])}


@pytest.fixture
def result() -> SimulationResult:
    """Return two strategies, two seeds and two rounds of a hundred labels; margin fails in the second seed."""
    rows = [
        (strategy, seed, number, 100 * number, accuracy / 100, 3 * number)
        for strategy, curves in CURVES.items()
        for seed, curve in enumerate(curves)
        for number, accuracy in enumerate(curve)
    ]
    spec = SimulationSpec(
        corpus=CorpusSpec(file="sample", text_column="text", label_column="intent"),
        strategies=(MARGIN, RANDOM),
        seeds=(0, 1),
        rounds=2,
    )
    return SimulationResult(spec, pd.DataFrame(rows, columns=list(COLUMNS)), 10, 6, 20.0, 500.0, 1.0, "cpu")


def test_a_strategy_is_worth_the_share_of_randoms_labels_by_the_mean_curve_and_by_each_seed(result):
    margin = savings_of(result).set_index("strategy").loc[MARGIN]
    assert margin["share"] == pytest.approx((100 + 100 * (75 - 65) / (80 - 65)) / 200)
    assert (margin["lowest"], margin["highest"]) == (0.5, 0.5)
    assert (margin["reaching"], margin["seeds"]) == (1, 2)
    assert (margin["accuracy_end"], margin["discovered"], margin["labels_middle"]) == (0.8, 3, 100)


def test_the_table_says_who_reaches_random_and_in_how_many_seeds(result):
    text = labelling_tables(savings_of(result).assign(set="Made up"))
    assert "| Margin | 50.0 | 65.0 | 80.0 | 3.0 | 83% | 1 of 2 seeds reach it |" in text
    assert "| Random | 50.0 | 60.0 | 75.0 | 3.0 | 100% | 100% to 100% |" in text
    assert "At most 65% of random's labels: no strategy." in text
