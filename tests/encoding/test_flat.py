"""A flat batch gives what sentence-transformers gives, and is used only where it does."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast, DistilBertConfig, DistilBertModel

from estitchup.encoding import Encoder, load_encoder
from estitchup.encoding.flat import FlatBatch, FlatBert, plan_flat

TEXTS = ["", "a", "b a", "abc de f", "j i h g f e d c b a " * 3, "a b", "c"]


def save(folder: Path, pooling: str = "mean", activation: str = "gelu") -> Path:
    """Save a random two-layer BERT that ends in pooling."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghij", *(f"##{letter}" for letter in "abcdefghij")]
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=40,
        max_position_embeddings=32,
        hidden_act=activation,
        initializer_range=0.3,
    )
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(vocab={word: number for number, word in enumerate(words)}).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=16)
    SentenceTransformer(modules=[transformer, Pooling(24, pooling)], device="cpu").save(str(folder / "model"))
    return folder / "model"


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_flat_bert_agrees_with_the_model_it_was_made_from(tmp_path: Path, pooling: str) -> None:
    encoder = load_encoder(str(save(tmp_path, pooling)), "cpu")
    assert encoder.flat is not None
    np.testing.assert_allclose(encoder.encode(TEXTS), encoder.model.encode(TEXTS), atol=1e-5)


def test_a_texts_vector_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    encoder = load_encoder(str(save(tmp_path)), "cpu")
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), alone, atol=1e-6)


@pytest.mark.parametrize(("pooling", "activation"), [("max", "gelu"), ("mean", "relu")])
def test_what_is_not_written_out_takes_the_models_own_forward(tmp_path: Path, pooling: str, activation: str) -> None:
    encoder = load_encoder(str(save(tmp_path, pooling, activation)), "cpu")
    assert encoder.flat is None
    np.testing.assert_allclose(encoder.encode(TEXTS), encoder.model.encode(TEXTS), atol=1e-5)


def test_another_family_takes_its_own_forward(tmp_path: Path) -> None:
    folder = save(tmp_path)
    model = SentenceTransformer(str(folder), device="cpu")
    torch.manual_seed(0)
    config = DistilBertConfig(vocab_size=25, dim=24, n_layers=1, n_heads=3, hidden_dim=40, max_position_embeddings=32)
    model[0].model = DistilBertModel(config).eval()
    assert FlatBert.of(model) is None


def test_a_model_whose_vectors_would_differ_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = SentenceTransformer(str(save(tmp_path)), device="cpu")
    assert FlatBert.of(model) is not None
    attend = FlatBert._attend
    monkeypatch.setattr(FlatBert, "_attend", lambda self, *rest: attend(self, *rest) * 1.5)
    assert FlatBert.of(model) is None


def test_real_texts_agree_with_stock_encode(encoder: Encoder, public_data: Path) -> None:
    texts = pd.read_csv(public_data / "banking77_test.csv")["text"].head(64).tolist()
    ours, stock = encoder.encode(texts).astype(np.float64), encoder.model.encode(texts).astype(np.float64)
    assert encoder.flat is not None
    assert (ours * stock).sum(1).min() >= 0.999999


def test_flat_batches_hold_every_row_once_longest_first_within_the_budget() -> None:
    lengths = [*np.random.default_rng(0).integers(1, 60, 500).tolist(), 1000]
    batches = plan_flat(lengths, 256)
    assert sorted(np.concatenate(batches).tolist()) == list(range(501))
    in_order = [lengths[row] for batch in batches for row in batch]
    assert in_order == sorted(in_order, reverse=True)
    sums = [sum(lengths[row] for row in batch) for batch in batches]
    assert sums[0] == 1000
    assert max(sums[1:]) <= 256
    assert min(sums[1:-1]) > 256 - 60  # and none is needlessly small


def test_texts_of_equal_length_are_one_run() -> None:
    batch = FlatBatch.of([[1, 2, 3], [4, 5, 6], [7]])
    assert batch.tokens.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert batch.runs == ((2, 3), (1, 1))
