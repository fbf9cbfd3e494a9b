"""Less precise vectors are kept apart, and a GPU without memory left hands over to the CPU."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from estitchup.encoding import Encoder, EncoderSource, VectorStore, embed, encoder, load_encoder
from estitchup.encoding.encoder import DeviceFull
from estitchup.progress import Progress

TEXTS = ["a b c", "d e", "f", "g h i j a b", "c d e"]


@pytest.fixture
def tiny(tiny_folder: Path) -> Encoder:
    return load_encoder(str(tiny_folder), "cpu")


@pytest.fixture
def rounded(tiny: Encoder) -> Encoder:
    """Compute in bfloat16, as on a GPU."""
    return replace(tiny, precision="bfloat16", flat=None)


def test_a_cpu_computes_in_float32(tiny: Encoder) -> None:
    assert tiny.precision == "float32"
    assert tiny.key == tiny.source.key


@pytest.mark.parametrize(("major", "precision"), [(7, "float32"), (8, "bfloat16")])
def test_a_gpu_that_only_emulates_bfloat16_computes_in_float32(
    monkeypatch: pytest.MonkeyPatch, major: int, precision: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(major=major))
    monkeypatch.setattr(torch.cuda, "_check_bf16_tensor_supported", lambda _: True)
    assert encoder._precision("cuda:0") == precision


def test_bfloat16_rounds_and_says_so_in_the_key(tiny: Encoder, rounded: Encoder) -> None:
    exact, near = tiny.encode(TEXTS), rounded.encode(TEXTS)
    assert near.dtype == np.float32
    assert 1e-5 < np.abs(exact - near).max() < 0.1
    assert rounded.key != tiny.key
    assert rounded.key.endswith(f"@{tiny.revision}")


def test_vectors_in_bfloat16_never_serve_an_encoder_in_float32(tiny: Encoder, rounded: Encoder, tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store") as store:
        near = embed(TEXTS, rounded, store)
        np.testing.assert_array_equal(embed(TEXTS, rounded, store), near)
        np.testing.assert_allclose(embed(TEXTS, tiny, store), tiny.encode(TEXTS), atol=1e-6)
        assert len(store) == 2 * len(TEXTS)


def test_vectors_in_float32_serve_an_encoder_in_bfloat16(tiny: Encoder, rounded: Encoder, tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store") as store:
        exact = embed(TEXTS, tiny, store)
        np.testing.assert_array_equal(embed(TEXTS, rounded, store), exact)
        assert len(store) == len(TEXTS)


def out_of_memory_beyond(texts: int, embeddings: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def full(self: Encoder, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        if self.precision == "bfloat16" and len(batch["input_ids"]) > texts:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return embeddings(self, batch)

    return full


def test_short_memory_halves_the_batch(rounded: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = rounded.encode(TEXTS)
    monkeypatch.setattr(Encoder, "_embeddings", out_of_memory_beyond(1, Encoder._embeddings))
    np.testing.assert_allclose(rounded.encode(TEXTS), expected, atol=0.02)


def test_no_memory_for_one_text_hands_over_to_the_cpu_and_says_so(
    tiny: Encoder, rounded: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Encoder, "_embeddings", out_of_memory_beyond(0, Encoder._embeddings))
    monkeypatch.setattr(EncoderSource, "load", lambda _, device: tiny if device == "cpu" else rounded)
    heard = list[Progress]()
    with pytest.raises(DeviceFull):
        rounded.encode(TEXTS)
    with VectorStore(tmp_path / "store") as store:
        vectors = embed(TEXTS, rounded, store, heard.append)
        _, found = store.get(tiny.key, TEXTS, tiny.dimension)
    assert found.all()
    assert heard[-1].done == heard[-1].total == len(TEXTS)
    assert "CPU" in heard[-1].stage
    np.testing.assert_allclose(vectors, tiny.model.encode(TEXTS), atol=1e-5)
