import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estitchup.corpus import read_table
from estitchup.errors import EstitchupError


def refusal(source: Path | str | bytes, name: str | None = None) -> str:
    with pytest.raises(EstitchupError) as caught:
        read_table(source, name)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_every_delimiter_is_found_though_texts_hold_the_others(delimiter: str) -> None:
    texts = ["one, two; three | four\tfive", "a, b, c, d, e", "x; y; z", "plain"]
    content = delimiter.join(["text", "label"]) + "\n" + "".join(f'"{text}"{delimiter}a\n' for text in texts)
    table = read_table(content.encode())
    assert list(table.columns) == ["text", "label"]
    assert list(table["text"]) == texts
    assert set(table["label"]) == {"a"}


def test_semicolon_files_may_hold_bare_commas() -> None:
    table = read_table(b"text;label\nhello, dear, friend;a\ngood, bye;b\n")
    assert list(table["text"]) == ["hello, dear, friend", "good, bye"]


def test_cells_stay_as_they_are_written() -> None:
    cells = ["None", "N/A", "null", "nan", "001", "1e5", "TRUE", "  padded "]
    table = read_table(("text,label\n" + "".join(f"{cell},a\n" for cell in cells)).encode())
    assert list(table["text"]) == cells
    assert {type(cell) for cell in table["text"]} == {str}


def test_missing_cells_are_empty_and_empty_lines_are_no_rows() -> None:
    table = read_table(b"text,label\nhello,\nbye\n\n,,\nlast,a,,\n")
    assert table.to_numpy().tolist() == [["hello", ""], ["bye", ""], ["last", "a"]]


def test_a_row_with_too_many_cells_is_named() -> None:
    message = refusal(b"text,label\nfine,a\nhello, dear,b\n", "chat.csv")
    assert "Row 2 of chat.csv has 3 cells where the header has 2" in message


def test_a_single_column_with_commas_inside_quotes_is_read() -> None:
    table = read_table(b'text\n"one, two"\nthree\n')
    assert list(table["text"]) == ["one, two", "three"]


def test_line_breaks_inside_quotes_and_old_line_ends_are_read() -> None:
    assert list(read_table(b'text,label\r\n"a\nb",x\r\n')["text"]) == ["a\nb"]
    assert list(read_table(b"text,label\ra,x\rb,y\r")["text"]) == ["a", "b"]


def test_tab_separated_quotes_that_never_close_are_characters() -> None:
    table = read_table(b'text\tlabel\n"hello there\ta\nbye\tb\n', "chat.tsv")
    assert list(table["text"]) == ['"hello there', "bye"]


def test_an_open_quote_among_bare_commas_is_refused() -> None:
    assert "never closed" in refusal(b'text,label\n"hello, dear,a\nbye,b\n')
    assert "never closed" in refusal(b'text,label\n"hello, dear,a\n' + b"bye,b\n" * 50_000)


GREETING = "text,label\nnaïve café – “hi”,Größe\n日本語,x\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_with_and_without_mark(encoding: str) -> None:
    table = read_table(GREETING.encode(encoding))
    assert table.columns[0] == "text"
    assert table.to_numpy().tolist() == [["naïve café – “hi”", "Größe"], ["日本語", "x"]]


@pytest.mark.parametrize(
    ("line", "encoding"),
    [
        ("Não consigo acessar a minha conta, a transação não foi concluída", "cp1252"),
        ("Jag behöver hjälp på svenska, när får jag pengarna åter", "cp1252"),
        ("Ma carte n’est pas arrivée, où est-elle passée – à Évian ?", "cp1252"),
        ("Ma carte n’est pas arrivée, où est-elle passée – à Évian ?", "mac_roman"),
        ("Zgubiłem kartę, chciałbym zmienić hasło, ponieważ źle działa", "cp1250"),
        ("Где моя карта? Я потерял её вчера", "cp1251"),
        ("カードはどこですか。昨日なくしました", "shift_jis"),
        ("我的卡在哪里？我昨天丢了", "gb18030"),
    ],
)
def test_older_encodings_are_guessed(line: str, encoding: str) -> None:
    content = "text\tlabel\n" + "plain ascii\tb\n" * 2_000 + f"{line}\ta\n" * 10
    assert read_table(content.encode(encoding))["text"].iloc[-1] == line


def test_one_broken_byte_does_not_change_the_rest_of_a_utf8_file() -> None:
    content = ("text,label\n" + "Größe café,a\n" * 50).encode() + b"br\xffken,b\n"
    assert set(read_table(content)["text"]) == {"Größe café", "br�ken"}


def test_stray_nul_bytes_are_left_out() -> None:
    content = b"text,label\n" + b"hello there,a\n" * 20 + b"go\x00od bye,b\n"
    assert read_table(content)["text"].iloc[-1] == "good bye"


def test_repeated_and_missing_column_names_become_distinct() -> None:
    table = read_table(b"text, text ,,text.2,text\na,b,c,d,e\n")
    assert list(table.columns) == ["text", "text.2", "column 3", "text.2.2", "text.3"]


def workbook() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b",,\n,,\n", "empty"),
        (b"text,label\n", "no rows"),
        (workbook(), "damaged workbook"),
        (bytes(range(256)) * 20, "not a text file"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(content: bytes, said: str) -> None:
    message = refusal(content, "chat.csv")
    assert said in message
    assert message.startswith("chat.csv")


@given(st.one_of(st.binary(max_size=300), st.text("ab,;\t|\"'\r\n é€\x00", max_size=60).map(str.encode)))
def test_whatever_the_bytes_there_is_a_table_of_text_or_a_sentence(content: bytes) -> None:
    try:
        table = read_table(content)
    except EstitchupError:
        return
    assert len(table)
    assert len(set(table.columns)) == table.shape[1]
    assert {type(cell) for cell in table.to_numpy().ravel()} == {str}


def test_paths_that_hold_no_file_are_refused(tmp_path: Path) -> None:
    assert "no file" in refusal(tmp_path / "absent.csv")
    assert "folder" in refusal(str(tmp_path))
    refusal("odd\x00name.csv")


def test_a_path_is_read_like_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_bytes(GREETING.encode())
    assert read_table(path).equals(read_table(GREETING.encode()))
    assert read_table(str(path)).equals(read_table(path))


def test_public_sets_are_read_whole(public_data: Path) -> None:
    assert read_table(public_data / "clinc150.csv").shape == (23_700, 3)
    assert read_table(public_data / "banking77_train.csv").shape == (10_003, 2)
    assert read_table(public_data / "banking77_test.csv").shape == (3_080, 2)


def test_the_delimiter_that_excel_names_is_taken_and_its_line_is_not_a_header() -> None:
    table = read_table(b"sep=;\r\ntext;label\r\na, b;c\r\n", "excel.csv")
    assert table.to_dict("list") == {"text": ["a, b"], "label": ["c"]}


def test_a_text_may_be_as_long_as_the_file() -> None:
    long = "word " * 60_000
    assert read_table(f"text,label\n{long},a\n".encode(), "long.csv")["text"][0] == long
