"""Turn texts into vectors with a frozen pre-trained encoder.

The model, its tokenizer, prompt, pooling and normalisation are sentence-transformers' own. What departs from its
`encode` is the batching: by tokens, not by rows. Texts of equal length meet in one batch, so nearly nothing is padding,
and a batch is small enough to stay in the processor's cache. For BERT on a CPU nothing is padding at all (`flat.py`);
on CUDA it computes in bfloat16. benchmarks/encoding.py has the figures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from estitchup.encoding.loading import load_model
from estitchup.encoding.source import EncoderSource, Precision
from estitchup.errors import EstitchupError
from estitchup.progress import Cancel, Cancelled, Listener, Meter

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from estitchup.encoding.flat import FlatBatch, FlatBert

OnBatch = Callable[[list[int], NDArray[np.float32]], None]
Batch: TypeAlias = (
    "dict[str, Any] | list[str] | FlatBatch"  # padded features, texts for a model that batches by itself, or flat
)

# Padded tokens in a batch. On two cores 512 was 10% slower, 2,048 alike, 4,096 20% and 8,192 40% slower; where other
# work shared the processor's cache, 2,048 lost 10% too.
_TOKENS_ON_CPU = 1024
_TOKENS_ON_GPU = 32_768  # not measured; large enough to fill one, small enough for 8 GB
_TEXTS_WITHOUT_TOKENS = 256  # for a model that is no plain text transformer, such as a table of token vectors
_TEXTS_AT_ONCE = 8192  # tokenised and sorted together: bounds memory, and lets progress begin at once


class DeviceFull(Exception):
    """The device has no memory left for even one text; what `on_batch` got before is right."""


@dataclass(frozen=True)
class Encoder:
    """Hold an encoder whose model is loaded on `device` and computes in `precision`."""

    source: EncoderSource
    device: str
    model: "SentenceTransformer" = field(repr=False, compare=False)
    precision: Precision = "float32"
    flat: "FlatBert | None" = field(default=None, repr=False, compare=False)

    @classmethod
    def from_source(cls, source: EncoderSource, device: str | None = None) -> "Encoder":
        """Load the model that `source` describes onto `device`; raises EstitchupError when it does not load."""
        from estitchup.encoding.flat import FlatBert

        model = load_model(source, device)
        if model.get_embedding_dimension() != source.dimension:
            raise EstitchupError(
                f"The encoder {source.name!r} gives vectors of {model.get_embedding_dimension()} numbers where its "
                f"files say {source.dimension}: save the model again with sentence-transformers."
            )
        place = str(model.device)
        return cls(source, place, model, _precision(place), FlatBert.of(model))

    @property
    def name(self) -> str:
        """Return the name the encoder was asked for by."""
        return self.source.name

    @property
    def revision(self) -> str:
        """Return what changes when the weights change."""
        return self.source.revision

    @property
    def key(self) -> str:
        """Return what tells this encoder's vectors from any other's in a store, and bfloat16 from float32."""
        return self.source.key_in(self.precision)

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        return self.source.dimension

    @property
    def max_tokens(self) -> int:
        """Return the number of tokens after which a text is cut."""
        return self.source.max_tokens

    def encode(
        self,
        texts: Sequence[str],
        listener: Listener | None = None,
        cancel: Cancel | None = None,
        on_batch: OnBatch | None = None,
    ) -> NDArray[np.float32]:
        """Embed the texts.

        Returns (N, D) in the order of the texts, equal to `SentenceTransformer.encode` up to the precision's rounding.
        `on_batch` gets each batch's indices and vectors (B, D) as soon as they are there, so that they can be kept
        when Cancelled is raised, or DeviceFull when a GPU's memory does not hold one text.
        """
        vectors = np.empty((len(texts), self.dimension), np.float32)
        meter = Meter("Embedding", len(texts), "texts", listener)
        for indices, batch in self._batches(texts):
            if cancel is not None and cancel.is_set():
                raise Cancelled
            vectors[indices] = self._forward(batch)
            if on_batch is not None:
                on_batch(indices.tolist(), vectors[indices])
            meter.advance(len(indices))
        return vectors

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[NDArray[np.intp], Batch]]:
        """Yield indices and padded features of batches of at most so many tokens, the longest texts first."""
        if not _is_plain_transformer(self.model):
            for start in range(0, len(texts), _TEXTS_WITHOUT_TOKENS):
                part = [_without_surrogates(text) for text in texts[start : start + _TEXTS_WITHOUT_TOKENS]]
                yield np.arange(start, start + len(part)), part
            return
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            features = self._tokenise([_without_surrogates(text) for text in texts[start : start + _TEXTS_AT_ONCE]])
            for rows, batch in self._cut(features):
                yield start + rows, batch

    def _cut(self, features: Mapping[str, Any]) -> "Iterator[tuple[NDArray[np.intp], Batch]]":
        """Yield rows and batches of tokenised texts."""
        from estitchup.encoding.flat import FlatBatch, plan_flat

        tokens = features["input_ids"]
        lengths = [len(ids) for ids in tokens]
        if self.flat is not None:
            for rows in plan_flat(lengths, _TOKENS_ON_CPU):
                yield rows, FlatBatch.of([tokens[row] for row in rows])
        else:
            for rows in plan_batches(lengths, self._budget):
                yield rows, self._pad(features, rows)

    def _tokenise(self, texts: list[str]) -> dict[str, Any]:
        """Return the model's own features, prompt and truncation included, but as lists and not padded."""
        unpadded = {"text": {"padding": False}, "common": {"return_tensors": None}}
        own = self.model.prompts.get(self.model.default_prompt_name or "")
        prompt = own if self.source.prompt is None else self.source.prompt
        features: dict[str, Any] = self.model.preprocess(texts, prompt=prompt, processing_kwargs=unpadded)
        return features

    def _pad(self, features: Mapping[str, Any], rows: NDArray[np.intp]) -> dict[str, Any]:
        """Return the rows' features as tensors (B, L), beside the features all texts share."""
        picked = {name: [values[row] for row in rows] for name, values in features.items() if isinstance(values, list)}
        shared = {name: value for name, value in features.items() if name not in picked}
        padded = self.model.tokenizer.pad(picked, return_tensors="pt").to(self.device)
        return {**shared, **padded}

    @property
    def _budget(self) -> int:
        return _TOKENS_ON_GPU if self.device.startswith("cuda") else _TOKENS_ON_CPU

    def _forward(self, batch: Batch) -> NDArray[np.float32]:
        """Return the vectors (B, D) of a batch; half of it at a time when the device's memory is short."""
        import torch

        try:
            with torch.inference_mode(), torch.autocast(self.device.partition(":")[0], torch.bfloat16, self._halves):
                vectors: NDArray[np.float32] = self._embeddings(batch).float().cpu().numpy()
                return vectors
        except torch.OutOfMemoryError:
            parts = _halved(batch)
            if parts is None:
                raise DeviceFull from None
        return np.concatenate(
            [self._forward(part) for part in parts]
        )  # outside, so that the failed one's memory is free

    @property
    def _halves(self) -> bool:
        return self.precision == "bfloat16"

    def _embeddings(self, batch: Batch) -> "Tensor":
        if isinstance(batch, list):
            prompt = self.source.prompt
            return self.model.encode(batch, prompt=prompt, convert_to_tensor=True, show_progress_bar=False)
        if isinstance(batch, dict):
            embeddings: Tensor = self.model(batch)["sentence_embedding"]
        else:
            assert self.flat is not None
            embeddings = self.flat(batch)
        return embeddings[:, : self.dimension]


def plan_batches(lengths: Sequence[int], budget: int) -> Iterator[NDArray[np.intp]]:
    """Yield rows (B,) of batches, the longest rows first, whose padded size B × longest is at most `budget`.

    A row longer than the budget is a batch of its own. Every row comes once; rows of equal length keep their order.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.intp), kind="stable")
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


def _halved(batch: Batch) -> tuple[Batch, Batch] | None:
    """Return the two halves of a batch of features or texts, None when it cannot be halved."""
    if isinstance(batch, list):
        middle = len(batch) // 2
        return (batch[:middle], batch[middle:]) if middle else None
    if not isinstance(batch, dict):
        return None
    count = len(batch["input_ids"])
    middle = count // 2

    def part(rows: slice) -> dict[str, Any]:
        return {name: value[rows] if getattr(value, "ndim", 0) else value for name, value in batch.items()}

    return (part(slice(None, middle)), part(slice(middle, None))) if middle else None


def _precision(device: str) -> Precision:
    """Return bfloat16 where a GPU computes in it; float32 on any other device, whose vectors are then exact.

    A GPU older than Ampere takes bfloat16 too, but only emulates it, which gains nothing and costs digits.
    """
    import torch

    native = device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bfloat16" if native else "float32"


def _is_plain_transformer(model: "SentenceTransformer") -> bool:
    """Return whether the model takes texts as lists of tokens, not as messages, through routes or from a table."""
    from sentence_transformers.sentence_transformer.modules import Transformer

    first = model[0]
    return isinstance(first, Transformer) and "message" not in first.modality_config and first.tokenizer is not None


def _without_surrogates(text: str) -> str:
    """Replace halves of surrogate pairs, which no tokenizer takes, by the replacement character."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
