import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estitchup.corpus import SAMPLE, Corpus, CorpusSpec, Role, build_corpus, load_corpus, normalised
from estitchup.errors import EstitchupError

Row = tuple[str, str, str]


def spec(**changes: Any) -> CorpusSpec:
    return CorpusSpec.model_validate({"file": "x.csv", "text_column": "text", "label_column": "label", **changes})


def table_of(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "label", "split"], dtype=str)


def even(rows: int = 20, classes: str = "abc", split: str = "train") -> list[Row]:
    return [(f"{split} text {label} {row}", label, split) for label in classes for row in range(rows)]


def refusal(table: pd.DataFrame, **changes: Any) -> str:
    with pytest.raises(EstitchupError) as caught:
        build_corpus(table, spec(**changes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def notes_of(corpus: Corpus) -> str:
    return " ".join(corpus.notes)


GIVEN = even(20) + even(4, split="val") + even(5, split="Testing")


def test_given_roles_are_kept_and_counted() -> None:
    rows = [*GIVEN, ("what is love", "oos", "train"), ("who are you", "oos", "test"), ("no label", "", "train")]
    corpus = build_corpus(table_of(rows), spec(split_column="split", unknown_labels=("oos",)))
    assert corpus.classes == ("a", "b", "c")
    assert corpus.unknown_classes == ("oos",)
    assert corpus.counts().to_numpy().tolist() == [[60, 1, 0], [12, 0, 0], [15, 1, 0], [0, 0, 1]]
    assert corpus.class_counts().loc["a"].tolist() == [20, 4, 5, 0]
    assert corpus.class_counts().loc["oos"].tolist() == [1, 0, 1, 0]
    assert corpus.rows(Role.TRAIN, known=False).tolist() == [87]
    assert corpus.rows(Role.POOL).tolist() == [89]
    assert corpus.targets[[0, 20, 87, 89]].tolist() == [0, 1, -1, -1]
    assert corpus.notes == ("Put 1 row into the pool of texts to label, all without a label.",)


def test_a_pool_keeps_its_labels() -> None:
    corpus = build_corpus(table_of([*GIVEN, ("wait", "a", "unlabelled")]), spec(split_column="split"))
    assert corpus.rows(Role.POOL, known=True).tolist() == [len(GIVEN)]


def test_labels_are_stripped_and_rows_without_text_are_dropped_with_a_note() -> None:
    rows = [*even(), ("more", " a ", ""), (" \u3000", "a", ""), ("", "b", "")]
    corpus = build_corpus(table_of(rows), spec())
    assert corpus.classes == ("a", "b", "c")
    assert corpus.texts[-1] == "more"
    assert "Dropped 2 rows without text." in corpus.notes


def test_missing_cells_of_a_foreign_table_are_empty() -> None:
    table = pd.DataFrame({"text": [*(f"text {row}" for row in range(40)), None], "label": [0, 1] * 20 + [None]})
    corpus = build_corpus(table, spec())
    assert len(corpus.texts) == 40
    assert corpus.classes == ("0.0", "1.0")


def test_roles_that_the_split_does_not_give_are_drawn_from_train() -> None:
    corpus = build_corpus(table_of(even(20) + even(5, split="test")), spec(split_column="split"))
    assert corpus.counts()["known"].tolist() == [51, 9, 15, 0]
    assert all(corpus.texts[row].startswith("train") for row in corpus.rows(Role.VALIDATION))
    corpus = build_corpus(table_of(even(20)), spec(split_column="split"))
    assert corpus.counts()["known"].tolist() == [39, 9, 12, 0]


def test_a_text_in_several_given_roles_stays_in_the_most_protected_one() -> None:
    shared = [("Same Text", "a", "train"), ("same  text", "a", "val"), ("same text ", "a", "test")]
    waiting = [("TRAIN text a 0", "", "pool")]
    corpus = build_corpus(table_of([*shared, *GIVEN, *waiting]), spec(split_column="split"))
    assert [text for text in corpus.texts if text.casefold().startswith("same")] == ["same text "]
    assert corpus.roles[0] == Role.TEST
    assert len(corpus.rows(Role.POOL)) == 0
    assert "Dropped 3 rows" in notes_of(corpus)
    assert "1 from train, 1 from validation, 1 from pool" in notes_of(corpus)


def test_a_text_with_two_labels_is_kept_and_noted() -> None:
    corpus = build_corpus(table_of([*even(), ("Train text a 0", "b", "")]), spec())
    assert len(corpus.texts) == 61
    assert corpus.roles[0] == corpus.roles[60]
    assert "1 text with more than one label" in notes_of(corpus)


def test_damaged_texts_are_noted() -> None:
    assert "1 text with the character �" in notes_of(build_corpus(table_of([*even(), ("caf�", "a", "")]), spec()))


def test_a_class_without_training_rows_counts_as_unknown_with_a_note() -> None:
    corpus = build_corpus(table_of([*GIVEN, ("new here", "d", "test")]), spec(split_column="split"))
    assert corpus.unknown_classes == ("d",)
    assert corpus.targets[-1] == -1
    assert "1 class without training rows" in notes_of(corpus)


def test_small_classes_train_first_and_test_second() -> None:
    rows = [*even(), ("alone", "one", ""), ("first", "two", ""), ("second", "two", "")]
    corpus = build_corpus(table_of(rows), spec())
    assert corpus.class_counts().loc[["one", "two"]].to_numpy().tolist() == [[1, 0, 0, 0], [1, 0, 1, 0]]
    assert "2 classes with too few different texts" in notes_of(corpus)
    assert "“one”, “two”" in notes_of(corpus)


def test_unknown_rows_are_not_wasted_on_training_when_roles_are_drawn() -> None:
    corpus = build_corpus(table_of(even(35, "abcdefgh")), spec(unknown_labels=("h",), unknown_share=0.2))
    assert len(corpus.unknown_classes) == 2
    assert corpus.counts()["unknown"].tolist() == [0, 30, 40, 0]


def test_held_out_classes_keep_their_given_roles() -> None:
    corpus = build_corpus(table_of(GIVEN), spec(split_column="split", unknown_share=0.01))
    assert corpus.counts()["unknown"].tolist() == [20, 4, 5, 0]
    assert "Held out 1 of 3 classes as unknown" in notes_of(corpus)


def test_a_larger_share_holds_out_the_same_classes_and_more_and_leaves_two() -> None:
    table = table_of(even(10, "abcdefghij"))
    held_out = [
        set(build_corpus(table, spec(unknown_share=share, seed=3)).unknown_classes) for share in (0.1, 0.4, 0.99)
    ]
    assert [len(classes) for classes in held_out] == [1, 4, 8]
    assert held_out[0] < held_out[1] < held_out[2]


def test_the_digest_follows_texts_labels_and_roles() -> None:
    table = table_of(GIVEN)
    first = build_corpus(table, spec(split_column="split"))
    assert first.digest == build_corpus(table.copy(), spec(split_column="split", seed=9)).digest
    assert first.digest != build_corpus(table, spec()).digest
    assert first.digest != build_corpus(table.replace("train text a 0", "x"), spec(split_column="split")).digest
    assert first.digest != build_corpus(table, spec(split_column="split", unknown_labels=("a",))).digest


def test_the_table_is_not_changed() -> None:
    table = table_of([*GIVEN, ("", " a", "train")])
    before = table.copy()
    build_corpus(table, spec(split_column="split"))
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(
    ("rows", "changes", "said"),
    [
        (even(), {"text_column": "body"}, "choose among “text”, “label”, “split”"),
        (even(), {"label_column": "text"}, "cannot be two of text, label and split"),
        (even(), {"split_column": "label"}, "cannot be two of text, label and split"),
        ([], {}, "no rows"),
        ([(" ", "a", "")] * 20, {}, "holds no text"),
        ([(f"text {row}", "", "") for row in range(20)], {}, "holds no labels"),
        (even(20, "a"), {}, "one known class only, “a”"),
        (even(20, "ab"), {"unknown_labels": ("a", "b")}, "Every training row is of an unknown class"),
        (even(1, "abc"), {}, "3 rows with a known label: an experiment needs at least 10"),
        (even(20, "ab"), {"unknown_share": 0.1}, "fewer than 2 of 2 classes"),
        (even(), {"unknown_labels": ("A",)}, "did you mean “a”?"),
        ([*even(), ("x", "oos", "")], {"unknown_labels": ("ooos",)}, "did you mean “oos”?"),
        (even(), {"unknown_labels": ("zzz",)}, "did you mean “a”, “b”, “c”?"),
        ([*even(), ("x", "a", "tset")], {"split_column": "split"}, "holds “tset”, whose role is not known: use train"),
        ([*even(), ("x", "a", "")], {"split_column": "split"}, "holds “”"),
        (even(split="test"), {"split_column": "split"}, "marks no row as train"),
        (even(1, "abcdefghijkl"), {}, "No validation rows"),
        ([*even(), *even(5, "d", "test")], {"split_column": "split"}, "No test rows"),
    ],
)
def test_a_table_that_makes_no_experiment_is_refused(rows: list[Row], changes: dict[str, Any], said: str) -> None:
    assert said in refusal(table_of(rows), **changes)


words = st.sampled_from(["card", "Card ", "lost", "ｃａｒｄ", "help", "x"])
texts = st.one_of(st.integers(0, 200).map(lambda number: f"text {number}"), words)
labels = st.sampled_from(["a", "b", "c", "d", "oos", ""])
splits = st.sampled_from(["train", "train", "train", "Dev", "test", "pool"])


@settings(max_examples=80)
@given(
    rows=st.lists(st.tuples(texts, labels, splits), max_size=80),
    split_column=st.sampled_from([None, "split"]),
    unknown_share=st.sampled_from([0.0, 0.25]),
    seed=st.integers(0, 5),
)
def test_whatever_the_table_the_invariants_hold(
    rows: list[Row], split_column: str | None, unknown_share: float, seed: int
) -> None:
    table = table_of([*even(4), *even(1, split="val"), *even(1, split="test"), *rows, ("nothing", "oos", "test")])
    chosen = spec(split_column=split_column, unknown_labels=("oos",), unknown_share=unknown_share, seed=seed)
    corpus = build_corpus(table, chosen)
    every = np.concatenate([corpus.rows(role) for role in Role])
    assert sorted(every) == list(range(len(corpus.texts)))
    keys = normalised(corpus.texts)
    assert len({*zip(keys, corpus.roles, strict=True)}) == len(set(keys))
    assert [target >= 0 for target in corpus.targets] == [label in corpus.classes for label in corpus.labels]
    assert all(corpus.classes[t] == label for t, label in zip(corpus.targets, corpus.labels, strict=True) if t >= 0)
    assert not set(corpus.classes) & set(corpus.unknown_classes)
    assert set(corpus.labels[corpus.rows(Role.TRAIN, known=True)]) == set(corpus.classes)
    assert int(corpus.counts().to_numpy().sum()) == len(corpus.texts)
    assert corpus.digest == build_corpus(table, chosen).digest


@settings(max_examples=30)
@given(st.lists(st.integers(3, 60), min_size=4, max_size=8), st.integers(0, 100))
def test_every_class_meets_its_shares_within_one_row(sizes: list[int], seed: int) -> None:
    rows = [(f"text {label} {row}", f"class {label}", "") for label, size in enumerate(sizes) for row in range(size)]
    counts = build_corpus(table_of(rows), spec(seed=seed)).class_counts()
    expected = np.outer(sizes, [0.65, 0.15, 0.2, 0])
    assert np.abs(counts.to_numpy() - expected).max() <= 1


def test_fifty_thousand_rows_take_less_than_a_second_and_a_half() -> None:
    table = table_of([(f"where has my parcel number {row} gone", f"class {row % 150}", "") for row in range(50_000)])
    started = time.process_time()
    build_corpus(table, spec(unknown_share=0.25)).counts()
    assert time.process_time() - started < 1.5


def test_clinc150_keeps_its_split_but_for_texts_that_leak(public_data: Path) -> None:
    chosen = spec(
        file=str(public_data / "clinc150.csv"), label_column="intent", split_column="split", unknown_labels=("oos",)
    )
    corpus = load_corpus(chosen)
    assert len(corpus.classes) == 150
    assert corpus.counts().to_numpy().tolist() == [[14_995, 100, 0], [3_000, 100, 0], [4_500, 1_000, 0], [0, 0, 0]]
    assert "5 from train" in notes_of(corpus)


def test_banking77_is_split_by_class_with_a_quarter_held_out(public_data: Path) -> None:
    chosen = spec(file=str(public_data / "banking77_train.csv"), label_column="category", unknown_share=0.25)
    corpus = load_corpus(chosen)
    assert (len(corpus.classes), len(corpus.unknown_classes)) == (58, 19)
    assert len(corpus.rows(Role.TRAIN, known=False)) == 0
    assert (corpus.class_counts().loc[list(corpus.classes), ["train", "validation", "test"]] > 0).all(axis=None)


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample corpus is not there")
def test_the_sample_makes_a_corpus() -> None:
    corpus = load_corpus(CorpusSpec(file="sample", text_column="text", label_column="intent", split_column="split"))
    assert len(corpus.classes) >= 2
