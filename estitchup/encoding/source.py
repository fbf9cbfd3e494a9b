"""What an encoder gives, known before its model is loaded.

Showing vectors that are already in the store needs an encoder's name, revision and dimension, not its model. They are
read here from the folder's own files in a fraction of a second; PyTorch comes in only when `load` is called.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from estitchup.encoding.location import DEFAULT_ENCODER, find_folder, has_weights
from estitchup.encoding.name import EncoderName
from estitchup.encoding.registry import known_encoder
from estitchup.errors import EstitchupError
from estitchup.progress import Listener

if TYPE_CHECKING:
    from estitchup.encoding.encoder import Encoder

Precision = Literal["float32", "bfloat16"]

_BLOCK = 1 << 20
_MOST_BLOCKS = 128  # 90 MB take 0.15 s of CPU
_DESCRIBING = {".json", ".txt", ".model", ".safetensors"}  # the files that decide what vectors come out
_WIDTHS = ("hidden_size", "dim", "d_model", "n_embd")  # what families of transformers call their width


@dataclass(frozen=True)
class EncoderSource:
    """Describe an encoder on disk.

    `revision` changes when the weights or the configuration change. `dimension` is the length of a vector,
    `max_tokens` the number of tokens after which a text is cut. `prompt` goes before each text; None: what the model
    itself puts there, if anything.
    """

    name: str
    folder: Path
    revision: str
    dimension: int
    max_tokens: int
    prompt: str | None = None

    @property
    def key(self) -> str:
        """Return what tells this encoder's vectors from any other's in a store."""
        return self.key_in("float32")

    def key_in(self, precision: Precision) -> str:
        """Return the key of vectors that were computed in this precision."""
        name = str(EncoderName(EncoderName.parse(self.name).model, self.prompt))
        return f"{name}@{self.revision}" if precision == "float32" else f"{name}#{precision}@{self.revision}"

    def load(self, device: str | None = None) -> "Encoder":
        """Load the model onto `device`, by default the fastest there is; raises EstitchupError."""
        from estitchup.encoding.encoder import Encoder

        return Encoder.from_source(self, device)


def resolve_encoder(
    name: str = DEFAULT_ENCODER, listener: Listener | None = None, *, files: str | None = None
) -> EncoderSource:
    """Describe the encoder called `name` without loading it.

    `name` is `DEFAULT_ENCODER`, a folder, or a sentence-transformers model of the Hugging Face hub, which is downloaded
    the first time, telling `listener`; a prompt may follow (`EncoderName`). `files` says where its files are, when not
    under its own name; the prompt stays that of `name`. Raises EstitchupError when it cannot be had or read.
    """
    asked = EncoderName.parse(name)
    folder = find_folder(EncoderName.parse(files or name).model, listener)
    if not has_weights(folder):
        raise EstitchupError(
            f"{str(folder)!r} holds no weights (*.safetensors) to load the encoder {asked.model!r} from: give the "
            f"folder of a sentence-transformers model saved as safetensors, or use {DEFAULT_ENCODER!r}."
        )
    try:
        prompt = _prompt(folder, asked)
        return EncoderSource(name, folder, _revision(folder), _dimension(folder), _max_tokens(folder), prompt)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise EstitchupError(
            f"The files of the encoder {name!r} in {str(folder)!r} cannot be read ({type(error).__name__}: {error}): "
            f"save the model again with sentence-transformers, or use {DEFAULT_ENCODER!r}."
        ) from error


def _prompt(folder: Path, asked: EncoderName) -> str | None:
    """Return what goes before each text: what was asked for, else the folder's, else the registry's prompt."""
    config = _read_json(folder / "config_sentence_transformers.json")
    if config.get("default_prompt_name"):  # the model puts it there itself
        return asked.prompt
    if asked.prompt is not None:
        return asked.prompt or None
    named = {name.lower(): prompt for name, prompt in (config.get("prompts") or {}).items()}
    known = known_encoder(asked.model)
    return named.get("classification") or (known.prompt if known else None) or None


def load_encoder(name: str = DEFAULT_ENCODER, device: str | None = None) -> "Encoder":
    """Find and load the encoder called `name`; see `resolve_encoder` for names and errors."""
    return resolve_encoder(name).load(device)


def _revision(folder: Path) -> str:
    """Return the hub's commit of a downloaded folder, a digest of its files for any other."""
    if folder.parent.name == "snapshots" and re.fullmatch("[0-9a-f]{40}", folder.name):
        return folder.name
    digest = blake2b(digest_size=16)
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _DESCRIBING and path.is_file()):
        stat = path.stat()
        digest.update(path.relative_to(folder).as_posix().encode() + _file_digest(path, stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()


@lru_cache(maxsize=256)  # a page resolves its encoder at every rerun
def _file_digest(path: Path, size: int, modified: int) -> bytes:  # noqa: ARG001 (a changed file is another entry)
    """Digest a file's size and its blocks: all of them up to 128 MiB, 128 spread evenly over a larger file."""
    digest = blake2b(str(size).encode(), digest_size=16)
    blocks = -(-size // _BLOCK)
    read = min(blocks, _MOST_BLOCKS)
    with path.open("rb") as file:
        for index in range(read):
            file.seek(index * blocks // read * _BLOCK)
            digest.update(file.read(_BLOCK))
    return digest.digest()


def _dimension(folder: Path) -> int:
    """Return the length of the vectors, which the last module that changes it decides."""
    widths = (width for module in reversed(_modules(folder)) for width in _module_width(folder, module))
    width = next(widths, None)
    if width is None:
        raise EstitchupError(
            f"The files in {str(folder)!r} do not say how long the encoder's vectors are: save the model again with "
            f"sentence-transformers, or use {DEFAULT_ENCODER!r}."
        )
    cut = _read_json(folder / "config_sentence_transformers.json").get("truncate_dim")
    return min(width, int(cut)) if cut else width


def _modules(folder: Path) -> list[dict[str, Any]]:
    path = folder / "modules.json"
    # A plain transformers folder has none; sentence-transformers then adds mean pooling, which keeps the width.
    modules: list[dict[str, Any]] = (
        json.loads(path.read_text("utf-8")) if path.is_file() else [{"path": "", "type": ""}]
    )
    return modules


def _module_width(folder: Path, module: dict[str, Any]) -> Iterator[int]:
    """Yield the module's output width if its configuration states one."""
    config = _read_json(folder / module["path"] / "config.json")
    kind = module["type"].rpartition(".")[2]
    if kind == "StaticEmbedding":
        yield from _table_width(folder / module["path"] / "model.safetensors")
    elif kind == "Dense":
        yield int(config["out_features"])
    elif kind == "Pooling":
        modes = config.get("pooling_mode") or [
            mode for key, mode in config.items() if key.startswith("pooling_mode_") and mode
        ]
        width = config.get("embedding_dimension") or config["word_embedding_dimension"]
        yield int(width) * (1 if isinstance(modes, str) else max(1, len(modes)))
    else:
        yield from (int(config[key]) for key in _WIDTHS if key in config)


def _table_width(path: Path) -> Iterator[int]:
    """Yield the width of the one matrix in a table of token vectors, from the safetensors header."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    yield from (int(tensor["shape"][1]) for tensor in header.values() if len(tensor.get("shape", ())) == 2)


def _max_tokens(folder: Path) -> int:
    """Return after how many tokens a text is cut: the model's own limit, else its tokenizer's and positions'."""
    folder = folder / _modules(folder)[0]["path"]
    own = _read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    limits = [
        _read_json(folder / "tokenizer_config.json").get("model_max_length"),
        _read_json(folder / "config.json").get("max_position_embeddings"),
    ]
    return int(own or min((limit for limit in limits if limit), default=512))


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content = json.loads(path.read_text("utf-8"))
    return content if isinstance(content, dict) else {}
