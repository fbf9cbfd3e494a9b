"""Intervals that hold what they promise, and findings that say what the numbers say."""

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from estitchup import scores
from estitchup.comparison import (
    METRICS,
    Difference,
    Discordance,
    epochs_to,
    finding,
    interval,
    mcnemar,
    mcnemar_finding,
    mean_and_std,
    paired_difference,
)
from estitchup.scores import RunScores


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
    for metric in METRICS:
        difference = paired_difference(metric, runs, runs)
        assert difference.mean == 0
        assert not difference.clear


def test_what_never_shows_on_n_texts_may_be_true_of_three_in_n() -> None:
    right, wrong = answering([1] * 2), answering([0] * 2)
    gain = paired_difference("accuracy", [right] * 3, [wrong] * 3)  # on 2 texts, in 3 seeds, all alike
    assert gain.mean == 1
    assert not gain.clear
    sure = interval("accuracy", [answering([1] * 20)] * 2)
    assert (sure.low, sure.high) == (pytest.approx(1 - 3 / 20, abs=1e-3), 1)
    many = paired_difference("accuracy", [answering([1] * 300)] * 2, [answering([0] * 300)] * 2)
    assert (many.low, many.high) == (pytest.approx(0.99, abs=1e-4), pytest.approx(1.01, abs=1e-4))
    two = interval("auroc", [RunScores.of(9 * np.eye(3), np.arange(3), np.zeros((2, 3)))] * 2)
    assert (two.low, two.mean) == (0, 1)


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


def weighed(scores: RunScores, weight: np.ndarray, unknown_weight: np.ndarray) -> dict[str, float]:
    """Weigh the metrics with one weight a text, in a batch of three in which the others are different."""
    others = np.random.default_rng(0).integers(1, 4, (2, weight.size)).astype(float)
    unknown_others = np.random.default_rng(1).integers(1, 4, (2, unknown_weight.size)).astype(float)
    batch = scores.weigher(
        np.stack([others[0], weight, others[1]]), np.stack([*unknown_others, unknown_weight])[[0, 2, 1]]
    )
    return {metric: values[1] for metric, values in batch.items()}


def tied(scores: RunScores, logits: np.ndarray) -> RunScores:
    """Return the scores of logits rounded to halves, so that many texts are tied."""
    return RunScores.of(np.round(2 * scores.logits) / 2, scores.targets, np.round(2 * logits) / 2)


def test_either_aupr_has_its_own_positive_class_in_a_run_and_in_its_resamples() -> None:
    run = run_scores(0, 2.0, unknown=40)
    doubt = np.concatenate([run.doubt, run.unknown_doubt])
    is_unknown = np.arange(len(doubt)) >= len(run.doubt)
    expected = {
        "aupr_out": average_precision_score(is_unknown, doubt),
        "aupr_in": average_precision_score(~is_unknown, -doubt),
    }
    weights = weighed(run, np.ones(len(run.doubt)), np.ones(40))
    for metric, value in expected.items():
        assert run.metrics[metric] == pytest.approx(value)
        assert weights[metric] == pytest.approx(value)
    assert expected["aupr_in"] > expected["aupr_out"] + 0.1  # so that one cannot pass for the other


def test_fpr_takes_the_first_sufficient_recall_in_resamples_too() -> None:
    gaps = 0.2 * np.arange(30, 0, -1)  # the 29th surest of 30 known texts is the first to make 95%
    known = np.stack([gaps, np.zeros(30)], axis=1)
    run = RunScores.of(known, np.zeros(30, np.int64), [[0.2 * 2.5, 0.0], [0.2 * 1.5, 0.0]])
    assert run.metrics["fpr_at_95_tpr"] == 0.5
    assert weighed(run, np.ones(30), np.ones(2))["fpr_at_95_tpr"] == 0.5


@pytest.mark.parametrize("ties", [False, True])
def test_metrics_with_all_weights_one_are_the_plain_metrics(ties: bool) -> None:
    """Weighted and plain metrics are written apart; with every weight 1 they must agree."""
    scores = run_scores(0, 2.0)
    scores = tied(scores, np.random.default_rng(5).normal(size=(100, 4))) if ties else scores
    found = weighed(scores, np.ones(300), np.ones(100))
    assert found == pytest.approx(scores.metrics, abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_a_weight_counts_a_text_as_often(ties: bool) -> None:
    generator = np.random.default_rng(3)
    unknown_logits = generator.normal(size=(100, 4))
    plain = run_scores(1, 2.0)
    scores = tied(plain, unknown_logits) if ties else RunScores.of(plain.logits, plain.targets, unknown_logits)
    unknown_logits = np.round(2 * unknown_logits) / 2 if ties else unknown_logits
    often, unknown_often = generator.integers(0, 4, 300), generator.integers(0, 4, 100)
    repeated = RunScores.of(
        np.repeat(scores.logits, often, axis=0),
        np.repeat(scores.targets, often),
        np.repeat(unknown_logits, unknown_often, axis=0),
    )
    found = weighed(scores, often.astype(float), unknown_often.astype(float))
    assert found == pytest.approx(repeated.metrics, abs=1e-12)


def test_large_experiments_are_weighed_in_parts_with_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_scores(0, 2.0).resampled
    monkeypatch.setattr(scores, "WEIGHTS_AT_ONCE", 7 * 300 + 1)  # 7 of 100 resamples, and 2 at the end
    parts = run_scores(0, 2.0).resampled
    for metric in METRICS:
        assert parts[metric].shape == (scores.RESAMPLES,)
        np.testing.assert_allclose(parts[metric], whole[metric], atol=1e-12)


def test_many_classes_take_little_more_memory_than_their_probabilities() -> None:
    generator = np.random.default_rng(0)
    logits = (4 * generator.normal(size=(1500, 1000))).astype(np.float32)
    run = RunScores.of(logits[:1200], generator.integers(1000, size=1200), logits[1200:])
    tracemalloc.start()
    try:
        assert run.metrics.keys() == run.resampled.keys()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3.5 * 8 * run.logits.size  # the probabilities, a copy of them, and the resamples' weights


def test_threads_resample_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2, timeout=10)  # broken when one run waits until the other is done
    real = RunScores._resample

    def resample(self: RunScores) -> dict[str, np.ndarray]:
        together.wait()
        return real(self)

    monkeypatch.setattr(RunScores, "_resample", resample)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda seed: run_scores(seed, 2.0).resampled, (0, 0))
    for metric in METRICS:
        np.testing.assert_array_equal(first[metric], second[metric])


def test_every_metric_has_an_interval_around_its_mean_and_within_its_range() -> None:
    runs = [run_scores(seed, 2.0) for seed in range(3)]
    for metric in METRICS:
        found = interval(metric, runs)
        assert found.mean == pytest.approx(np.mean([run.metrics[metric] for run in runs]))
        assert 0 <= found.low < found.mean < found.high
        difference = paired_difference(metric, runs, [run_scores(seed, 1.0) for seed in range(3)])
        assert difference.low < difference.mean < difference.high
    perfect = [RunScores.of(50 * np.eye(3), np.arange(3), np.zeros((2, 3)))]
    assert interval("accuracy", perfect).high <= 1
    assert np.isnan(interval("auroc", [run_scores(0, 2.0, unknown=0)]).mean)


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
