"""Tables that leave for a spreadsheet run nothing there, and come back as they were."""

import csv
import io
import zipfile

import pandas as pd
import pytest

from estitchup.corpus import read_table
from estitchup.spreadsheet import FORMULA_STARTS, as_csv, as_xlsx, disarmed, rearmed, rearmed_within

DANGEROUS = ["'=1", "''-1", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "＝1+1"]
HARMLESS = ["hello", "a=b", "'quoted'", "", "it's", "5 - 3"]


@pytest.mark.parametrize("cell", DANGEROUS)
def test_no_cell_begins_like_a_formula(cell: str) -> None:
    content = as_csv(pd.DataFrame({"text": [f"{cell}, and\r{cell}"]})).decode("utf-8-sig")
    (_, (written,)) = csv.reader(io.StringIO(content, newline=""))
    assert written == f"'{cell}, and\r{cell}"
    assert rearmed(disarmed(cell)) == cell


@pytest.mark.parametrize("cell", HARMLESS)
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert disarmed(cell) == rearmed(cell) == cell


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("cell", ["x;=1+1;y", "x;;=1", "x\t@y\tz", "a\n=1+1", "a\r\n-1;b", *DANGEROUS])
def test_no_cell_begins_like_a_formula_where_another_character_separates(cell: str, delimiter: str) -> None:
    content = as_csv(pd.DataFrame({"text": [cell], "label": [cell], "who": [f"Ana {cell}"]})).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
    assert [own for row in rows for own in row if own.startswith(FORMULA_STARTS)] == []
    written = list(csv.reader(io.StringIO(content, newline="")))[1]
    assert [rearmed(written[0]), *map(rearmed_within, written[1:])] == [cell, cell, f"Ana {cell}"]


def test_numbers_stay_numbers_and_headers_are_disarmed_too() -> None:
    table = pd.read_csv(io.BytesIO(as_csv(pd.DataFrame({"=a": [-0.5, 2]}))))
    assert table.columns.tolist() == ["'=a"]
    assert table.iloc[:, 0].tolist() == [-0.5, 2]


def test_a_workbook_holds_strings_and_no_formula() -> None:
    table = pd.DataFrame({"text": [*DANGEROUS, "bell \x07"], "confidence": 0.25})
    content = as_xlsx(table, "queue")
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "=cmd|" in parts.read("xl/sharedStrings.xml").decode()
    again = read_table(content, "queue.xlsx")
    assert again["text"].tolist() == [*[cell.strip("\r\t") for cell in DANGEROUS], "bell"] or again[
        "text"
    ].str.strip().tolist() == [cell.strip() for cell in [*DANGEROUS, "bell "]]
    assert set(again["confidence"]) == {"0.25"}
