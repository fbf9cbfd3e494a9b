"""Load a model that lies in a folder, or say in one sentence why it does not load.

No Python code that comes with a model is ever run, and nothing is unpickled.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from estitchup.encoding.source import EncoderSource
from estitchup.errors import EstitchupError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def load_model(source: EncoderSource, device: str | None) -> "SentenceTransformer":
    """Load the model onto `device`, by default the fastest there is; raises EstitchupError."""
    folder, safe = str(source.folder), {"use_safetensors": True}
    try:
        from sentence_transformers import SentenceTransformer

        with _no_progress_bar():
            return SentenceTransformer(
                folder, device=device, local_files_only=True, trust_remote_code=False, model_kwargs=safe
            ).eval()
    except Exception as error:  # a folder from anywhere can fail in any way, and so can a device
        if _brings_code(source):
            raise EstitchupError(
                f"The encoder {source.name!r} brings Python code of its own, which estitchup never runs: choose an "
                "encoder that needs none, or embed the texts elsewhere and bring the vectors as a column."
            ) from error
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise EstitchupError(
            f"The encoder {source.name!r} in {folder!r} cannot be loaded on {device or 'this computer'} ({reason}): "
            "give another folder or device, or use the default encoder."
        ) from error


def _brings_code(source: EncoderSource) -> bool:
    """Return whether the configuration names classes in files beside it."""
    for path in source.folder.rglob("config.json"):
        try:
            if "auto_map" in json.loads(path.read_text("utf-8")):
                return True
        except (OSError, ValueError, TypeError):
            continue
    return any(source.folder.rglob("*.py"))


@contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Hide the bar that transformers draws for a tenth of a second while it reads weights."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
