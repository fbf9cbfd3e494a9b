"""`embed` computes a text once, keeps what it has computed, and loads a model only for new texts."""

import importlib
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from estitchup.encoding import DEFAULT_ENCODER, Encoder, VectorStore, embed, load_encoder, resolve_encoder
from estitchup.progress import Cancelled, Progress

TEXTS = ["one text", "another", "one text", "", "\ud800", "ünïcödé 世界", "another"]


def test_vectors_are_those_of_the_encoder_with_and_without_a_store(encoder: Encoder, tmp_path: Path) -> None:
    expected = encoder.encode(TEXTS)
    with VectorStore(tmp_path / "store") as store:
        first, second = embed(TEXTS, encoder, store), embed(TEXTS, encoder, store)
        assert len(store) == 5
    np.testing.assert_allclose(first, expected, atol=1e-6)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(embed(TEXTS, encoder, None), expected, atol=1e-6)
    assert embed([], encoder, None).shape == (0, 384)


def test_known_texts_need_neither_the_model_nor_torch(encoder: Encoder, tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store") as store:
        embed(TEXTS, encoder, store)
    code = (
        "import sys; from pathlib import Path; from estitchup.encoding import VectorStore, embed, resolve_encoder\n"
        f"vectors = embed({TEXTS!r}, resolve_encoder(), VectorStore(Path(sys.argv[1])))\n"
        "assert vectors.shape == (7, 384) and abs((vectors ** 2).sum(1) - 1).max() < 1e-5\n"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "store")], check=True)


def test_a_source_is_loaded_for_new_texts(tiny_folder: Path, tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store") as store:
        vectors = embed(["a b", "c"], resolve_encoder(str(tiny_folder)), store)
    np.testing.assert_allclose(vectors, load_encoder(str(tiny_folder)).encode(["a b", "c"]), atol=1e-6)


def test_only_what_is_missing_is_encoded(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    encode = Encoder.encode
    monkeypatch.setattr(
        Encoder, "encode", lambda self, texts, *rest: encoded.extend(texts) or encode(self, texts, *rest)
    )
    tiny = load_encoder(str(tiny_folder), "cpu")
    with VectorStore(tmp_path / "store") as store:
        embed(["a", "b", "a"], tiny, store)
        embed(["c", "b", "c", "a"], tiny, store)
    assert encoded == ["a", "b", "c"]


def test_encoders_do_not_get_each_others_vectors(encoder: Encoder, tiny_folder: Path, tmp_path: Path) -> None:
    tiny = load_encoder(str(tiny_folder), "cpu")
    with VectorStore(tmp_path / "store") as store:
        assert embed(["a b"], encoder, store).shape == (1, 384)
        assert embed(["a b"], tiny, store).shape == (1, 10)
        np.testing.assert_allclose(embed(["a b"], encoder, store), encoder.encode(["a b"]), atol=1e-6)
        np.testing.assert_allclose(embed(["a b"], tiny, store), tiny.encode(["a b"]), atol=1e-6)


def test_known_and_repeated_texts_count_as_done_at_once(tiny_folder: Path, tmp_path: Path) -> None:
    tiny, heard = load_encoder(str(tiny_folder), "cpu"), list[Progress]()
    with VectorStore(tmp_path / "store") as store:
        embed(["a", "b"], tiny, store)
        embed(["a", "b", "c", "c", "d"], tiny, store, heard.append)
        assert (heard[0].done, heard[0].total, heard[0].unit) == (3, 5, "texts")
        assert (heard[-1].done, heard[-1].total) == (5, 5)
        heard.clear()
        embed(["a", "b", "c"], tiny, store, heard.append)
        assert [(p.done, p.total) for p in heard] == [(3, 3)]


def test_what_was_done_before_cancelling_is_kept(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package exports a function of the module's name.
    monkeypatch.setattr(importlib.import_module("estitchup.encoding.embed"), "_TEXTS_IN_A_WRITE", 100)
    texts, cancel, done = [f"a text with number {row}" for row in range(1000)], threading.Event(), [0]

    def stop_at_400(progress: Progress) -> None:
        done[0] = progress.done
        if progress.done >= 400:
            cancel.set()

    with VectorStore(tmp_path / "store") as store:
        with pytest.raises(Cancelled):
            embed(texts, encoder, store, stop_at_400, cancel)
        assert 400 <= len(store) == done[0] < 1000


def test_the_default_encoder_needs_no_network() -> None:
    assert embed(["a"], resolve_encoder(DEFAULT_ENCODER), None).shape == (1, 384)
