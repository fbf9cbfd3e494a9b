"""Every format, written by the tool that people write it with, comes back cell by cell."""

import csv
import gzip
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import xlwt

from estitchup.corpus import Reading, guess_columns, look_at, read_table
from estitchup.errors import EstitchupError

CELLS = [
    "None",
    "N/A",
    "null",
    "nan",
    "001",
    "1e5",
    "TRUE",
    "=1+1",
    "a, b; c",
    'she said "hi"',
    "naïve 日本 👩‍👧",
    "line\nbreak",
]
TABLE = pd.DataFrame({"text": CELLS, "label": ["a", "b"] * 6})


def csv_bytes(**options: Any) -> bytes:
    content = io.StringIO(newline="")
    csv.writer(content, **options).writerows([TABLE.columns, *TABLE.itertuples(index=False)])
    return content.getvalue().encode()


def xlsx_bytes(table: pd.DataFrame = TABLE) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    book.active.title = "Notes"  # type: ignore[union-attr]
    sheet = book.create_sheet("Texts")
    sheet.append(list(table.columns))
    for row in table.itertuples(index=False):
        sheet.append(list(row))
    for cells in sheet.iter_rows(min_row=2, max_col=1):
        cells[0].data_type = "s"
    book.save(content)
    return content.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, inside in files.items():
            archive.writestr(path, inside)
    return content.getvalue()


def parquet_bytes(table: pa.Table) -> bytes:
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


def feather_bytes() -> bytes:
    content = io.BytesIO()
    feather.write_feather(TABLE, content)
    return content.getvalue()


RECORDS = TABLE.to_dict("records")
FILES = {
    "a.csv": csv_bytes(),
    "a.tsv": csv_bytes(delimiter="\t"),
    "semicolons.csv": csv_bytes(delimiter=";"),
    "a.csv.gz": gzip.compress(csv_bytes()),
    "one.zip": zip_of({"inner/a.csv": csv_bytes(), "__MACOSX/a.csv": b"junk"}),
    "xlsx.zip": zip_of({"a.xlsx": xlsx_bytes()}),
    "a.json": json.dumps(RECORDS).encode(),
    "columns.json": json.dumps(TABLE.to_dict("list")).encode(),
    "pandas.json": TABLE.to_json().encode(),
    "nested.json": json.dumps({"version": 1, "data": {"items": RECORDS}}).encode(),
    "a.jsonl": TABLE.to_json(orient="records", lines=True).encode(),
    "a.parquet": parquet_bytes(pa.Table.from_pandas(TABLE)),
    "a.parquet.gz": gzip.compress(parquet_bytes(pa.Table.from_pandas(TABLE))),
    "a.feather": feather_bytes(),
    "a.xlsx": xlsx_bytes(),
}


@pytest.mark.parametrize("name", FILES)
def test_cells_come_back_as_they_were_written(name: str) -> None:
    assert read_table(FILES[name], name).to_numpy().tolist() == TABLE.to_numpy().tolist()


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_ending_is_read_right_and_said(name: str) -> None:
    wrong = "a.xlsx" if name != "a.xlsx" else "a.json"
    look = look_at(FILES[name], wrong)
    assert look.head["text"].tolist() == CELLS
    assert look.found.note or look.found.member


def test_old_workbooks_are_read(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for row, cells in enumerate([("text", "label"), ("hello", 7), ("1.50", 2.5)]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    book.save(str(tmp_path / "old.xls"))
    assert read_table(tmp_path / "old.xls").to_numpy().tolist() == [["hello", "7"], ["1.50", "2.5"]]


def test_numbers_and_days_of_a_workbook_are_written_as_people_read_them() -> None:
    table = pd.DataFrame(
        {"text": ["x"], "n": [1], "r": [0.1], "d": [datetime(2024, 1, 2)], "t": [datetime(2024, 1, 2, 3)]}
    )
    table = table.astype(object).assign(b=[True])
    assert read_table(xlsx_bytes(table), "a.xlsx").iloc[0].tolist() == [
        *("x", "1", "0.1", "2024-01-02", "2024-01-02T03:00:00", "TRUE"),
    ]


def test_the_sheet_of_a_workbook_can_be_chosen_and_the_first_filled_one_is_taken() -> None:
    look = look_at(xlsx_bytes(), "a.xlsx")
    assert (look.found.sheet, look.found.sheets) == ("Texts", ("Notes", "Texts"))
    with pytest.raises(EstitchupError, match=r"“Notes” of a\.xlsx is empty"):
        look_at(xlsx_bytes(), "a.xlsx", Reading(sheet="Notes"))


def test_the_key_of_a_nested_json_can_be_chosen() -> None:
    content = json.dumps({"train": [["hi", "greet"]] * 3, "oos_test": [["what", "oos"]]}).encode()
    look = look_at(content, "clinc.json")
    assert look.found.paths == ("*", "train", "oos_test")
    assert look.head.iloc[-1].tolist() == ["what", "oos", "oos_test"]
    assert read_table(content, "clinc.json", Reading(records="oos_test")).to_numpy().tolist() == [["what", "oos"]]


def test_clinc150_in_its_own_shape_guesses_its_split() -> None:
    parts = {f"{oos}{part}": [[f"{oos} text {part} {n}", oos or f"c{n % 3}"] for n in range(30)]
             for part in ("train", "val", "test") for oos in ("", "oos_")}  # fmt: skip
    guess = guess_columns(read_table(json.dumps(parts).encode(), "data_full.json"))
    assert (guess.text, guess.label, guess.split) == ("column 1", "column 2", "key")


def test_json_in_one_line_of_many_megabytes_is_read() -> None:
    content = json.dumps([{"text": "word " * 2_000, "label": "a"}] * 2_000).encode()
    assert len(content) > 16 << 20
    assert len(read_table(content, "a.json")) == 2_000


def test_of_encodings_that_say_the_same_the_most_common_is_named() -> None:
    lines = "\n".join(f'"order {n}; über Straße ü";{"ab"[n % 2]}' for n in range(40))
    assert look_at(f"Nachricht;Größe\n{lines}".encode("cp1252"), "a.csv").found.encoding == "cp1252"


def test_the_longest_list_of_objects_holds_the_records_however_deep_it_lies() -> None:
    items = [{"body": {"text": f"text {n}"}, "topic": "ab"[n % 2]} for n in range(9)]
    content = json.dumps({"users": [{"id": 1}, {"id": 2}], "export": {"words": ["x"] * 99, "items": items}}).encode()
    look = look_at(content, "export.json")
    assert look.found.paths == ("export.items", "users", "export.words")
    assert look.columns == ("body.text", "topic")


def test_records_that_differ_in_keys_have_all_of_them() -> None:
    table = read_table(b'{"text": "a"}\n{"label": "b", "more": {"x": 1.50}}\n', "a.jsonl")
    assert list(table.columns) == ["text", "label", "more.x"]
    assert table.to_numpy().tolist() == [["a", "", ""], ["", "b", "1.50"]]


def test_a_line_that_is_no_json_is_named() -> None:
    with pytest.raises(EstitchupError, match=r"Line 2 of a\.jsonl is not JSON"):
        read_table(b'{"text": "a"}\nnot json\n', "a.jsonl")


def test_plain_text_is_one_text_a_line_unless_it_is_a_table() -> None:
    assert read_table(b"Hello, there\n\nWhere is it, then?\n", "pool.txt")["text"].tolist() == [
        "Hello, there",
        "Where is it, then?",
    ]
    assert list(read_table(b"text,label\nhi,a\n", "table.txt").columns) == ["text", "label"]
    assert list(read_table(b"what\twhich\nhi\ta\n", "table.txt").columns) == ["what", "which"]
    lines = read_table(b"text,label\nhi,a\n", "table.txt", Reading(delimiter="\n"))
    assert lines["text"].tolist() == ["text,label", "hi,a"]


def test_a_text_that_begins_with_a_bracket_is_no_json() -> None:
    assert len(read_table(b"[laughs] hello\n[1] note\n", "talk.txt")) == 2


def test_what_is_said_about_encoding_delimiter_and_quotes_counts() -> None:
    content = "text;label\nо нет;а\n".encode("cp1251")
    assert read_table(content, "a.csv", Reading(encoding="cp1251"))["text"][0] == "о нет"
    assert list(read_table(b"a;b,c\n1;2,3\n", "a.csv", Reading(delimiter=";")).columns) == ["a", "b,c"]
    assert read_table(b'text,label\n"hi",a\n', "a.csv", Reading(quoted=False))["text"][0] == '"hi"'
    found = look_at(content, "a.csv").found
    assert (found.delimiter, found.quoted) == (";", True)


def test_the_whole_file_decides_what_the_first_rows_leave_open() -> None:
    plain = b"text,label\n" + b"hello there,a\n" * 20_000
    assert read_table(plain + "café,b\n".encode("cp1252") * 5, "late.csv")["text"].iloc[-1] == "café"
    assert look_at(plain + "café,b\n".encode() * 5, "late.csv").found.encoding == "utf-8"
    semicolons = b"text;label,note\n" + b"a;b,c\n" * 20_000 + b"x, y, z;b,c\n"
    assert look_at(semicolons, "late.csv").found.delimiter == ";"


@pytest.mark.parametrize("western", [3, 20, 37])
def test_lines_in_utf8_and_in_windows_1252_are_each_read_as_what_they_are_and_a_note_says_so(western: int) -> None:
    rows = [f"Größe {n} für Päckchen,ä" for n in range(40)]
    encoded = [row.encode("cp1252" if n < western else "utf-8") for n, row in enumerate(rows)]
    content = b"\n".join([b"text,label", *encoded])
    assert read_table(content, "two.csv")["text"].tolist() == [row.split(",")[0] for row in rows]
    note = look_at(content, "two.csv").found.note
    assert f"{western} of 40 lines with special characters are not UTF-8, the first is line 2: read as Win" in note
    as_json = b"\n".join(json.dumps({"text": row}, ensure_ascii=False).encode("utf-8") for row in rows)
    assert look_at(as_json, "one.jsonl").found.note == ""


def test_a_western_file_with_a_line_that_happens_to_be_utf8_is_western() -> None:
    rows = [*(f"Größe {n},ä" for n in range(99)), "Ã¤,ä"]
    content = "\n".join(["text,label", *rows]).encode("cp1252")
    look = look_at(content, "western.csv")
    assert (look.found.encoding, look.found.note) == ("cp1252", "")
    assert look.head["text"].iloc[-1] == "Ã¤"


def test_a_note_says_where_a_first_row_is_no_header() -> None:
    rows = [f"where is parcel {n},{'parcel' if n % 2 else 'refund'}" for n in range(20)]
    note = look_at("\n".join(rows).encode(), "bare.csv").found.note
    assert "bare.csv seems to have no header: its first row, “where is parcel 0”" in note
    for header in ("text,label", "a,b", "Nachricht,Kategorie"):
        assert look_at("\n".join([header, *rows]).encode(), "named.csv").found.note == ""
    assert look_at(b"a text\na text\nmore", "lines.txt").found.note == ""


def test_notes_add_up() -> None:
    rows = "\n".join(f"wo ist {n},{'ab'[n % 2]}" for n in range(20)).encode()
    note = look_at(gzip.compress(rows), "bare.xlsx").found.note
    assert "bare.xlsx is no xlsx file: read as CSV. bare.xlsx seems to have no header" in note


def test_class_numbers_get_the_names_that_a_data_set_carries() -> None:
    features = {
        "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
        "text": {"dtype": "string", "_type": "Value"},
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"text": ["a", "b", "c"], "label": [1, 0, None]}).replace_schema_metadata(metadata)
    assert read_table(parquet_bytes(table), "a.parquet")["label"].tolist() == ["pos", "neg", ""]


def test_columns_that_are_no_text_become_text() -> None:
    table = pa.table(
        {
            "n": [1, None],
            "d": [date(2024, 1, 2), None],
            "c": pa.array(["x", "y"]).dictionary_encode(),
            "l": [["a", "b"], []],
            "v": [[1.0, 2.0], [3.0, 4.0]],
        }
    )
    look = look_at(parquet_bytes(table), "a.parquet")
    assert look.head.iloc[0].tolist() == ["1", "2024-01-02", "x", "a, b", "2 numbers"]
    assert look.head.iloc[1].tolist()[:2] == ["", ""]
    assert look.vector_columns == ("v",)


FOLDERS = {
    "set/train/pos/1.txt": "good café\nreally".encode("cp1252"),
    "set/train/neg/1.txt": b"bad",
    "set/test/pos/2.txt": b"fine",
}


def test_folders_name_the_class_and_the_role(tmp_path: Path) -> None:
    table = read_table(zip_of(FOLDERS), "set.zip")
    assert table[["text", "label", "split"]].to_numpy().tolist() == [
        ["good café\nreally", "pos", "train"],
        ["bad", "neg", "train"],
        ["fine", "pos", "test"],
    ]
    for path, content in FOLDERS.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    of_folder = read_table(tmp_path / "set")
    assert sorted(of_folder["text"]) == sorted(table["text"])
    assert set(of_folder["label"]) == {"pos", "neg"}
    assert "split" not in read_table(zip_of({"pos/1.txt": b"good", "neg/1.txt": b"bad"}), "flat.zip").columns


def test_of_several_tables_in_an_archive_one_can_be_chosen() -> None:
    content = zip_of({"a.csv": b"text\nfirst\n", "train.csv": b"text\nsecond\n"})
    look = look_at(content, "both.zip")
    assert (look.found.member, look.found.members) == ("train.csv", ("a.csv", "train.csv"))
    assert read_table(content, "both.zip", Reading(member="a.csv"))["text"].tolist() == ["first"]


def test_only_chosen_columns_are_kept_and_absent_ones_are_said() -> None:
    assert list(read_table(FILES["a.csv"], "a.csv", columns=["label"]).columns) == ["label"]
    with pytest.raises(EstitchupError, match=r"no column “body” in a\.csv: choose among “text”, “label”"):
        read_table(FILES["a.csv"], "a.csv", columns=["body"])


def test_utf16_is_read_without_its_mark() -> None:
    assert read_table("text,label\nhé,b\n".encode("utf-16-le"), "a.csv").to_numpy().tolist() == [["hé", "b"]]


def test_a_large_file_is_looked_at_in_little_memory(tmp_path: Path) -> None:
    """A batch of rows and the columns that are kept, not the file, decide the memory: Arrow counts it to the byte."""
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("text,other,label\n")
        for number in range(60_000):
            file.write(f"short {number},{'long ' * 100},a\n")
    before = pa.total_allocated_bytes()
    table = read_table(path, columns=["text", "label"])
    assert len(table) == 60_000
    assert pa.total_allocated_bytes() - before < path.stat().st_size / 8


def test_an_arrow_column_whose_name_is_no_text_ends_in_a_sentence() -> None:
    content = feather_bytes()
    assert content.count(b"label") > 1
    with pytest.raises(EstitchupError, match=r"a\.feather is damaged"):
        look_at(content.replace(b"label", b"l\x80bel"), "a.feather")
