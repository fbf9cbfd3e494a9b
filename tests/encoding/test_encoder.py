"""Our encoder gives what sentence-transformers gives, whatever the model, and says plainly when it cannot."""

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from estitchup.encoding import DEFAULT_ENCODER, Encoder, load_encoder, resolve_encoder
from estitchup.encoding.encoder import plan_batches
from estitchup.errors import EstitchupError
from estitchup.progress import Cancelled, Progress

TEXTS = [
    "",
    " ",
    "a b",
    "Grüße, 世界 🎉",
    "the card has not arrived " * 200,
    *(f"word {'very ' * n}long" for n in range(40)),
]


def smallest_cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def test_vectors_agree_with_stock_encode_in_the_callers_order(encoder: Encoder) -> None:
    ours = encoder.encode(TEXTS)
    assert ours.dtype == np.float32
    assert smallest_cosine(ours, encoder.model.encode(TEXTS)) >= 0.999999
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1.0, atol=1e-5)  # it ends in Normalize


def test_prompt_truncation_and_pooling_of_another_model_are_kept(tiny_folder: Path) -> None:
    tiny = load_encoder(str(tiny_folder), "cpu")
    texts = ["", "a", "abc de", "j i h", "a b c d e f g h i j " * 5]
    stock = tiny.model.encode(texts)
    assert smallest_cosine(tiny.encode(texts), stock) >= 0.999999
    np.testing.assert_allclose(tiny.encode(texts), stock, atol=1e-5)
    without_prompt = tiny.model.encode(texts, prompt="")
    assert np.abs(without_prompt - stock).max() > 1e-3  # or the prompt would not be tested


@pytest.mark.parametrize("which", ["default", "tiny"])
def test_source_knows_without_the_model_what_the_model_says(which: str, encoder: Encoder, tiny_folder: Path) -> None:
    loaded = encoder if which == "default" else load_encoder(str(tiny_folder), "cpu")
    assert loaded.dimension == loaded.model.get_embedding_dimension() == (384 if which == "default" else 10)
    assert loaded.max_tokens == loaded.model.max_seq_length == (256 if which == "default" else 12)


def test_a_table_of_token_vectors_is_an_encoder_too(tmp_path: Path, encoder: Encoder) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    table = StaticEmbedding(encoder.model.tokenizer, embedding_dim=6)
    SentenceTransformer(modules=[table], device="cpu").save(str(tmp_path))
    static = load_encoder(str(tmp_path), "cpu")
    texts = [f"text {row} \ud800" for row in range(600)]
    expected = static.model.encode([text.replace("\ud800", "\ufffd" * 3) for text in texts])
    np.testing.assert_allclose(static.encode(texts), expected, atol=1e-6)


def test_no_texts_give_an_empty_matrix(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_lone_surrogates_are_encoded_like_a_replacement_character(encoder: Encoder) -> None:
    vectors = encoder.encode(["hello \ud800", "hello \ufffd"])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


def test_batches_hold_every_row_once_longest_first_within_the_budget() -> None:
    lengths = [*np.random.default_rng(0).integers(1, 60, 500).tolist(), 1000]
    batches = list(plan_batches(lengths, 256))
    assert sorted(np.concatenate(batches).tolist()) == list(range(501))
    longest = [max(lengths[row] for row in batch) for batch in batches]
    assert longest == sorted(longest, reverse=True)
    assert longest[0] == 1000
    assert len(batches[0]) == 1
    assert all(len(batch) * size <= 256 for batch, size in zip(batches[1:], longest[1:], strict=True))


def test_progress_counts_texts_up_to_all(encoder: Encoder) -> None:
    heard: list[Progress] = []
    encoder.encode(TEXTS, heard.append)
    assert [(p.stage, p.total, p.unit) for p in heard] == [("Embedding", len(TEXTS), "texts")] * len(heard)
    assert [p.done for p in heard] == sorted(p.done for p in heard)
    assert heard[-1].done == len(TEXTS)


def test_cancel_stops_after_the_batch_and_what_was_reported_is_right(encoder: Encoder) -> None:
    cancel, kept = threading.Event(), {}

    def keep(rows: list[int], vectors: np.ndarray) -> None:
        kept.update(zip(rows, vectors, strict=True))
        cancel.set()

    with pytest.raises(Cancelled):
        encoder.encode(TEXTS, cancel=cancel, on_batch=keep)
    assert 0 < len(kept) < len(TEXTS)
    expected = encoder.encode(TEXTS)
    for row, vector in kept.items():
        np.testing.assert_allclose(vector, expected[row], atol=1e-5)


def test_revision_changes_with_one_weight_and_not_with_the_place(tiny_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder, copy)
    before = resolve_encoder(str(copy)).revision
    assert before == resolve_encoder(str(tiny_folder)).revision
    weights = next(copy.glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-3] ^= 1
    weights.write_bytes(content)
    assert resolve_encoder(str(copy)).revision != before


def test_revision_of_a_downloaded_model_is_its_commit(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models--owner--tiny" / "snapshots" / ("0123456789" * 4)
    shutil.copytree(tiny_folder, folder)
    assert resolve_encoder(str(folder)).revision == "0123456789" * 4


def test_resolving_the_default_is_quick_and_loads_no_torch() -> None:
    code = (
        "import sys, time; from estitchup.encoding import resolve_encoder; begun = time.perf_counter();"
        "source = resolve_encoder(); assert source.dimension == 384 and source.max_tokens == 256;"
        "assert time.perf_counter() - begun < 2; assert not {'torch', 'transformers', 'streamlit'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name", ["no-such-owner/no-such-model", "no-such-model", "./no/such/folder", "a/b/c", "", "two words"]
)
def test_a_missing_model_is_told_in_one_sentence_at_once(name: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(EstitchupError) as caught:
        load_encoder(name)
    assert time.perf_counter() - begun < 5
    sentence = str(caught.value)
    assert name in sentence
    assert DEFAULT_ENCODER in sentence
    assert "\n" not in sentence


def test_a_folder_without_weights_or_with_broken_ones_is_told_in_one_sentence(
    tiny_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(EstitchupError, match="holds no weights"):
        resolve_encoder(str(tmp_path))
    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder, copy)
    next(copy.glob("*.safetensors")).write_bytes(b"no weights")
    with pytest.raises(EstitchupError, match="cannot be loaded") as caught:
        load_encoder(str(copy), "cpu")
    assert "\n" not in str(caught.value)
    (copy / "modules.json").write_text("{")
    with pytest.raises(EstitchupError, match="cannot be read"):
        resolve_encoder(str(copy))


def test_a_device_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(EstitchupError, match="no-such-device"):
        load_encoder(DEFAULT_ENCODER, "no-such-device")


def test_a_vector_length_that_a_model_cuts_is_known(tiny_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder, copy)
    path = copy / "config_sentence_transformers.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "truncate_dim": 4}))
    cut = load_encoder(str(copy), "cpu")
    np.testing.assert_allclose(cut.encode(["a b"]), cut.model.encode(["a b"]), atol=1e-6)
    assert cut.encode(["a b"]).shape == (1, 4)
