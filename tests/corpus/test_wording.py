from estitchup.corpus.wording import counted, listed, quoted


def test_a_name_is_shown_on_one_line_and_never_whole_when_it_is_a_file() -> None:
    assert quoted("my_column $1") == "“my_column $1”"
    assert quoted("two\r\nlines\x00and \u202eback") == "“two lines and back”"
    assert len(quoted("9" * 5_000)) == 62
    assert quoted("9" * 5_000).endswith("9…”")
    assert quoted("👩‍👧") == "“👩‍👧”"


def test_a_list_of_many_names_says_how_many_more_there_are() -> None:
    assert listed("abc") == "“a”, “b”, “c”"
    assert listed(map(str, range(2_008))).endswith("“7” and 2,000 more")
    assert len(listed(["x" * 1_000] * 100)) < 600


def test_counts_have_their_plural() -> None:
    assert (counted(1, "class"), counted(2_000, "row"), counted(0, "class")) == ("1 class", "2,000 rows", "0 classes")
