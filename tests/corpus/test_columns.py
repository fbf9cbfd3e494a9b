from pathlib import Path

import pandas as pd
import pytest

from estitchup.corpus import ColumnGuess, guess_columns, guess_unknown_labels, read_table

TEXTS = [f"please tell me where parcel number {number} has gone" for number in range(60)]
LABELS = ["parcel", "refund", "greeting"] * 20
SPLITS = ["train"] * 40 + ["test"] * 20


def test_public_sets_are_guessed(public_data: Path) -> None:
    clinc, banking = read_table(public_data / "clinc150.csv"), read_table(public_data / "banking77_train.csv")
    assert guess_columns(clinc) == ColumnGuess("text", "intent", "split")
    assert guess_columns(banking) == ColumnGuess("text", "category", None)
    renamed = clinc.set_axis(list("abc"), axis=1)[["c", "b", "a"]]
    renamed.insert(0, "d", [str(number) for number in range(len(renamed))])
    assert guess_columns(renamed) == ColumnGuess("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "label", "split"),
    [("text", "intent", "split"), ("User Query", "ticketCategory", "data_set"), ("x", "y", "z"), ("0", "1", "2")],
)
def test_columns_are_guessed_beside_an_id(text: str, label: str, split: str) -> None:
    identifiers = [f"{number:08x}-aaaa-bbbb-cccc-0123456789abcdef0123456789abcdef" for number in range(60)]
    table = pd.DataFrame({"text_id": identifiers, split: SPLITS, label: LABELS, text: TEXTS})
    assert guess_columns(table) == ColumnGuess(text, label, split)


@pytest.mark.parametrize("sentence", ["где моя карта", "カードはどこですか", "我的卡在哪里"])
def test_texts_in_any_script_are_texts(sentence: str) -> None:
    table = pd.DataFrame({"a": LABELS, "b": [f"{sentence}{'。' * number}" for number in range(60)]})
    assert guess_columns(table) == ColumnGuess("b", "a", None)


def test_the_label_in_words_goes_before_the_same_label_in_numbers() -> None:
    numbers = [str(LABELS.index(label)) for label in LABELS]
    table = pd.DataFrame({"text": TEXTS, "label": numbers, "label_text": LABELS})
    assert guess_columns(table).label == "label_text"
    assert guess_columns(table[["text", "label"]]).label == "label"


def test_a_type_of_message_is_a_label_and_no_text() -> None:
    table = pd.DataFrame({"message_type": LABELS, "sms": TEXTS})
    assert guess_columns(table) == ColumnGuess("sms", "message_type", None)


def test_a_fold_number_is_no_split() -> None:
    table = pd.DataFrame({"text": TEXTS, "label": LABELS, "fold": ["0", "1", "2", "3", "4"] * 12})
    assert guess_columns(table).split is None


def test_a_table_of_nothing_or_of_texts_alone_is_guessed_without_error() -> None:
    assert guess_columns(pd.DataFrame()) == ColumnGuess(None, None, None)
    assert guess_columns(pd.DataFrame({"a": [], "b": []})) == ColumnGuess(None, None, None)
    assert guess_columns(pd.DataFrame({"a": TEXTS})) == ColumnGuess("a", None, None)
    assert guess_columns(pd.DataFrame({"a": ["", None]})) == ColumnGuess(None, None, None)


def test_labels_for_none_of_the_classes_are_found_however_they_are_written() -> None:
    unknown = ["oos", "Out_Of_Scope", "out-of-scope", "OOD", "Unknown", "none of the above", "outOfDomain"]
    assert guess_unknown_labels(["parcel", *unknown, "other", "oos", "", "boost"]) == tuple(unknown)
