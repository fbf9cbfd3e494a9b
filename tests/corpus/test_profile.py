import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estitchup.corpus import Corpus, CorpusSpec, Role, build_corpus, load_corpus
from estitchup.corpus.fixes import MergeLabels
from estitchup.corpus.profile import Finding, Severity, count_tokens, profile_of
from estitchup.corpus.profile import neighbours as blocks
from estitchup.corpus.profile.neighbours import near_duplicates, suspected_labels, unit
from estitchup.corpus.profile.texts import scripts
from estitchup.encoding import resolve_encoder

ROWS = [(f"{word} number {n}", word, "") for word in ("apple", "pear", "plum") for n in range(12)]


def spec(**changes: object) -> CorpusSpec:
    return CorpusSpec(file="", text_column="text", label_column="label", **changes)  # type: ignore[arg-type]


def corpus_of(rows: list[tuple[str, str, str]], **changes: object) -> Corpus:
    return build_corpus(pd.DataFrame(rows, columns=["text", "label", "split"]), spec(**changes))


def finding(corpus: Corpus, kind: str, vectors: np.ndarray | None = None) -> Finding | None:
    return next((one for one in profile_of(corpus, vectors).findings if one.kind == kind), None)


def fixed(rows: list[tuple[str, str, str]], found: Finding | None, **changes: object) -> Corpus:
    assert found is not None
    assert found.fix is not None
    return corpus_of(rows, fixes=(found.fix,), **changes)


def pairs_by_loop(units: np.ndarray, ranks: np.ndarray, threshold: float) -> tuple[set[int], set[int]]:
    """Return the rows near one of a lower rank, and those near an earlier one of their own: every pair, one by one."""
    across, within = set(), set()
    for i in range(len(units)):
        for j in range(len(units)):
            if units[i] @ units[j] >= threshold:
                if ranks[j] < ranks[i]:
                    across.add(i)
                elif ranks[j] == ranks[i] and j < i:
                    within.add(i)
    return across, within


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 9))
def test_near_duplicates_are_those_that_comparing_every_pair_finds(seed: int, rows: int, block: int) -> None:
    generator = np.random.default_rng(seed)
    units = unit(generator.normal(size=(rows, 3)).astype(np.float32))
    ranks = generator.integers(0, 4, size=rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_ROWS", block)
        across, within = near_duplicates(units, ranks, 0.9)
    wanted_across, wanted_within = pairs_by_loop(units.astype(np.float64), ranks, 0.9)
    assert (set(across.found), set(within.found)) == (wanted_across, wanted_within)
    for row in across.found:
        lower = np.flatnonzero(ranks < ranks[row])
        assert across.cosines[row] == pytest.approx((units[lower] @ units[row]).max(), abs=1e-6)
        assert units[across.rows[row]] @ units[row] == pytest.approx(across.cosines[row], abs=1e-6)


def test_texts_without_a_vector_resemble_nothing() -> None:
    units = unit(np.zeros((5, 3), np.float32))
    across, within = near_duplicates(units, np.array([0, 0, 1, 1, 2]), 0.5)
    assert not len(across.found)
    assert not len(within.found)


def test_a_near_duplicate_leaves_the_less_protected_role_and_the_test_stays() -> None:
    rows = [(text, label, "train" if n % 3 else "test") for n, (text, label, _) in enumerate(ROWS)]
    corpus = corpus_of(rows, split_column="split")
    generator = np.random.default_rng(0)
    vectors = unit(generator.normal(size=(len(corpus.texts), 64)).astype(np.float32))
    test, train = corpus.rows(Role.TEST)[0], corpus.rows(Role.TRAIN)[0]
    vectors[train] = vectors[test] + 0.02 * vectors[train]
    found = finding(corpus, "near duplicates across roles", vectors)
    after = fixed(rows, found, split_column="split")
    assert found is not None
    assert found.severity is Severity.SERIOUS
    assert corpus.texts[train] not in after.texts
    assert set(after.texts) == set(corpus.texts) - {corpus.texts[train]}


def test_a_pool_text_near_a_test_text_is_only_good_to_know() -> None:
    rows = [(text, label, "test" if n % 3 else "train") for n, (text, label, _) in enumerate(ROWS)]
    corpus = corpus_of([*rows, ("waits for a label", "", "pool")], split_column="split")
    vectors = unit(np.random.default_rng(0).normal(size=(len(corpus.texts), 64)).astype(np.float32))
    vectors[-1] = vectors[corpus.rows(Role.TEST)[0]]
    found = finding(corpus, "near duplicates across roles", vectors)
    assert found is not None
    assert found.severity is Severity.NOTE


def test_flipped_labels_among_clear_classes_are_suspected_and_nothing_else() -> None:
    generator = np.random.default_rng(0)
    targets = np.repeat(np.arange(5), 40)
    centres = generator.normal(size=(5, 32))
    units = unit((centres[targets] + 0.3 * generator.normal(size=(200, 32))).astype(np.float32))
    flipped = np.array([3, 50, 111, 190])
    said = targets.copy()
    said[flipped] = (targets[flipped] + 1) % 5
    rows, likely = suspected_labels(units, said, np.arange(200))
    assert rows.tolist() == flipped.tolist()
    assert likely.tolist() == targets[flipped].tolist()


@pytest.mark.parametrize("count", [0, 1, 5, 10])
def test_with_few_texts_no_label_is_suspected(count: int) -> None:
    units = unit(np.ones((count, 4), np.float32))
    rows, _ = suspected_labels(units, np.arange(count) % 2, np.arange(count))
    assert not len(rows)


def test_a_doubtful_label_is_left_out_of_training_only() -> None:
    rows = [
        (text, label, ("train", "train", "validation", "test")[n % 4]) for n, (text, label, _) in enumerate(ROWS * 3)
    ]
    rows = [(f"{text} {n}", label, split) for n, (text, label, split) in enumerate(rows)]
    generator = np.random.default_rng(1)
    centres = {word: generator.normal(size=16) for word in ("apple", "pear", "plum")}
    vectors = np.array([centres[label] + 0.2 * generator.normal(size=16) for _, label, _ in rows], np.float32)
    rows[0], rows[3] = (rows[0][0], "plum", "train"), (rows[3][0], "plum", "test")
    corpus = corpus_of(rows, split_column="split")
    found = finding(corpus, "likely label errors", vectors)
    assert found is not None
    assert "2 texts" in found.sentence
    assert "1 of them outside training" in found.sentence
    assert set(corpus.texts) - set(fixed(rows, found, split_column="split").texts) == {rows[0][0]}
    (remedy,) = found.remedies
    assert remedy.action == "Relabel 1 training text as suggested"
    relabelled = corpus_of(rows, split_column="split", fixes=(remedy.fix,))
    truth = {text: label for text, label, _ in rows} | {rows[0][0]: "apple"}
    assert dict(zip(relabelled.texts, relabelled.labels.tolist(), strict=True)) == truth


@pytest.mark.parametrize("variant", ["Apple", "APPLE", "ap-ple", "ap ple", "ap_ple", "ａｐｐｌｅ"])
def test_a_label_spelled_in_two_ways_is_found_and_merged_into_the_more_frequent(variant: str) -> None:
    rows = [*ROWS, *[(f"more {n}", variant, "") for n in range(5)]]
    found = finding(corpus_of(rows), "spelling variants")
    assert found is not None
    assert found.fix == MergeLabels(names=(("apple", variant),))
    assert fixed(rows, found).classes == ("apple", "pear", "plum")


@pytest.mark.parametrize(("one", "other"), [("1.0", "10"), ("c", "c++"), ("v1.0", "v10"), ("order", "orders")])
def test_different_names_are_no_spellings_of_one(one: str, other: str) -> None:
    rows = [*ROWS, *[(f"{label} {n}", label, "") for label in (one, other) for n in range(5)]]
    assert finding(corpus_of(rows), "spelling variants") is None


def test_contradictions_are_found_settled_and_gone() -> None:
    rows = [*ROWS, ("Sweet", "apple", ""), ("sweet", "apple", ""), (" sweet", "pear", "")]
    found = finding(corpus_of(rows), "contradictions")
    assert found is not None
    assert "1 text with" in found.sentence
    assert finding(fixed(rows, found), "contradictions") is None


def test_repeated_rows_are_found_once_each_and_gone_after_the_fix() -> None:
    rows = [*ROWS, ("APPLE number 1", "apple", ""), ("apple number  1", "apple", "")]
    found = finding(corpus_of(rows), "repeated texts")
    assert found is not None
    assert "2 rows" in found.sentence
    assert finding(fixed(rows, found), "repeated texts") is None


def test_a_class_too_small_to_split_is_found_and_can_be_left_out() -> None:
    rows = [*ROWS, ("a quince", "quince", ""), ("another quince", "quince", "")]
    found = finding(corpus_of(rows), "small classes")
    assert found is not None
    assert "quince" in found.sentence
    assert fixed(rows, found).classes == ("apple", "pear", "plum")


def test_texts_without_letters_or_digits_are_found() -> None:
    rows = [*ROWS, ("???", "apple", ""), ("🙂🙂", "pear", ""), ("42", "plum", "")]
    found = finding(corpus_of(rows), "empty texts")
    assert found is not None
    assert "2 texts" in found.sentence
    assert "???" not in fixed(rows, found).texts


def test_each_text_has_the_script_of_most_of_its_letters() -> None:
    texts = ["hello", "привет", "你好 ok", "مرحبا", "γειά σου", "ＡＢＣ", "123 …", "naïve café", "สวัสดี", "हिन्दी"]
    wanted = ["Latin", "Cyrillic", "Han", "Arabic", "Greek", "Latin", "no letters", "Latin", "Thai", "Devanagari"]
    assert scripts(texts).tolist() == wanted


def test_a_text_is_cut_exactly_when_the_tokenizers_own_truncation_cuts_it() -> None:
    from tokenizers import Tokenizer

    folder = resolve_encoder().folder
    texts = ["word " * n for n in (1, 5, 6, 7, 40)] + ["", "naïve café 🙂", "lone \ud800 half"]
    counts = count_tokens(texts, folder)
    assert counts is not None
    tokenizer = Tokenizer.from_file(str(next(folder.glob("tokenizer.json"))))
    tokenizer.no_padding()
    tokenizer.enable_truncation(8)
    overflows = [len(tokenizer.encode(text.encode("utf-8", "replace").decode()).overflowing) > 0 for text in texts]
    assert (counts > 8).tolist() == overflows
    assert sum(overflows) == 2


def test_counting_tokens_needs_no_pytorch() -> None:
    import subprocess
    import sys

    check = (
        "import sys; from estitchup.encoding import resolve_encoder; from estitchup.corpus.profile import count_tokens;"
        "count_tokens(['a'], resolve_encoder().folder); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_an_encoder_without_a_tokenizer_file_leaves_lengths_in_characters(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    assert count_tokens(["a"], folder) is None
    (folder / "tokenizer.json").write_text("{}")
    assert count_tokens(["a"], folder) is None


def test_long_texts_are_found_longest_first_and_may_be_left_out_while_they_are_few() -> None:
    corpus = corpus_of(ROWS)
    tokens = np.full(len(ROWS), 10)
    tokens[[4, 7]] = 300, 900
    (found,) = profile_of(corpus, tokens=tokens, max_tokens=256).findings
    assert found.kind == "cut texts"
    assert found.examples[0].text == corpus.texts[7]
    assert found.fix is not None
    (found,) = profile_of(corpus, tokens=np.full(len(ROWS), 300), max_tokens=256).findings
    assert found.fix is None


def test_a_clean_corpus_has_nothing_to_find_and_says_so() -> None:
    corpus = corpus_of(ROWS)
    vectors = np.random.default_rng(0).normal(size=(len(ROWS), 64)).astype(np.float32)
    profile = profile_of(corpus, vectors)
    assert profile.findings == ()
    assert profile.headline == "36 texts in 3 known classes: nothing stands in the way of training"


def test_serious_findings_come_first_and_are_in_the_headline() -> None:
    rows = [*ROWS, ("???", "apple", ""), *[(f"more {n}", "Apple", "") for n in range(5)]]
    profile = profile_of(corpus_of(rows))
    assert [one.severity for one in profile.findings] == [Severity.SERIOUS, Severity.MATTERS]
    assert "one thing bends the figures" in profile.headline


def test_profiling_changes_no_vector() -> None:
    corpus = corpus_of(ROWS)
    vectors = np.random.default_rng(0).normal(size=(len(ROWS), 8)).astype(np.float32)
    before = vectors.copy()
    profile_of(corpus, vectors)
    assert (vectors == before).all()


def test_clinc150_has_texts_with_two_labels_nowhere_and_repeats_nothing(public_data: object) -> None:
    file = f"{public_data}/clinc150.csv"
    chosen = CorpusSpec(
        file=file, text_column="text", label_column="intent", split_column="split", unknown_labels=("oos",)
    )
    profile = profile_of(load_corpus(chosen))
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    kinds = {one.kind for one in profile.findings}
    assert ("repeated texts" in kinds) == bool(table.duplicated(["text", "intent", "split"]).any())
    assert "small classes" not in kinds
    assert profile.class_sizes.loc["oos"].sum() == 1200
