import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estitchup.corpus import Corpus, CorpusSpec, Role, build_corpus
from estitchup.corpus.fixes import (
    DropClasses,
    DropDuplicates,
    DropTexts,
    Fix,
    MergeLabels,
    RelabelTexts,
    SettleLabels,
    text_digests,
)
from estitchup.errors import EstitchupError

ROWS = [(f"{word} number {n}", word) for word in ("apple", "pear", "plum") for n in range(12)]


def spec(*fixes: Fix, **changes: object) -> CorpusSpec:
    return CorpusSpec(file="", text_column="text", label_column="label", fixes=fixes, **changes)  # type: ignore[arg-type]


def build(rows: list[tuple[str, str]], *fixes: Fix, **changes: object) -> Corpus:
    return build_corpus(pd.DataFrame(rows, columns=["text", "label"]), spec(*fixes, **changes))


def named(*texts: str) -> tuple[str, ...]:
    return tuple(text_digests(texts).tolist())


def test_a_spec_with_fixes_survives_the_way_through_json() -> None:
    every = (
        DropTexts(texts=named("a text"), reason="of no use", roles=(Role.TRAIN,)),
        RelabelTexts(texts={"pear": named("apple number 1", "apple number 2"), "plum": named("pear number 1")}),
        DropDuplicates(),
        MergeLabels(names=(("Refund", "refund"),)),
        SettleLabels(),
        DropClasses(labels=("plum",)),
    )
    assert CorpusSpec.model_validate_json(spec(*every).model_dump_json()).fixes == every


def test_a_fix_nobody_knows_is_refused_in_a_sentence() -> None:
    with pytest.raises(EstitchupError, match="does not match any of the expected tags"):
        CorpusSpec.model_validate({"file": "x", "text_column": "t", "label_column": "l", "fixes": [{"kind": "magic"}]})


def test_spellings_are_merged_before_roles_are_drawn() -> None:
    rows = [*ROWS, *[(f"more apples {n}", "Apple") for n in range(12)]]
    corpus = build(rows, MergeLabels(names=(("apple", "Apple"),)))
    assert corpus.classes == ("apple", "pear", "plum")
    assert corpus.class_counts().loc["apple"].sum() == 24
    assert "gave 12 rows another spelling" in " ".join(corpus.notes)


def test_an_unknown_label_keeps_its_meaning_under_its_new_name() -> None:
    rows = [*ROWS, *[(f"strange {n}", "OOS" if n % 2 else "oos") for n in range(12)]]
    corpus = build(rows, MergeLabels(names=(("oos", "OOS"),)), unknown_labels=("OOS",))
    assert corpus.unknown_classes == ("oos",)
    assert len(corpus.rows(Role.TEST, known=False)) + len(corpus.rows(Role.VALIDATION, known=False)) == 12


def test_a_text_gets_its_most_frequent_label_and_is_left_out_on_a_tie() -> None:
    rows = [*ROWS, ("Green", "apple"), ("green ", "apple"), ("green", "pear"), ("round", "pear"), ("Round", "plum")]
    corpus = build(rows, SettleLabels())
    labels = dict(zip(corpus.texts, corpus.labels, strict=True))
    assert [labels[text] for text in ("Green", "green ", "green")] == ["apple"] * 3
    assert not {"round", "Round"} & set(labels)


def test_each_text_is_kept_once_for_each_label() -> None:
    corpus = build([*ROWS, ("Apple  number 1", "apple"), ("apple number 1", "pear")], DropDuplicates())
    assert corpus.texts.count("apple number 1") == 2
    assert "Apple  number 1" not in corpus.texts


def test_a_class_can_be_left_out_also_when_it_was_called_unknown() -> None:
    corpus = build(ROWS, DropClasses(labels=("plum",)), unknown_labels=("plum",))
    assert corpus.classes == ("apple", "pear")
    assert corpus.unknown_classes == ()


def test_leaving_out_everything_is_a_sentence() -> None:
    with pytest.raises(EstitchupError, match="leave out every row"):
        build(ROWS, DropClasses(labels=("apple", "pear", "plum")))


@settings(max_examples=20)
@given(st.sets(st.sampled_from([text for text, _ in ROWS]), min_size=1, max_size=6), st.integers(0, 100))
def test_leaving_out_texts_moves_no_other_text_to_another_role(texts: set[str], seed: int) -> None:
    before = build(ROWS, seed=seed)
    after = build(ROWS, DropTexts(texts=named(*texts), reason="of no use"), seed=seed)
    roles = dict(zip(before.texts, before.roles, strict=True))
    assert dict(zip(after.texts, after.roles, strict=True)) == {t: r for t, r in roles.items() if t not in texts}


def test_only_the_named_roles_lose_their_texts() -> None:
    before = build(ROWS)
    every = named(*before.texts)
    train = [before.texts[row] for row in before.rows(Role.TRAIN)][:3]
    after = build(ROWS, DropTexts(texts=named(*train), reason="of no use", roles=(Role.TEST,)))
    assert after.digest == before.digest
    assert len(set(every)) == len(ROWS)


def labels_of(corpus: Corpus) -> dict[str, str]:
    return dict(zip(corpus.texts, corpus.labels, strict=True))


def test_relabelling_changes_the_labels_of_the_named_training_texts_and_nothing_else() -> None:
    before = build(ROWS)
    train = [before.texts[row] for row in before.rows(Role.TRAIN) if before.labels[row] == "apple"][:3]
    test = before.texts[before.rows(Role.TEST)[0]]
    after = build(ROWS, RelabelTexts(texts={"pear": named(*train, test)}))
    assert labels_of(after) == labels_of(before) | dict.fromkeys(train, "pear")
    assert after.texts == before.texts
    assert (after.roles == before.roles).all()
    assert "gave 3 training rows the label" in " ".join(after.notes)


def test_a_new_label_follows_its_class_into_another_spelling_and_is_not_given_when_the_class_left() -> None:
    before = build(ROWS)
    train = next(before.texts[row] for row in before.rows(Role.TRAIN) if before.labels[row] == "apple")
    relabelled = RelabelTexts(texts={"plum": named(train)})
    assert labels_of(build(ROWS, relabelled, MergeLabels(names=(("plums", "plum"),))))[train] == "plums"
    assert labels_of(build(ROWS, relabelled, DropClasses(labels=("plum",))))[train] == "apple"


def test_relabelling_nothing_or_too_much_is_a_sentence() -> None:
    with pytest.raises(EstitchupError, match="names 0 texts"):
        RelabelTexts(texts={"pear": ()})


def test_undoing_is_taking_the_fix_out_of_the_spec() -> None:
    first, second = DropTexts(texts=named("apple number 3"), reason="of no use"), DropClasses(labels=("plum",))
    assert build(ROWS, first, second).digest != build(ROWS, first).digest
    assert build(ROWS, first).digest == build(ROWS, first).digest
    assert build(ROWS).digest == build(ROWS, *[]).digest


def test_a_fix_that_no_longer_meets_anything_changes_nothing() -> None:
    gone = (DropTexts(texts=named("never here"), reason="x"), MergeLabels(names=(("a", "b"),)), SettleLabels())
    assert build(ROWS, *gone, DropDuplicates()).digest == build(ROWS).digest


def test_a_text_is_named_whatever_its_case_and_white_space() -> None:
    one, other, third = text_digests(["Hello  World", " hello world", "hello worlds"])
    assert one == other != third
    assert np.char.str_len(one) == 16
