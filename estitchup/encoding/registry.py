"""Encoders worth a try, with the facts that a person chooses by.

Names, sizes, dimensions, licences and prompts are written down as the publishers state them, to choose by; of these
models only the default is loaded by the tests. What counts is read from a model's own files when it is there: its
dimension and limit of tokens (`source.py`), and a model that lacks safetensors weights or wants Python code of its own
run is refused in a sentence.
"""

from dataclasses import dataclass

ENGLISH = "English"


@dataclass(frozen=True)
class KnownEncoder:
    """Describe a sentence-transformers model of the hub.

    `millions` are parameters, `megabytes` about what is downloaded (10⁶ bytes), `max_tokens` where a text is cut.
    `prompt` goes before each text; "" where the model wants none.
    """

    name: str
    dimension: int
    millions: float
    megabytes: int
    max_tokens: int
    licence: str
    languages: str
    prompt: str = ""


REGISTRY = (
    KnownEncoder("all-MiniLM-L6-v2", 384, 22.7, 91, 256, "Apache-2.0", ENGLISH),
    KnownEncoder("all-MiniLM-L12-v2", 384, 33.4, 133, 128, "Apache-2.0", ENGLISH),
    KnownEncoder("all-mpnet-base-v2", 768, 109, 438, 384, "Apache-2.0", ENGLISH),
    KnownEncoder("intfloat/e5-small-v2", 384, 33.4, 133, 512, "MIT", ENGLISH, "query: "),
    KnownEncoder("intfloat/e5-base-v2", 768, 109, 438, 512, "MIT", ENGLISH, "query: "),
    KnownEncoder("BAAI/bge-small-en-v1.5", 384, 33.4, 133, 512, "MIT", ENGLISH),
    KnownEncoder("BAAI/bge-base-en-v1.5", 768, 109, 438, 512, "MIT", ENGLISH),
    KnownEncoder("BAAI/bge-large-en-v1.5", 1024, 335, 1341, 512, "MIT", ENGLISH),
    KnownEncoder("Alibaba-NLP/gte-modernbert-base", 768, 149, 298, 8192, "Apache-2.0", ENGLISH),
    KnownEncoder("paraphrase-multilingual-MiniLM-L12-v2", 384, 118, 471, 128, "Apache-2.0", "50+ languages"),
    KnownEncoder("paraphrase-multilingual-mpnet-base-v2", 768, 278, 1112, 128, "Apache-2.0", "50+ languages"),
    KnownEncoder("intfloat/multilingual-e5-small", 384, 118, 471, 512, "MIT", "about 100 languages", "query: "),
    KnownEncoder("intfloat/multilingual-e5-base", 768, 278, 1112, 512, "MIT", "about 100 languages", "query: "),
    KnownEncoder(
        "Qwen/Qwen3-Embedding-0.6B",
        1024,
        596,
        1192,
        32768,
        "Apache-2.0",
        "100+ languages",
        "Instruct: Tell the topic or intent of the text\nQuery:",
    ),
)

_OWNER = "sentence-transformers/"


def known_encoder(name: str) -> KnownEncoder | None:
    """Return the registry's entry of this name, with or without its owner on the hub; None when it has none."""
    short = name.removeprefix(_OWNER)
    return next((entry for entry in REGISTRY if entry.name == short), None)
