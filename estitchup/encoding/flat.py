"""BERT's forward over a flat list of tokens: texts of one batch lie end to end, and nothing is padding.

The products see all tokens at once; attention runs over the texts of equal length together, without a mask. Query, key
and value are one product. The weights are the model's own, the arithmetic is that of transformers' BertModel, and
`FlatBert.of` takes a model only when its vectors of a probe agree; benchmarks/encoding.py has the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_AGREE = 1e-5  # 1 − cosine; rounding alone gives about 1e-7
_PROBE = ("", "a", "two words", "a somewhat longer text, with a comma", "word " * 40, "another " * 40)


@dataclass(frozen=True)
class FlatBatch:
    """Hold the tokens (T,) of texts end to end, and (count, length) of each run of equally long texts."""

    tokens: Tensor
    runs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, token_ids: Sequence[Sequence[int]]) -> "FlatBatch":
        """Lay texts end to end; those of equal length must be neighbours."""
        tokens = torch.from_numpy(np.concatenate([np.asarray(ids, np.int64) for ids in token_ids]))
        return cls(tokens, tuple((len(list(texts)), length) for length, texts in groupby(map(len, token_ids))))


@dataclass(frozen=True)
class _Layer:
    attention: Any  # query, key and value in one
    attention_output: Any
    attention_norm: Any
    up: Any
    down: Any
    norm: Any


class FlatBert:
    """Compute what a BERT-based SentenceTransformer computes, a flat batch at a time, on a CPU in float32."""

    def __init__(self, model: "SentenceTransformer") -> None:
        transformer: Any = model[0]  # modules know their own parts, a Module does not
        pooling: Any = model[1]
        bert = transformer.model
        self._pooling: str = pooling.pooling_mode
        self._rest = list(model)[2:]
        self._heads: int = bert.config.num_attention_heads
        self._words: Tensor = bert.embeddings.word_embeddings.weight
        # Every token is of the first type, so its vector is added to the positions' once.
        self._positions: Tensor = (
            bert.embeddings.position_embeddings.weight + bert.embeddings.token_type_embeddings.weight[0]
        )
        self._norm: torch.nn.Module = bert.embeddings.LayerNorm
        self._layers = [_layer(layer) for layer in bert.encoder.layer]

    @classmethod
    def of(cls, model: "SentenceTransformer") -> "FlatBert | None":
        """Return the flat form of the model, None when it is another kind of model or its vectors would differ."""
        if not _is_bert(model):
            return None
        with torch.inference_mode():
            flat = cls(model)
            return flat if flat._agrees(model) else None

    def __call__(self, batch: FlatBatch) -> Tensor:
        """Return the vectors (B, D) of the batch's texts, in their order."""
        positions = torch.cat([torch.arange(length).repeat(count) for count, length in batch.runs])
        states = functional.embedding(batch.tokens, self._words)  # (T, H)
        states = self._norm(states.add_(functional.embedding(positions, self._positions)))
        for layer in self._layers:
            states = self._through(layer, states, batch.runs)
        features = {"sentence_embedding": self._pooled(states, batch.runs)}
        for module in self._rest:
            features = module(features)
        return features["sentence_embedding"]

    def _through(self, layer: _Layer, states: Tensor, runs: tuple[tuple[int, int], ...]) -> Tensor:
        attended = self._attend(layer.attention(states), runs)
        states = layer.attention_norm(layer.attention_output(attended).add_(states))
        hidden = torch.ops.aten.gelu_(layer.up(states))  # in place: the widest array is not written a second time
        output: Tensor = layer.norm(layer.down(hidden).add_(states))
        return output

    def _attend(self, projected: Tensor, runs: tuple[tuple[int, int], ...]) -> Tensor:
        """Let the tokens of each text attend to one another: (T, 3 H) to (T, H)."""
        attended = projected.new_empty(len(projected), projected.shape[1] // 3)
        start = 0
        for count, length in runs:
            part = slice(start, start + count * length)
            query, key, value = projected[part].view(count, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(query, key, value)  # (count, heads, length, H / heads)
            attended[part].view(count, length, self._heads, -1).copy_(mixed.transpose(1, 2))
            start = part.stop
        return attended

    def _pooled(self, states: Tensor, runs: tuple[tuple[int, int], ...]) -> Tensor:
        counts = [count * length for count, length in runs]
        texts = [part.view(*run, -1) for part, run in zip(torch.split(states, counts), runs, strict=True)]
        return torch.cat([part[:, 0] if self._pooling == "cls" else part.mean(1) for part in texts])

    def _agrees(self, model: "SentenceTransformer") -> bool:
        """Return whether the probe's vectors are those of the model itself, up to rounding."""
        texts = sorted(_PROBE, key=lambda text: -len(model.tokenizer(text, truncation=True)["input_ids"]))
        theirs = model.encode(texts, prompt="", convert_to_tensor=True, show_progress_bar=False)
        ids: dict[str, Any] = model.preprocess(
            texts, processing_kwargs={"text": {"padding": False}, "common": {"return_tensors": None}}
        )
        ours = self(FlatBatch.of(ids["input_ids"]))[:, : theirs.shape[1]]
        return bool((1 - functional.cosine_similarity(ours.double(), theirs.double())).max() < _AGREE)


def plan_flat(lengths: Sequence[int], budget: int) -> list[NDArray[np.intp]]:
    """Return rows (B,) of batches, the longest rows first, that hold at most `budget` tokens, or one row.

    Every row comes once; rows of equal length keep their order.
    """
    sizes = np.asarray(lengths, np.intp)
    order = np.argsort(-sizes, kind="stable")
    ends = np.cumsum(sizes[order])
    batches, start = list[NDArray[np.intp]](), 0
    while start < len(order):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + budget, side="right")))
        batches.append(order[start:stop])
        start = stop
    return batches


def _is_bert(model: "SentenceTransformer") -> bool:
    """Return whether model and pooling are of the kind that is written out here."""
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import BertModel

    bert: Any = getattr(model[0], "model", None)
    pooling: Any = model[1] if len(model) > 1 else None
    return bool(
        type(bert) is BertModel
        and type(pooling) is Pooling
        and pooling.pooling_mode in ("mean", "cls")
        and pooling.include_prompt
        and bert.dtype == torch.float32
        and bert.device.type == "cpu"
        and bert.config.hidden_act == "gelu"
        and not bert.config.is_decoder
    )


def _layer(layer: Any) -> _Layer:
    """Take a BertLayer's weights, query, key and value joined."""
    own = layer.attention.self
    parts = (own.query, own.key, own.value)
    joined = torch.nn.Linear(own.query.in_features, 3 * own.query.out_features)
    joined.weight = torch.nn.Parameter(torch.cat([part.weight for part in parts]), requires_grad=False)
    joined.bias = torch.nn.Parameter(torch.cat([part.bias for part in parts]), requires_grad=False)
    output = layer.attention.output
    return _Layer(
        joined, output.dense, output.LayerNorm, layer.intermediate.dense, layer.output.dense, layer.output.LayerNorm
    )
