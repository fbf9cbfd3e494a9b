"""From labels to a new corpus, and before against after on the same test texts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estitchup.corpus import CorpusSpec, Role, build_corpus, load_corpus
from estitchup.errors import EstitchupError
from estitchup.labels import Decision, Kind, scope_of, text_key
from estitchup.relabelling import changes, relabelled
from estitchup.result import ExperimentResult
from estitchup.workspace import Workspace

POOL = [f"pool text {number}" for number in range(30)]


@pytest.fixture
def pooled(small_result: ExperimentResult) -> ExperimentResult:
    """Return the small result as if there had been a pool."""
    pool = pd.DataFrame({"text": POOL, "label": "", "role": "pool", "target": -1})
    return replace(small_result, rows=pd.concat([small_result.rows, pool], ignore_index=True))


def decided(**labels: list[int]) -> dict[str, Decision]:
    made = {}
    for label, numbers in labels.items():
        for number in numbers:
            kind = {"none": Kind.NONE, "skip": Kind.SKIP}.get(label, Kind.LABEL)
            key = text_key(POOL[number])
            made[key] = Decision(0, POOL[number], key, 1, kind, label, "Ana", "", "", True, "page")
    return made


def test_labelled_texts_train_and_the_rest_stays_where_it_was(pooled: ExperimentResult) -> None:
    now = relabelled(pooled, decided(invoice=[0, 1], none=[2], skip=[3]))
    assert now.gained == 2
    assert now.new_classes == ()
    moved = now.table["split"] != pooled.rows["role"]
    assert now.table.loc[moved, "text"].tolist() == POOL[:2]
    assert now.table.loc[moved, ["label", "split"]].drop_duplicates().to_numpy().tolist() == [["invoice", "train"]]
    assert scope_of(now.table["text"]) == scope_of(pooled.rows["text"])


def test_a_new_class_gives_a_fifth_to_validation_once_it_has_ten(pooled: ExperimentResult) -> None:
    now = relabelled(pooled, decided(big=list(range(10)), small=list(range(10, 19))))
    roles = now.table.groupby("label")["split"].value_counts()
    assert roles["big"].to_dict() == {"train": 8, "validation": 2}
    assert roles["small"].to_dict() == {"train": 9}
    assert now.new_classes == ("big", "small")


def test_an_unknown_class_that_is_named_becomes_known_and_its_test_texts_with_it(pooled: ExperimentResult) -> None:
    now = relabelled(pooled, decided(oos=[0, 1, 2]))
    assert now.new_classes == ("oos",)
    assert now.unknown_labels == ()
    assert relabelled(pooled, decided(invoice=[0])).unknown_labels == ("oos",)


def test_the_new_corpus_has_the_same_test_texts_in_the_same_order(pooled: ExperimentResult) -> None:
    now = relabelled(pooled, decided(refund=[0], delete_account=[1, 2]))
    spec = now.spec(pooled.spec, "labelled.parquet").corpus
    corpus = build_corpus(now.table, spec)
    before = pooled.rows.loc[pooled.rows["role"] == "test", "text"].tolist()
    assert [corpus.texts[row] for row in np.flatnonzero(corpus.roles == "test")] == before
    assert corpus.classes == tuple(sorted([*pooled.facts.classes, "delete_account"]))
    assert corpus.unknown_classes == ("oos",)


def test_training_texts_of_held_out_classes_do_not_slip_in(pooled: ExperimentResult) -> None:
    rows = pooled.rows.copy()
    rows.loc[rows["label"] == "refund", "target"] = -1  # as if held out as unknown
    held_out = replace(
        pooled, rows=rows, facts=replace(pooled.facts, classes=tuple(set(pooled.facts.classes) - {"refund"}))
    )
    now = relabelled(held_out, decided(refund=[0]))
    trained = now.table[(now.table["label"] == "refund") & (now.table["split"] == "train")]
    assert trained["text"].tolist() == POOL[:1]


def test_without_labels_it_says_so(pooled: ExperimentResult) -> None:
    with pytest.raises(EstitchupError, match="label some texts first"):
        relabelled(pooled, decided(none=[0]))


def test_vectors_that_came_with_the_file_go_on_with_their_texts(pooled: ExperimentResult, tmp_path: Path) -> None:
    corpus = CorpusSpec(file="a.parquet", text_column="text", label_column="label", vectors="embedding")
    given = replace(pooled, spec=pooled.spec.model_copy(update={"corpus": corpus}))
    vectors = np.random.default_rng(0).normal(size=(len(given.rows), 6)).astype(np.float32)
    now = relabelled(given, decided(refund=[0], delete_account=[1, 2]), vectors)
    file = str(tmp_path / "labelled.parquet")
    Workspace(tmp_path / "home").keep_table(now.table, file)
    again = load_corpus(now.spec(given.spec, file).corpus)
    np.testing.assert_array_equal(again.vectors, vectors)
    assert list(again.texts) == given.rows["text"].tolist()
    with pytest.raises(EstitchupError, match="came with the file"):
        relabelled(given, decided(refund=[0]))


def test_an_experiment_differs_from_itself_in_nothing(small_result: ExperimentResult) -> None:
    for change in changes(small_result, small_result):
        assert change.accuracy.mean == 0
        assert not change.accuracy.clear
        assert (change.before, change.new_texts) == (change.after, 0)


def test_classes_are_matched_by_name_and_new_ones_count_apart(small_result: ExperimentResult) -> None:
    """Give the experiment after a class more, in front, that answers every unknown test text."""
    rows = small_result.rows.copy()
    rows["target"] += 1
    rows.loc[rows["label"] == "oos", "target"] = 0
    rows.loc[rows["label"] == "", "target"] = -1
    oos = (small_result.role_rows(Role.TEST)["label"] == "oos").to_numpy()
    logits = small_result.logits["test"]
    first = np.where(oos, 1e3, -1e3)[None, :, None].repeat(len(logits), axis=0)
    after = replace(
        small_result,
        rows=rows,
        facts=replace(small_result.facts, classes=("new", *small_result.facts.classes)),
        logits=small_result.logits | {"test": np.concatenate([first, logits], axis=2).astype(np.float32)},
    )
    for change in changes(small_result, after):
        assert change.accuracy.mean == 0
        assert (change.new_texts, change.new_right) == (oos.sum(), oos.sum())
        assert np.isnan(change.auroc.mean)


def test_other_test_texts_are_refused(small_result: ExperimentResult) -> None:
    other = replace(small_result, rows=small_result.rows.assign(text="x" + small_result.rows["text"]))
    with pytest.raises(EstitchupError, match="different test texts"):
        changes(small_result, other)
