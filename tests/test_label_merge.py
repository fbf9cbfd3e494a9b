"""Labels from a file meet labels that stand."""

from pathlib import Path

import pandas as pd
import pytest

from estitchup.catalog import URL_VARIABLE, Catalog
from estitchup.corpus import read_table
from estitchup.errors import EstitchupError
from estitchup.label_merge import merge
from estitchup.label_store import LabelStore
from estitchup.labels import Choice, Kind, insisting, text_keys
from estitchup.spreadsheet import as_csv, as_xlsx

TEXTS = ["alpha one", "beta two", "gamma three", "=delta four", "epsilon five"]
POOL = dict(zip(text_keys(TEXTS), TEXTS, strict=True))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabelStore:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    return LabelStore(Catalog(tmp_path).engine)


def table(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "label"])


def said(store: LabelStore) -> dict[str, str]:
    return {own.text: own.words for own in store.current("s").values()}


def test_every_row_finds_its_fate(store: LabelStore) -> None:
    for text, label in (("alpha one", "x"), ("beta two", "x")):
        store.decide("s", [Choice(text, Kind.LABEL, label)], "Ana")
    rows = table(
        ("Alpha  ONE", "y"),  # contradicts
        ("beta two", "x"),  # agrees
        ("gamma three", "z"),  # is new
        ("epsilon five", ""),  # says nothing
        ("elsewhere", "x"),
    )
    merged = merge(store, "s", rows, POOL, "Ben", "answers.csv")
    assert (merged.added, merged.agreed, merged.elsewhere, merged.contradictory) == (1, 1, 1, 0)
    assert said(store) == {"alpha one": "x", "beta two": "x", "gamma three": "z"}
    (conflict,) = merged.conflicts
    assert conflict.against is not None
    assert (conflict.decision.words, conflict.against.words) == ("y", "x")
    assert [own.words for own in store.history("s") if not own.stands] == ["y"]


def test_a_file_that_contradicts_itself_is_left_alone_there(store: LabelStore) -> None:
    merged = merge(store, "s", table(("alpha one", "x"), ("alpha one", "y")), POOL, "Ben", "a.csv")
    assert (merged.added, merged.contradictory) == (0, 1)
    assert said(store) == {}


def test_names_for_nothing_mean_none_of_these_and_a_skip_is_no_obstacle(store: LabelStore) -> None:
    store.decide("s", [Choice("alpha one", Kind.SKIP)], "Ana")
    merged = merge(store, "s", table(("alpha one", "oos"), ("beta two", "None of these")), POOL, "Ben", "a.csv")
    assert merged.added == 2
    assert set(said(store).values()) == {"none of these"}


def test_what_was_taken_away_comes_back_though_it_began_like_a_formula(store: LabelStore) -> None:
    filled = read_table(as_csv(table(*((text, "x") for text in TEXTS))), "queue.csv")
    assert merge(store, "s", filled, POOL, "Ben", "queue.csv").added == len(TEXTS)
    assert set(said(store)) == set(TEXTS)


ODD = ["=a", "'=a", "''@b", "-c", "'-d", "'plain'", "bell \x07 here", "a\x1cb", "\uffff odd", "x;=1", "l" * 40_000]


@pytest.mark.parametrize("name", ["queue.csv", "queue.xlsx"])
def test_every_text_that_was_taken_away_is_found_again(store: LabelStore, name: str) -> None:
    pool = dict(zip(text_keys(ODD), ODD, strict=True))
    given = table(*((text, f"class {number};=1") for number, text in enumerate(ODD)))
    filled = read_table(as_csv(given) if name.endswith("csv") else as_xlsx(given, "queue"), name)
    merged = merge(store, "s", filled, pool, "Ben", name)
    assert (merged.added, merged.elsewhere, merged.contradictory) == (len(ODD), 0, 0)
    assert said(store) == {text: f"class {number};=1" for number, text in enumerate(ODD)}


def test_a_cut_cell_that_could_be_two_texts_is_neither(store: LabelStore) -> None:
    texts = ["l" * 40_000, "l" * 50_000]
    filled = read_table(as_xlsx(table(*((text, "x") for text in texts)), "queue"), "queue.xlsx")
    merged = merge(store, "s", filled, dict(zip(text_keys(texts), texts, strict=True)), "Ben", "queue.xlsx")
    assert (merged.added, merged.elsewhere) == (0, 1)


def test_ones_own_earlier_label_is_corrected_by_the_file(store: LabelStore) -> None:
    store.decide("s", [Choice("alpha one", Kind.LABEL, "x"), Choice("beta two", Kind.SKIP)], "Ben")
    merged = merge(store, "s", table(("alpha one", "y"), ("beta two", "y")), POOL, "Ben", "a.csv")
    assert (merged.added, merged.corrected, merged.conflicts) == (1, 1, ())
    assert said(store) == {"alpha one": "y", "beta two": "y"}


def test_who_has_seen_the_conflicts_can_put_the_files_labels_in_their_place(store: LabelStore) -> None:
    store.decide("s", [Choice(text, Kind.LABEL, "x") for text in TEXTS[:3]], "Ana")
    rows = table(*((text, "y") for text in TEXTS[:3]))
    conflicts = merge(store, "s", rows, POOL, "Ben", "a.csv").conflicts
    store.decide("s", [Choice("alpha one", Kind.LABEL, "z", 2)], "Ana")  # after Ben has seen x
    again = store.decide("s", insisting(conflicts), "Ben", "a.csv")
    (left,) = (own for own in again if own.against)
    assert left.against is not None
    assert (left.decision.words, left.against.words) == ("y", "z")
    assert said(store) == {"alpha one": "z", "beta two": "y", "gamma three": "y"}
    assert store.decide("s", insisting([left]), "Ben", "a.csv")[0].against is None
    assert said(store)["alpha one"] == "y"


def test_a_table_without_labels_is_refused_in_a_sentence(store: LabelStore) -> None:
    with pytest.raises(EstitchupError, match="text and label"):
        merge(store, "s", pd.DataFrame({"text": ["alpha one", "beta two"]}), POOL, "Ben", "a.csv")
