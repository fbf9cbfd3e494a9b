"""Every policy against trying all thresholds one after another, and its words where it cannot choose."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from estitchup.errors import EstitchupError
from estitchup.open_set import open_set_f1
from estitchup.policy import (
    POLICIES,
    Conformal,
    HighestF1,
    HighestOpenSetF1,
    KeepKnown,
    LeastCost,
    LimitUnknown,
    RightAnswers,
    policy_named,
)
from estitchup.threshold import ScoredTexts, keep_share

UNKNOWN = 9  # how the oracle calls everything unknown


@st.composite
def scored_texts(draw: st.DrawFn) -> ScoredTexts:
    """Draw texts of up to four classes, with ties in plenty, and at least one of either kind."""
    known, unknown = draw(st.integers(1, 25)), draw(st.integers(1, 15))

    def column(high: int, size: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(0, high), min_size=size, max_size=size)))

    return ScoredTexts(
        column(8, known) / 8, column(3, known), column(3, known), column(8, unknown) / 8, column(3, unknown)
    )


def every_threshold(texts: ScoredTexts) -> list[float]:
    values = sorted({*texts.confidence.tolist(), *texts.unknown_confidence.tolist()})
    return [*values, float(np.nextafter(values[-1], np.inf))]


def only_known(texts: ScoredTexts) -> ScoredTexts:
    return ScoredTexts(texts.confidence, texts.predicted, texts.target, np.empty(0), np.empty(0, np.int64))


def answered(texts: ScoredTexts, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the true classes and the answers of all texts, with UNKNOWN as a class."""
    predicted = np.concatenate([texts.predicted, texts.unknown_predicted])
    accepted = np.concatenate([texts.confidence, texts.unknown_confidence]) >= threshold
    true = np.concatenate([texts.target, np.full(len(texts.unknown_predicted), UNKNOWN)])
    return true, np.where(accepted, predicted, UNKNOWN)


def best(texts: ScoredTexts, figure: object) -> float:
    """Return the lowest threshold with the highest figure."""
    values = [figure(threshold) for threshold in every_threshold(texts)]  # type: ignore[operator]
    return every_threshold(texts)[int(np.argmax(np.array(values) >= max(values) - 1e-9))]


@given(scored_texts())
def test_the_open_set_f1_is_scikit_learns_at_every_threshold(texts: ScoredTexts) -> None:
    thresholds, values = open_set_f1(texts)
    assert thresholds.tolist() == every_threshold(texts)
    labels = [*np.unique(texts.target), UNKNOWN]
    for threshold, value in zip(thresholds, values, strict=True):
        true, answer = answered(texts, threshold)
        expected = f1_score(true, answer, labels=labels, average="macro", zero_division=0)
        assert value == pytest.approx(expected, abs=1e-12)


@given(scored_texts())
def test_the_highest_f1_is_found(texts: ScoredTexts) -> None:
    def binary(threshold: float) -> float:
        true, answer = answered(texts, threshold)
        return float(f1_score(true == UNKNOWN, answer == UNKNOWN, zero_division=0))

    def macro(threshold: float) -> float:
        true, answer = answered(texts, threshold)
        labels = [*np.unique(texts.target), UNKNOWN]
        return float(f1_score(true, answer, labels=labels, average="macro", zero_division=0))

    assert HighestF1().choose(texts) == best(texts, binary)
    assert HighestOpenSetF1().choose(texts) == best(texts, macro)


@given(scored_texts(), st.sampled_from([0.0, 0.05, 0.2, 0.5, 1.0]))
def test_a_limit_on_unknown_texts_is_the_lowest_threshold_that_keeps_it(texts: ScoredTexts, share: float) -> None:
    enough = [t for t in every_threshold(texts) if (texts.unknown_confidence >= t).mean() <= share + 1e-9]
    assert LimitUnknown(share).choose(texts) == enough[0]


@given(scored_texts(), st.sampled_from([0.1, 0.5, 0.8, 1.0]))
def test_accepted_answers_are_right_as_often_as_asked_or_the_policy_says_what_can_be_had(
    texts: ScoredTexts, share: float
) -> None:
    shares = []
    for threshold in every_threshold(texts)[:-1]:
        true, answer = answered(texts, threshold)
        shares.append((true == answer)[answer != UNKNOWN].mean())
    if max(shares) < share - 1e-9:
        with pytest.raises(EstitchupError, match=f"the best reaches {max(shares):.1%}"):
            RightAnswers(share).choose(texts)
    else:
        first = next(i for i, right in enumerate(shares) if right >= share - 1e-9)
        assert RightAnswers(share).choose(texts) == every_threshold(texts)[first]


@given(scored_texts(), st.tuples(*[st.integers(0, 4)] * 3), st.sampled_from([None, 0.0, 0.3, 1.0]))
def test_no_threshold_costs_less_than_the_cheapest(
    texts: ScoredTexts, costs: tuple[int, int, int], unknown_share: float | None
) -> None:
    wrong, missed, look = costs

    def cost(threshold: float) -> float:
        true, answer = answered(texts, threshold)
        each = np.where(answer == UNKNOWN, look, np.where(true == UNKNOWN, missed, np.where(true == answer, 0, wrong)))
        if unknown_share is None:
            return float(each.mean())
        return float((1 - unknown_share) * each[true != UNKNOWN].mean() + unknown_share * each[true == UNKNOWN].mean())

    policy = LeastCost(float(wrong), float(missed), float(look), unknown_share)
    assert policy.choose(texts) == best(texts, lambda threshold: -cost(threshold))


@given(scored_texts(), st.integers(1, 4))
def test_a_share_of_unknown_texts_in_production_is_as_if_each_were_there_more_often(
    texts: ScoredTexts, times: int
) -> None:
    known, unknown = len(texts.confidence), times * len(texts.unknown_confidence)
    weighed = replace(texts, unknown_share=unknown / (known + unknown))
    repeated = replace(
        texts,
        unknown_confidence=np.repeat(texts.unknown_confidence, times),
        unknown_predicted=np.repeat(texts.unknown_predicted, times),
    )
    assert weighed.unknown_weight == pytest.approx(times)
    np.testing.assert_allclose(open_set_f1(weighed)[1], open_set_f1(repeated)[1], atol=1e-12)
    for policy in (HighestF1(), HighestOpenSetF1(), LeastCost(), RightAnswers(0.0)):
        assert policy.choose(weighed) == policy.choose(repeated)


def test_answers_are_right_as_often_as_asked_at_the_share_of_unknown_texts_in_production() -> None:
    """Of 4 known texts, all right, and 4 unknown ones that stand for a tenth of production, 4/9 text in all."""
    texts = ScoredTexts(
        np.array([0.4, 0.6, 0.8, 1.0]), *[np.zeros(4, np.int64)] * 2, np.array([0.3, 0.5, 0.7, 0.9]), np.zeros(4, int)
    )
    assert RightAnswers(0.9).choose(texts) == 1.0
    assert RightAnswers(0.9).choose(replace(texts, unknown_share=0.1)) == 0.3  # 4 of 4.44
    assert RightAnswers(0.92).choose(replace(texts, unknown_share=0.1)) == 0.4  # 4 of 4.33


@given(scored_texts())
def test_keeping_known_texts_is_keep_share(texts: ScoredTexts) -> None:
    assert KeepKnown(0.8).choose(texts) == keep_share(texts.confidence, 0.8)
    assert KeepKnown(0.8).choose(only_known(texts)) == keep_share(texts.confidence, 0.8)


@pytest.mark.parametrize(("rows", "error"), [(19, 0.1), (30, 0.1), (99, 0.05)])
def test_the_conformal_threshold_keeps_its_promise_and_gives_little_away(rows: int, error: float) -> None:
    """Averaged over draws, the chance of refusing is exactly ⌊error · (n + 1)⌋ / (n + 1)."""
    generator = np.random.default_rng(0)
    nothing = np.empty(0, np.int64)
    refused = []
    for _ in range(4000):
        confidence = generator.random(rows)
        classes = np.zeros(rows, np.int64)
        threshold = Conformal(error).choose(ScoredTexts(confidence, classes, classes, np.empty(0), nothing))
        refused.append(threshold)  # of uniform confidences, the share below a threshold is the threshold
    expected = np.floor(error * (rows + 1) + 1e-9) / (rows + 1)
    assert np.mean(refused) == pytest.approx(expected, abs=4 * np.std(refused) / 4000**0.5)
    assert expected <= error


@pytest.mark.parametrize(("rows", "seeds", "error"), [(20, 3, 0.05), (29, 10, 0.05), (12, 10, 0.1)])
def test_pooled_seeds_keep_the_promise_though_they_score_the_same_texts(rows: int, seeds: int, error: float) -> None:
    """Seeds nearly agree on a text, so that their S · n confidences say hardly more than n."""
    generator = np.random.default_rng(0)
    classes, nothing = np.zeros(rows, np.int64), np.empty(0, np.int64)
    refused = []
    for _ in range(2000):
        texts = generator.random(rows + 20)
        scores = texts + 0.01 * generator.normal(size=(seeds, len(texts)))
        runs = [ScoredTexts(own[:rows], classes, classes, np.empty(0), nothing) for own in scores]
        refused.append((scores[:, rows:] < Conformal(error).choose(ScoredTexts.pooled(runs))).mean())
    assert np.mean(refused) <= error


def test_as_many_texts_are_needed_however_many_seeds_score_them() -> None:
    nothing = np.empty(0, np.int64)
    too_few = ScoredTexts.pooled([ScoredTexts(np.full(8, 0.5), *[np.zeros(8, np.int64)] * 2, np.empty(0), nothing)] * 9)
    with pytest.raises(EstitchupError, match="needs 9 known validation texts, and there are 8"):
        Conformal(0.1).choose(too_few)


def test_a_guarantee_that_so_few_texts_cannot_give_is_refused_in_words() -> None:
    texts = ScoredTexts(np.full(8, 0.5), *[np.zeros(8, np.int64)] * 2, np.empty(0), np.empty(0, np.int64))
    with pytest.raises(EstitchupError, match="needs 9 known validation texts, and there are 8"):
        Conformal(0.1).choose(texts)
    nine = ScoredTexts(np.arange(9) / 9, *[np.zeros(9, np.int64)] * 2, np.empty(0), np.empty(0, np.int64))
    assert Conformal(0.1).choose(nine) == 0.0


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_policy_that_needs_unknown_texts_says_so_and_the_others_do_not(policy: KeepKnown) -> None:
    known = np.arange(40) / 40
    texts = ScoredTexts(known, *[np.zeros(40, np.int64)] * 2, np.empty(0), np.empty(0, np.int64))
    if policy.needs_unknown:
        with pytest.raises(EstitchupError, match="needs unknown validation texts"):
            policy.choose(texts)
    else:
        assert 0 <= policy.choose(texts) <= 1


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_policy_without_known_texts_says_so(policy: KeepKnown) -> None:
    empty = np.empty(0, np.int64)
    with pytest.raises(EstitchupError, match="needs known validation texts"):
        policy.choose(ScoredTexts(np.empty(0), empty, empty, np.array([0.5]), np.array([0])))


@given(scored_texts())
def test_the_order_of_rows_changes_no_choice(texts: ScoredTexts) -> None:
    columns = {name: column for name, column in vars(texts).items() if isinstance(column, np.ndarray)}
    turned = ScoredTexts(**{name: column[::-1] for name, column in columns.items()})
    for policy in POLICIES:
        if not isinstance(policy, (RightAnswers, Conformal)):
            assert policy.choose(texts) == policy.choose(turned)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_policy_can_be_kept_as_its_name_and_numbers(policy: KeepKnown) -> None:
    assert policy_named(policy.name, **vars(policy)) == policy
    assert {parameter.field for parameter in policy.parameters} == set(vars(policy))
    assert policy.sentence.endswith(".")


def test_numbers_out_of_range_and_names_that_do_not_exist_are_refused() -> None:
    with pytest.raises(EstitchupError, match=r"share of known texts to keep is 1\.5: give one from 0 to 1"):
        KeepKnown(1.5)
    with pytest.raises(EstitchupError, match="cost of a wrong answer is -1"):
        LeastCost(wrong_answer=-1.0)
    with pytest.raises(EstitchupError, match="choose one of Keep a share"):
        policy_named("Keep all")
    with pytest.raises(EstitchupError, match="no policy"):
        policy_named("Highest F1 of finding unknown texts", share=0.5)


def test_an_open_set_f1_of_no_texts_is_empty() -> None:
    empty = np.empty(0, np.int64)
    assert [part.size for part in open_set_f1(ScoredTexts(np.empty(0), empty, empty, np.empty(0), empty))] == [0, 0]
