"""Texts to vectors: encoders, and the store of vectors already computed.

Importing this package loads neither PyTorch nor sentence-transformers; `load_encoder` and `EncoderSource.load` do.
"""

from estitchup.encoding.embed import embed
from estitchup.encoding.encoder import Encoder
from estitchup.encoding.limit import StoreLimit, keep_store_limit, store_limit
from estitchup.encoding.location import DEFAULT_ENCODER, find_at_hand
from estitchup.encoding.name import EncoderName
from estitchup.encoding.registry import REGISTRY, KnownEncoder, known_encoder
from estitchup.encoding.source import EncoderSource, load_encoder, resolve_encoder
from estitchup.encoding.speed import Speed, Speeds
from estitchup.encoding.store import VectorStore

__all__ = [
    "DEFAULT_ENCODER",
    "REGISTRY",
    "Encoder",
    "EncoderName",
    "EncoderSource",
    "KnownEncoder",
    "Speed",
    "Speeds",
    "StoreLimit",
    "VectorStore",
    "embed",
    "find_at_hand",
    "keep_store_limit",
    "known_encoder",
    "load_encoder",
    "resolve_encoder",
    "store_limit",
]
