"""Texts to vectors: encoders, and the store of vectors already computed.

Importing this package loads neither PyTorch nor sentence-transformers; `load_encoder` and `EncoderSource.load` do.
"""

from estitchup.encoding.embed import embed
from estitchup.encoding.encoder import Encoder
from estitchup.encoding.location import DEFAULT_ENCODER
from estitchup.encoding.source import EncoderSource, load_encoder, resolve_encoder
from estitchup.encoding.store import VectorStore

__all__ = ["DEFAULT_ENCODER", "Encoder", "EncoderSource", "VectorStore", "embed", "load_encoder", "resolve_encoder"]
