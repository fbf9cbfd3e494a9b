"""Files made to break a reader, by name: each ends in rows or in a sentence that says what to do."""

import bz2
import gzip
import io
import json
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from estitchup.corpus import CorpusSpec, Reading, build_corpus, look_at, read_table
from estitchup.errors import EstitchupError

MOST_SECONDS = 10.0


def zip_of(files: dict[str, bytes | str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, inside in files.items():
            archive.writestr(path, inside)
    return content.getvalue()


def refusal(content: bytes, name: str) -> str:
    started = time.process_time()
    with pytest.raises(EstitchupError) as caught:
        read_table(content, name)
    assert time.process_time() - started < MOST_SECONDS
    assert "\n" not in str(caught.value)
    return str(caught.value)


_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def xlsx(rows: str, prologue: str = "") -> bytes:
    """Write a workbook of one sheet, called Sheet, from the XML of its rows."""
    content = io.BytesIO()
    openpyxl.Workbook().save(content)
    with zipfile.ZipFile(content) as archive:
        parts = {path: archive.read(path) for path in archive.namelist()}
    return zip_of({**parts, "xl/worksheets/sheet1.xml": prologue + _SHEET.format(rows)})


def ods(rows: str, prologue: str = "") -> bytes:
    names = "office text table"
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names.split())
    return zip_of(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": f"{prologue}<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="S">{rows}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>",
        }
    )


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 20}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
LAUGHS += "]>"
FILE_ENTITY = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>'


def inline(*cells: str) -> str:
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells) + "</row>"


def test_a_workbook_of_ours_is_read_so_that_the_bombs_below_reach_the_reader() -> None:
    assert read_table(xlsx(inline("text", "label") + inline("hi", "a")), "a.xlsx").to_numpy().tolist() == [["hi", "a"]]
    cell = "<table:table-cell office:value-type='string'><text:p>{}</text:p></table:table-cell>".format
    row = "<table:table-row>{}</table:table-row>".format
    table = read_table(ods(row(cell("text") + cell("label")) + row(cell("hi") + cell("a"))), "a.ods")
    assert table.to_numpy().tolist() == [["hi", "a"]]


def test_a_cell_in_the_last_corner_of_a_sheet_does_not_take_all_memory() -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert "save the table as CSV" in refusal(xlsx(rows), "corner.xlsx")


def test_cells_repeated_a_billion_times_do_not_take_all_memory() -> None:
    cell = '<table:table-cell table:number-columns-repeated="{}"><text:p>x</text:p></table:table-cell>'
    rows = f'<table:table-row table:number-rows-repeated="1000000">{cell.format(1_000_000)}</table:table-row>'
    refusal(ods(rows), "repeated.ods")


@pytest.mark.parametrize("prologue", [LAUGHS, FILE_ENTITY])
def test_entities_of_xml_are_not_expanded(prologue: str) -> None:
    rows = inline("text", "label") + inline("&i;", "a")
    try:
        cells = read_table(xlsx(rows, prologue), "entity.xlsx").to_numpy().ravel().tolist()
    except EstitchupError:
        return
    assert not any("root:" in cell or "haha" in cell for cell in cells)


def test_a_workbook_that_unpacks_to_gigabytes_is_a_sentence() -> None:
    refusal(xlsx(inline("text") + inline("a" * (80 << 20))), "bomb.xlsx")


def test_formulas_are_text_and_nothing_else() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["text", "label"])
    sheet.append(["=1+1", "a"])
    sheet.append(["@SUM(A1)", "=cmd|' /C calc'!A0"])
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.data_type = "s"
    content = io.BytesIO()
    book.save(content)
    assert read_table(content.getvalue(), "f.xlsx")["label"].tolist() == ["a", "=cmd|' /C calc'!A0"]
    assert read_table(b"text,label\n=1+1,a\n", "f.csv")["text"].tolist() == ["=1+1"]


def test_bombs_of_gzip_and_zip_are_refused_before_they_fill_the_memory() -> None:
    assert "100 times" in refusal(gzip.compress(b"a,b\n" * (20 << 20), 1), "bomb.csv.gz")
    assert "100 times" in refusal(zip_of({"a.csv": b"a" * (70 << 20)}), "bomb.zip")
    nested = zip_of({"a.csv.gz": gzip.compress(b"a" * (70 << 20), 1)})
    assert "100 times" in refusal(nested, "nested.zip")


def test_a_zip_whose_files_overlap_counts_every_one_of_them() -> None:
    inside = b"text,label\n" + b"a,b\n" * 250_000
    content = zip_of({"a.csv": inside})
    at = content.index(b"PK\x01\x02")
    entry, end = content[at : content.index(b"PK\x05\x06")], content[content.index(b"PK\x05\x06") :]
    many = 200
    fields = list(struct.unpack("<4s4H2LH", end))
    fields[3] = fields[4] = many
    fields[5] = len(entry) * many
    assert "100 times" in refusal(content[:at] + entry * many + struct.pack("<4s4H2LH", *fields), "overlap.zip")


@pytest.mark.parametrize("path", ["../../evil.csv", "/etc/evil.csv", "..\\evil.csv", "C:\\evil.csv"])
def test_paths_that_climb_out_of_an_archive_are_refused(path: str) -> None:
    assert "leads out of the archive" in refusal(zip_of({path: "text,label\na,b\n"}), "climb.zip")


def test_archives_within_archives_end() -> None:
    content = b"text,label\na,b\n"
    for _ in range(6):
        content = zip_of({"a.csv": content})
    assert "archive in an archive" in refusal(content, "deep.zip")


def test_a_truncated_archive_is_a_sentence() -> None:
    whole = gzip.compress(b"text,label\n" + b"hello there,a\n" * 1_000)
    assert "cut off or damaged" in refusal(whole[: len(whole) // 2], "half.csv.gz")
    assert "cut off or damaged" in refusal(zip_of({"a.csv": "text,label\na,b\n"})[:-30], "half.zip")


def test_a_million_columns_and_a_line_without_end_are_sentences() -> None:
    assert "1,000,000 columns" in refusal(b",".join([b"a"] * 1_000_000) + b"\n" + b"1," * 999_999 + b"1\n", "wide.csv")
    assert "16 million characters" in refusal(b"text,label\n" + b"a" * (100 << 20), "long.csv")
    assert "16 million characters" in refusal(b"text,label\n" + "é".encode() * (50 << 20), "long.txt")
    assert "never closed" in refusal(b'text,label\n"' + b"a,b,c\n" * (3 << 20), "open.csv")


def test_wide_json_is_a_sentence() -> None:
    assert "columns" in refusal(json.dumps([{f"c{n}": 1 for n in range(20_000)}]).encode(), "wide.json")


@pytest.mark.parametrize("content", [b"[" * 1_000_000, b'{"a":' * 500_000, b'[{"text":' + b"[" * 100_000])
def test_deep_json_is_a_sentence(content: bytes) -> None:
    refusal(content, "deep.json")
    refusal(content + b"\n" + content, "deep.jsonl")


def test_json_that_would_fill_the_memory_is_a_sentence() -> None:
    assert "JSON Lines" in refusal(b"[" + b"{}," * (3 << 20) + b"{}]", "many.json")


def test_numbers_of_json_stay_as_they_are_written() -> None:
    table = read_table(
        b'[{"a": 1.0, "b": NaN, "c": 1e400, "d": ' + b"9" * 6_000 + b', "e": true, "f": null}]', "n.json"
    )
    assert table.iloc[0].tolist() == ["1.0", "NaN", "1e400", "9" * 6_000, "true", ""]


def test_lone_surrogates_become_the_replacement_character() -> None:
    table = read_table(b'[{"text": "a \\ud800 b \\ud83d\\ude00", "label": "\\udfff"}]', "s.json")
    assert table.iloc[0].tolist() == ["a � b 😀", "�"]
    assert read_table(b"text,label\na \xed\xa0\x80 b,c\n" + b"d,e\n" * 50, "s.csv")["text"][0].endswith("b")


def test_a_parquet_file_of_one_text_a_hundred_million_times_is_a_sentence(tmp_path: Path) -> None:
    rows = 10_000_000
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), ["a text of some length"])
    path = tmp_path / "many.parquet"
    pq.write_table(pa.table({"text": texts}), path)
    started = time.process_time()
    with pytest.raises(EstitchupError, match="take more than 256 MB"):
        read_table(path)
    assert time.process_time() - started < MOST_SECONDS


def test_parquet_that_lies_about_its_size_or_is_no_utf8_ends_well() -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"text": ["hello"] * 50, "label": ["a"] * 50}), content, compression="none")
    whole = content.getvalue()
    refusal(whole[:-8] + struct.pack("<I", 0x7FFFFFFF) + b"PAR1", "lies.parquet")
    assert read_table(whole.replace(b"hello", b"hel\xff\xff"), "b.parquet")["text"][0] == "hel��"


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"\x93NUMPY\x01\x00", "as its vectors"),
        (b"\x80\x04\x95", "pickle, which may run code"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x89PNG\r\n", "image"),
    ],
)
def test_other_kinds_of_file_are_named_with_what_to_do(start: bytes, said: str) -> None:
    assert said in refusal(start + bytes(2_000), "chat.csv")


def corpus_rows(labels: list[str], texts: list[str] | None = None) -> bytes:
    texts = texts or [f"text number {n}" for n in range(len(labels))]
    return json.dumps([{"text": t, "label": label} for t, label in zip(texts, labels, strict=True)]).encode()


def spec(**changes: object) -> CorpusSpec:
    return CorpusSpec.model_validate({"file": "x", "text_column": "text", "label_column": "label"} | changes)


def test_markup_marks_and_emoji_in_texts_and_labels_come_through_as_they_are() -> None:
    labels = ["<script>alert(1)</script>", "\u202eevil", "👩‍👧"] * 20
    texts = [f"<b>{label}</b> {n}" for n, label in enumerate(labels)]
    corpus = build_corpus(read_table(corpus_rows(labels, texts), "x.json"), spec())
    assert corpus.classes == tuple(sorted(set(labels)))
    assert set(corpus.texts) == set(texts)


def test_five_thousand_classes_and_labels_that_differ_by_case_are_classes() -> None:
    corpus = build_corpus(read_table(corpus_rows([f"class {n % 5_000}" for n in range(20_000)]), "x.json"), spec())
    assert len(corpus.classes) == 5_000
    assert build_corpus(read_table(corpus_rows(["Refund", "refund"] * 20), "x.json"), spec()).classes == (
        "Refund",
        "refund",
    )


def test_no_label_at_all_is_a_sentence() -> None:
    with pytest.raises(EstitchupError, match="holds no labels"):
        build_corpus(read_table(corpus_rows([""] * 20), "x.json"), spec())


def test_what_is_said_about_the_reading_is_checked() -> None:
    for wrong in ({"encoding": "klingon"}, {"encoding": "zip"}, {"delimiter": '"'}, {"delimiter": ",,"}):
        with pytest.raises(EstitchupError):
            Reading.model_validate(wrong)
    with pytest.raises(EstitchupError, match="choose among “Sheet”"):
        look_at(xlsx(inline("text")), "a.xlsx", Reading(sheet="T"))
    with pytest.raises(EstitchupError, match="no records under “b”"):
        look_at(b'{"a": [{"text": "x"}]}', "a.json", Reading(records="b"))
    with pytest.raises(EstitchupError, match=r"holds no “b\.csv”"):
        look_at(zip_of({"a.csv": "text\nx"}), "a.zip", Reading(member="b.csv"))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_damaged_anywhere_ends_in_rows_or_in_a_sentence(method: int) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("a.csv", "text,label\n" + "hello there,a\n" * 9)
    whole = content.getvalue()
    assert len(read_table(whole, "a.zip")) == 9
    noticed = 0
    for place in range(0, len(whole), 3):
        try:
            read_table(whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :], "a.zip")
        except EstitchupError:
            noticed += 1
    assert noticed > len(whole) / 12


def test_a_zip_entry_without_a_name_is_passed_over() -> None:
    nameless = zipfile.ZipInfo("x")
    nameless.filename = ""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(nameless, b"x")
        archive.writestr("a.csv", "text,label\nhello,a\n")
    assert read_table(content.getvalue(), "a.zip")["text"].tolist() == ["hello"]


@pytest.mark.parametrize("start", ["ORCID", "ORC", "Rar!", "%PDF", "BZh", "BZh9", "FEA1", "PAR1", "SQLite format 3"])
def test_a_table_that_begins_like_another_format_is_read(start: str) -> None:
    header = read_table(f"{start},text,label\n1,hello,a\n2,there,b\n".encode(), "a.csv")
    assert list(header.columns) == [start, "text", "label"]
    assert header["text"].tolist() == ["hello", "there"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (bz2.compress(b"text,label\n"), "bzip2"),
        (bz2.compress(b""), "bzip2"),
        (b"ORC\n\x0b\n\x03\x00\x00\x00\x12\x04", "ORC"),
        (b"FEA1\x00\x00\x00\x00", "Feather"),
        (b"SQLite format 3\x00\x10", "SQLite"),
    ],
)
def test_another_format_is_still_named(content: bytes, kind: str) -> None:
    with pytest.raises(EstitchupError, match=kind):
        read_table(content * 3, "a.csv")
