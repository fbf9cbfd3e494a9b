"""Several files at once: each plays its role, whatever its columns are called."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from estitchup.corpus import (
    Corpus,
    CorpusSpec,
    FileSpec,
    Role,
    Use,
    described,
    guess_first,
    guess_further,
    guess_spec,
    guess_use,
    load_corpus,
    look_at,
)
from estitchup.errors import EstitchupError


def written(path: Path, rows: list[tuple[str, ...]], header: str = "text,label") -> str:
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]), encoding="utf-8")
    return str(path)


def rows(word: str, count: int, classes: str = "abc") -> list[tuple[str, ...]]:
    return [(f"{word} text {label} {number}", label) for label in classes for number in range(count)]


def corpus_of(file: str, *more: FileSpec, **changes: Any) -> Corpus:
    spec = {"file": file, "text_column": "text", "label_column": "label", "more": more, **changes}
    return load_corpus(CorpusSpec.model_validate(spec))


@pytest.fixture
def train(tmp_path: Path) -> str:
    return written(tmp_path / "train.csv", rows("train", 20))


def test_a_test_file_is_the_test_role_and_validation_is_drawn_from_training(tmp_path: Path, train: str) -> None:
    test = FileSpec(file=written(tmp_path / "test.csv", rows("test", 5)), use=Use.TEST)
    corpus = corpus_of(train, test)
    assert corpus.counts()["known"].tolist() == [51, 9, 15, 0]
    assert all(corpus.texts[row].startswith("test") for row in corpus.rows(Role.TEST))


def test_texts_of_an_unknown_file_are_refused_in_validation_and_test_and_never_trained_on(
    tmp_path: Path, train: str
) -> None:
    ood = FileSpec(file=written(tmp_path / "ood.csv", rows("strange", 14, "ab")), use=Use.UNKNOWN)
    for more in ((), (FileSpec(file=written(tmp_path / "test.csv", rows("test", 5)), use=Use.TEST),)):
        corpus = corpus_of(train, *more, ood)
        assert corpus.unknown_classes == ("ood",)
        assert corpus.counts()["unknown"].tolist() == [0, 12, 16, 0]
        assert corpus.classes == ("a", "b", "c")


def test_an_unknown_file_called_like_a_class_is_no_class(tmp_path: Path, train: str) -> None:
    ood = FileSpec(file=written(tmp_path / "a.csv", rows("strange", 9, "x")), use=Use.UNKNOWN)
    corpus = corpus_of(train, ood)
    assert corpus.classes == ("a", "b", "c")
    assert corpus.unknown_classes == ("a (a.csv)",)


def test_unknown_texts_beside_a_split_column_are_drawn_for_validation_and_test(tmp_path: Path) -> None:
    given = [(*row, "train") for row in rows("x", 9)] + [(*row, "test") for row in rows("y", 5)]
    given += [(*row, "val") for row in rows("z", 3)]
    first = written(tmp_path / "all.csv", given, "text,label,split")
    ood = FileSpec(file=written(tmp_path / "ood.csv", rows("strange", 7, "ab")), use=Use.UNKNOWN)
    assert corpus_of(first, ood, split_column="split").counts()["unknown"].tolist() == [0, 6, 8, 0]


def test_a_pool_of_one_text_a_line_needs_neither_columns_nor_labels(tmp_path: Path, train: str) -> None:
    (tmp_path / "pool.txt").write_text("who goes there\nwhat, again\n")
    corpus = corpus_of(train, FileSpec(file=str(tmp_path / "pool.txt"), use=Use.POOL))
    assert [corpus.texts[row] for row in corpus.rows(Role.POOL)] == ["who goes there", "what, again"]
    assert "Put 2 rows into the pool" in " ".join(corpus.notes)


def test_a_file_may_call_its_columns_otherwise(tmp_path: Path, train: str) -> None:
    other = written(tmp_path / "test.csv", rows("test", 5), "utterance,intent")
    spec = guess_spec(train)
    further = guess_further(other, spec)
    assert (further.use, further.text_column, further.label_column) == (Use.TEST, "utterance", "intent")
    corpus = load_corpus(spec.model_copy(update={"more": (further,)}))
    assert len(corpus.rows(Role.TEST, known=True)) == 15


def test_the_columns_that_are_said_go_before_the_first_files_and_the_guess(tmp_path: Path, train: str) -> None:
    lines = [f"wrong {n},right {n},x,{'ab'[n % 2]}" for n in range(6)]
    file = tmp_path / "test.csv"
    file.write_text("\n".join(["text,body,label,kind", *lines]))
    spec = guess_spec(train)
    said = FileSpec(file=str(file), use=Use.TEST, text_column="body", label_column="kind")
    corpus = load_corpus(spec.model_copy(update={"more": (described(look_at(file), said, spec),)}))
    assert [corpus.texts[row] for row in corpus.rows(Role.TEST, known=True)] == [f"right {n}" for n in range(6)]
    with pytest.raises(EstitchupError, match=r"“body” of test\.csv cannot be both text and label"):
        corpus_of(train, said.model_copy(update={"label_column": "body"}))


def test_one_file_a_class_makes_a_corpus(tmp_path: Path) -> None:
    for label in ("spam", "ham"):
        (tmp_path / f"{label}.txt").write_text("\n".join(f"{label} number {n}" for n in range(20)))
    spec = guess_spec(str(tmp_path / "spam.txt"))
    spec = spec.model_copy(update={"more": (guess_further(str(tmp_path / "ham.txt"), spec),)})
    corpus = load_corpus(spec)
    assert corpus.classes == ("ham", "spam")
    assert Counter(corpus.labels) == {"ham": 20, "spam": 20}


def test_a_text_that_stands_in_two_files_stays_in_the_most_protected_role(tmp_path: Path, train: str) -> None:
    test = FileSpec(file=written(tmp_path / "test.csv", [*rows("test", 5), ("TRAIN  text a 0", "a")]), use=Use.TEST)
    corpus = corpus_of(train, test)
    assert "Dropped 1 row" in " ".join(corpus.notes)
    assert len(corpus.rows(Role.TEST)) == 16


def test_what_a_further_file_lacks_is_said_with_its_name(tmp_path: Path, train: str) -> None:
    other = written(tmp_path / "test.csv", [("x", "y", "z")] * 3, "body,kind,id")
    with pytest.raises(EstitchupError, match=r"no column “text” in test\.csv: choose among “body”, “kind”, “id”"):
        corpus_of(train, FileSpec(file=other, use=Use.TEST))
    with pytest.raises(EstitchupError, match="There is no file"):
        corpus_of(train, FileSpec(file=str(tmp_path / "gone.csv"), use=Use.TEST))


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("banking_test.csv", Use.TEST),
        ("TestSet.csv", Use.TEST),
        ("train-part1.parquet", Use.TRAIN),
        ("dev.tsv", Use.VALIDATION),
        ("oos_test.json", Use.UNKNOWN),
        ("my_ood.txt", Use.UNKNOWN),
        ("unlabelled.txt", Use.POOL),
        ("latest.csv", None),
        ("contest.csv", None),
    ],
)
def test_a_files_name_says_what_it_is_for(name: str, use: Use | None) -> None:
    assert guess_use(name) == use


def test_the_first_file_is_the_one_with_the_training_texts() -> None:
    assert guess_first(["test.csv", "train.csv", "ood.csv"]) == 1
    assert guess_first(["test.csv", "intents.csv"]) == 1
    assert guess_first(["test.csv"]) == 0


def test_a_spec_of_several_files_survives_json(train: str) -> None:
    spec = CorpusSpec(
        file=train, text_column="t", label_column="l", more=(FileSpec(file="b", use=Use.POOL, vectors="v"),)
    )
    assert CorpusSpec.model_validate_json(spec.model_dump_json()) == spec
