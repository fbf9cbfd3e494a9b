"""Two experiments side by side."""

from dataclasses import replace

import numpy as np
import pytest

from estitchup.comparison import paired_difference
from estitchup.corpus import Role
from estitchup.pairing import Side, difference, same_test_texts, shared_seeds
from estitchup.result import ExperimentResult


def without_last_test_text(result: ExperimentResult) -> ExperimentResult:
    """Return the result as if it had been tested on one text less."""
    last = result.role_rows(Role.TEST).index[-1]
    logits = result.logits | {"test": result.logits["test"][:, :-1]}
    return replace(result, rows=result.rows.drop(index=last), logits=logits)


def test_the_same_experiment_has_the_same_texts_and_one_with_a_text_less_has_not(
    small_result: ExperimentResult,
) -> None:
    assert same_test_texts(small_result, replace(small_result))
    assert not same_test_texts(small_result, without_last_test_text(small_result))


def test_paired_it_is_the_comparison_within_an_experiment(small_result: ExperimentResult) -> None:
    one, other = Side(small_result, "No augmentation"), Side(replace(small_result), "E-Stitchup")
    runs = [[small_result.scores(run) for run in small_result.runs_of(side.name)] for side in (other, one)]
    assert difference("accuracy", one, other, paired=True) == paired_difference("accuracy", *runs)


def test_an_experiment_does_not_differ_from_itself_and_pairs_are_surer_of_it(
    small_result: ExperimentResult,
) -> None:
    side = Side(small_result, "E-Stitchup")
    paired, unpaired = (difference("auroc", side, side, paired=kind) for kind in (True, False))
    for found in (paired, unpaired):
        assert found.mean == 0
        assert -found.low == pytest.approx(found.high)
        assert not found.clear
    assert 0 < paired.high < unpaired.high


def test_unpaired_the_interval_is_as_wide_as_two_independent_proportions_make_it(
    small_result: ExperimentResult,
) -> None:
    seed = replace(small_result, spec=small_result.spec.model_copy(update={"seeds": (0,)}))
    side = Side(seed, "No augmentation")
    scores = small_result.scores(0)
    share, texts = scores.correct.mean(), len(scores.correct)
    vars(side)["runs"] = lambda *_: [scores]
    own = difference("accuracy", side, side, paired=False)
    assert own.high == pytest.approx(1.96 * np.sqrt(2 * share * (1 - share) / texts), rel=0.08)


def test_only_the_seeds_that_both_ran_are_paired(small_result: ExperimentResult) -> None:
    other = replace(small_result, spec=small_result.spec.model_copy(update={"seeds": (1, 7)}))
    assert shared_seeds(small_result, other) == [1]
