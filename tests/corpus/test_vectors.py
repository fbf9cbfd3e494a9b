"""Embeddings computed elsewhere: in a column or beside the table, aligned with its rows, or a sentence."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from estitchup.corpus import Corpus, CorpusSpec, FileSpec, Role, Use, guess_spec, load_corpus, normalised
from estitchup.errors import EstitchupError

ROWS, DIMENSION = 60, 5
LABELS = ["a", "b", "c"] * (ROWS // 3)


def vectors_of(rows: int = ROWS, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(rows, DIMENSION)).astype(np.float32)


def written(path: Path, vectors: Any, fixed: bool = False, **columns: Any) -> str:
    kind = pa.list_(pa.float32(), DIMENSION) if fixed else pa.list_(pa.float64())
    cells = pa.array([None if vector is None else list(map(float, vector)) for vector in vectors], kind)
    pq.write_table(pa.table({"label": LABELS[: len(vectors)], **columns, "vector": cells}), path)
    return str(path)


def corpus_of(file: str, **changes: Any) -> Corpus:
    return load_corpus(
        CorpusSpec.model_validate({"file": file, "label_column": "label", "vectors": "vector"} | changes)
    )


def refusal(file: str, **changes: Any) -> str:
    with pytest.raises(EstitchupError) as caught:
        corpus_of(file, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("fixed", [True, False])
def test_a_column_of_lists_becomes_the_vectors_of_its_rows(tmp_path: Path, fixed: bool) -> None:
    vectors = vectors_of()
    corpus = corpus_of(written(tmp_path / "a.parquet", vectors, fixed))
    np.testing.assert_array_equal(corpus.vectors, vectors)
    assert corpus.vectors is not None
    assert corpus.vectors.dtype == np.float32
    assert corpus.texts[16] == "row 17"


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int32, ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_file_beside_a_table_is_aligned_with_its_rows(tmp_path: Path, kind: Any, order: Any) -> None:
    vectors = np.asarray(np.arange(ROWS * 2).reshape(ROWS, 2), dtype=kind, order=order)
    np.save(tmp_path / "v.npy", vectors)
    pd.DataFrame({"id": range(ROWS), "label": LABELS}).to_csv(tmp_path / "a.csv", index=False)
    corpus = corpus_of(str(tmp_path / "a.csv"), vectors=str(tmp_path / "v.npy"), text_column="id")
    np.testing.assert_array_equal(corpus.vectors, vectors.astype(np.float32))
    assert corpus.texts[3] == "3"


def test_of_several_arrays_the_one_with_the_tables_rows_is_taken(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "v.npz", ids=np.arange(7), embeddings=vectors_of())
    pd.DataFrame({"label": LABELS}).to_csv(tmp_path / "a.csv", index=False)
    corpus = corpus_of(str(tmp_path / "a.csv"), vectors=str(tmp_path / "v.npz"))
    np.testing.assert_array_equal(corpus.vectors, vectors_of())


def test_vectors_written_as_text_are_read(tmp_path: Path) -> None:
    vectors = vectors_of()
    table = pd.DataFrame({"label": LABELS, "vector": [str(vector.tolist()) for vector in vectors]})
    table.to_csv(tmp_path / "a.csv", index=False)
    np.testing.assert_array_equal(corpus_of(str(tmp_path / "a.csv")).vectors, vectors)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda v: [*v[:5], v[5] * np.nan, *v[6:]], "row 6, with NaN"),
        (lambda v: [*v[:5], v[5] * np.inf, *v[6:]], "NaN or infinity"),
        (lambda v: [*v[:5], v[5][:2], *v[6:]], "row 6 of column “vector” has 2 dimensions where the first has 5"),
        (lambda v: [*v[:5], None, *v[6:]], "missing"),
        (lambda v: [v[0]] * len(v), "are the same"),
        (lambda v: [v[0] * 0] * len(v), "are the same"),
        (lambda v: [v[0][:0]] * len(v), "0 dimensions"),
        (lambda v: [*v[:5], v[5] * 1e300, *v[6:]], "infinity"),
    ],
)
def test_vectors_that_no_classifier_can_learn_from_are_a_sentence(tmp_path: Path, harm: Any, said: str) -> None:
    assert said in refusal(written(tmp_path / "a.parquet", harm(vectors_of().astype(np.float64))))


def test_rows_whose_vector_is_all_zeros_are_dropped_with_a_note(tmp_path: Path) -> None:
    vectors = vectors_of()
    vectors[7] = 0
    corpus = corpus_of(written(tmp_path / "a.parquet", vectors))
    assert len(corpus.texts) == ROWS - 1
    assert "Dropped 1 row without a vector other than zeros." in corpus.notes


def test_an_array_of_another_length_is_a_sentence(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", vectors_of(ROWS + 1))
    file = written(tmp_path / "a.parquet", vectors_of())
    assert "60 rows and" in refusal(file, vectors=str(tmp_path / "v.npy"))
    assert "61 vectors" in refusal(file, vectors=str(tmp_path / "v.npy"))


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


def objects() -> bytes:
    content = io.BytesIO()
    np.save(content, np.array([[print]], dtype=object), allow_pickle=True)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps([1]), "no whole NPY file"),
        (objects(), "save numbers"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 384), }"), "does not hold"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (60,), }", bytes(240)), "rows by dimensions"),
        (npy("{'descr': '<U9', 'fortran_order': False, 'shape': (6, 6), }"), "save numbers"),
        (npy("__import__('os').system('true')"), "no whole NPY file"),
        (b"\x93NUMPY", "no whole NPY file"),
        (b"PK\x03\x04", "cut off or damaged"),
    ],
)
def test_array_files_that_are_none_are_a_sentence_and_run_nothing(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "v.npy").write_bytes(content)
    assert said in refusal(written(tmp_path / "a.parquet", vectors_of()), vectors=str(tmp_path / "v.npy"))


def test_equal_vectors_never_stand_in_two_roles_and_names_do_not_matter(tmp_path: Path) -> None:
    vectors = np.repeat(vectors_of(ROWS // 3), 3, axis=0)
    names = [f"image {n}.png" for n in range(ROWS)]
    labels = np.repeat(["a", "b", "c", "d"], ROWS // 4).tolist()
    pq.write_table(pa.table({"name": names, "label": labels, "vector": vectors.tolist()}), tmp_path / "a.parquet")
    corpus = corpus_of(str(tmp_path / "a.parquet"), text_column="name")
    assert corpus.vectors is not None
    roles: dict[bytes, set[str]] = {}
    for vector, role in zip(corpus.vectors, corpus.roles, strict=True):
        roles.setdefault(vector.tobytes(), set()).add(str(role))
    assert {len(of_one) for of_one in roles.values()} == {1}
    assert len(corpus.texts) == ROWS


def test_a_text_that_repeats_stays_in_one_role_though_its_vectors_differ(tmp_path: Path) -> None:
    texts = [f"text {n // 2}" for n in range(ROWS)]
    corpus = corpus_of(written(tmp_path / "a.parquet", vectors_of(), text=texts), text_column="text")
    keys = normalised(corpus.texts)
    assert len({*zip(keys, corpus.roles, strict=True)}) == len(set(keys))


def test_files_apart_bring_vectors_of_one_dimension(tmp_path: Path) -> None:
    first = written(tmp_path / "train.parquet", vectors_of())
    test = FileSpec(file=written(tmp_path / "test.parquet", vectors_of(9, seed=1)), use=Use.TEST)
    corpus = corpus_of(first, more=(test,))
    assert corpus.vectors is not None
    np.testing.assert_array_equal(corpus.vectors[corpus.rows(Role.TEST)], vectors_of(9, seed=1))
    assert corpus.texts[-1] == "row 9 of test.parquet"
    np.save(tmp_path / "wide.npy", np.ones((9, 3)) * np.arange(1, 10)[:, None])
    wide = test.model_copy(update={"vectors": str(tmp_path / "wide.npy")})
    assert "3 and 5 dimensions" in refusal(first, more=(wide,))


def test_a_column_of_vectors_is_guessed_with_what_the_rows_are_called(tmp_path: Path) -> None:
    spec = guess_spec(written(tmp_path / "a.parquet", vectors_of(), file=[f"{n:04}.png" for n in range(ROWS)]))
    assert (spec.vectors, spec.text_column, spec.label_column) == ("vector", "file", "label")
    assert guess_spec(written(tmp_path / "b.parquet", vectors_of())).text_column in (None, "")


def test_the_digest_follows_the_vectors(tmp_path: Path) -> None:
    one = corpus_of(written(tmp_path / "a.parquet", vectors_of()))
    assert one.digest == corpus_of(written(tmp_path / "b.parquet", vectors_of())).digest
    assert one.digest != corpus_of(written(tmp_path / "c.parquet", vectors_of(seed=1))).digest
