"""The default encoder, loaded once, and a tiny one that nobody else has."""

from pathlib import Path

import pytest

from estitchup.encoding import DEFAULT_ENCODER, Encoder, load_encoder


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder(DEFAULT_ENCODER, "cpu")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a random one-layer BERT with a default prompt, CLS and mean pooling, a dense layer and no Normalize."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "query",
        ":",
        *"abcdefghij",
        *(f"##{c}" for c in "abcdefghij"),
    ]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=24,
    )
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(vocab={word: number for number, word in enumerate(words)}).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=12)
    modules = [transformer, Pooling(16, ("cls", "mean"), include_prompt=False), Dense(32, 10)]
    model = SentenceTransformer(
        modules=modules, device="cpu", prompts={"query": "query: "}, default_prompt_name="query"
    )
    model.save(str(folder / "model"))
    return folder / "model"
