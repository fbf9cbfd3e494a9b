"""Intervals that hold what they promise, and findings that say what the numbers say."""

import numpy as np
import pytest

from estitchup.comparison import (
    Difference,
    Discordance,
    epochs_to,
    finding,
    mcnemar,
    mcnemar_finding,
    mean_and_std,
    paired_difference,
)
from estitchup.scores import WEIGHTED, RunScores


def run_scores(seed: int, skill: float, texts: int = 300, unknown: int = 100) -> RunScores:
    """Draw the logits of a classifier; texts are the same for all, `skill` pushes the true class up."""
    of_texts = np.random.default_rng(99)
    targets = of_texts.integers(4, size=texts)
    hardness = of_texts.normal(size=(texts, 4))
    noise = np.random.default_rng(seed).normal(size=(texts + unknown, 4))
    logits = noise[:texts] + hardness
    logits[np.arange(texts), targets] += skill
    return RunScores.of(logits, targets, noise[texts:])


def test_a_run_compared_with_itself_shows_no_difference() -> None:
    runs = [run_scores(seed, 2.0) for seed in range(3)]
    for metric in ("accuracy", "ece", "nll", "auroc", "fpr_at_95_tpr"):
        assert paired_difference(metric, runs, runs) == Difference(0.0, 0.0, 0.0)


def test_a_real_gain_is_found_and_its_sign_is_right() -> None:
    better, worse = ([run_scores(seed, skill) for seed in range(5)] for skill in (4.0, 1.0))
    gain = paired_difference("accuracy", better, worse)
    assert gain.clear
    assert gain.low > 0
    assert gain.mean == pytest.approx(
        np.mean([b.metrics["accuracy"] - w.metrics["accuracy"] for b, w in zip(better, worse, strict=True)])
    )
    assert paired_difference("fpr_at_95_tpr", better, worse).high < 0


def test_intervals_hold_the_truth_about_nineteen_times_of_twenty() -> None:
    """Two classifiers of equal skill differ by chance alone: zero lies in most intervals, and not in nearly all."""
    held = []
    for trial in range(150):
        generator = np.random.default_rng(trial)

        def one(generator: np.random.Generator = generator) -> RunScores:
            targets = np.zeros(150, np.int64)
            logits = generator.normal(size=(150, 2)) + np.array([1.0, 0.0])
            return RunScores.of(logits, targets, generator.normal(size=(2, 2)))

        difference = paired_difference("accuracy", [one() for _ in range(3)], [one() for _ in range(3)])
        held.append(not difference.clear)
    assert 0.9 <= np.mean(held) <= 0.975


@pytest.mark.parametrize("metric", ["accuracy", "ece", "nll", "auroc", "fpr_at_95_tpr"])
def test_the_bootstrap_of_each_metric_centres_on_the_metric(metric: str) -> None:
    """Weighted and plain metrics are written apart; with every weight 1 they must agree."""
    scores = run_scores(0, 2.0)
    ones, unknown_ones = np.ones((1, len(scores.correct))), np.ones((1, len(scores.unknown_doubt)))
    assert WEIGHTED[metric](scores, ones, unknown_ones)[0] == pytest.approx(scores.metrics[metric], abs=1e-12)


def test_few_seeds_make_a_wider_interval_than_their_texts_alone() -> None:
    one = paired_difference("accuracy", [run_scores(0, 2.5)], [run_scores(0, 2.0)])
    three = paired_difference(
        "accuracy", [run_scores(s, 2.0 + s) for s in range(3)], [run_scores(s, 2.0) for s in range(3)]
    )
    assert three.high - three.low > one.high - one.low


def test_no_unknown_texts_give_no_difference_and_a_sentence() -> None:
    runs = [run_scores(0, 2.0, unknown=0)]
    difference = paired_difference("auroc", runs, runs)
    assert np.isnan(difference.mean)
    assert not difference.clear
    assert finding("auroc", "E-Mixup", difference) == "E-Mixup: telling unknown texts apart could not be measured"


def test_findings_name_direction_amount_and_interval() -> None:
    caught = finding("fpr_at_95_tpr", "Soft E-Stitchup", Difference(-0.121, -0.142, -0.098))
    assert caught == "Soft E-Stitchup catches 12.1 more of 100 unknown texts, 95% interval 9.8 to 14.2"
    assert finding("accuracy", "E-Mixup", Difference(0.01, -0.01, 0.03)) == "E-Mixup: no clear difference in accuracy"
    fewer = finding("accuracy", "E-Mixup", Difference(-0.02, -0.03, -0.01))
    assert fewer == "E-Mixup gets 2.0 fewer of 100 known texts right, 95% interval 1.0 to 3.0"


def test_the_deviation_of_one_seed_is_not_a_number() -> None:
    assert mean_and_std([1.0, 3.0]) == (2.0, pytest.approx(2**0.5))
    assert np.isnan(mean_and_std([1.0])[1])


def test_epochs_to_a_level() -> None:
    assert epochs_to([0.5, 0.8, 0.7, 0.9], 0.8) == 2
    assert epochs_to([0.5, np.nan], 0.8) is None


def answering(correct: list[int]) -> RunScores:
    """Return the scores of a run that gets these texts right."""
    return RunScores.of([[0.0, 1.0] if right else [1.0, 0.0] for right in correct], [1] * len(correct), [[0.0, 0.0]])


def test_mcnemar_by_hand() -> None:
    ours, theirs = [1] * 9 + [0] * 2 + [1] * 30 + [0] * 5, [0] * 9 + [1] * 2 + [1] * 30 + [0] * 5
    found = mcnemar([answering(ours)], [answering(theirs)])
    assert (found.more, found.fewer) == (9, 2)
    assert found.p_value == pytest.approx(2 * (1 + 11 + 55) / 2**11)  # 2 · P(at most 2 heads of 11)


def test_a_text_counts_once_however_many_seeds_answer_it() -> None:
    ours, theirs = answering([1] * 6 + [0] * 20), answering([0] * 6 + [0] * 20)
    one, five = mcnemar([ours], [theirs]), mcnemar([ours] * 5, [theirs] * 5)
    assert one == five
    assert one.p_value == pytest.approx(2 / 2**6)
    # A text on which the two are right equally often, in different seeds, decides nothing.
    assert mcnemar([ours, theirs], [theirs, ours]) == Discordance(0, 0, 1.0)


def test_mcnemar_turned_round_swaps_the_sides() -> None:
    ours, theirs = ([run_scores(seed, skill) for seed in range(3)] for skill in (4.0, 1.0))
    found, turned = mcnemar(ours, theirs), mcnemar(theirs, ours)
    assert found.clear
    assert found.more > found.fewer
    assert (turned.more, turned.fewer, turned.p_value) == (found.fewer, found.more, found.p_value)


def test_mcnemar_calls_chance_a_difference_once_in_twenty_times_at_most() -> None:
    """Seeds agree on most texts; adding their disagreements up would be sure of a difference far too often."""
    clear = []
    for trial in range(300):
        generator = np.random.default_rng(trial)
        sides = [[answering(list(row)) for row in np.tile(generator.random(60) < 0.7, (3, 1))] for _ in range(2)]
        clear.append(mcnemar(*sides).clear)
    assert np.mean(clear) <= 0.05


def test_mcnemar_is_said_in_words() -> None:
    said = mcnemar_finding("E-Mixup", Discordance(1200, 80, 1e-9))
    assert said == "E-Mixup is right more often on 1,200 test texts and less often on 80 (McNemar, p < 0.001)"
    unclear = mcnemar_finding("E-Mixup", Discordance(3, 2, 1.0))
    assert unclear.startswith("E-Mixup: no clear difference in accuracy, right more often on 3 test texts")
