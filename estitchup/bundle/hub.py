"""Bundles on the Hugging Face hub: a model repository with the bundle's three files, the card as its front page.

The token and the endpoint are those of huggingface_hub (`hf auth login`, HF_TOKEN, HF_ENDPOINT); nothing of them is
kept here. It is no extra: sentence-transformers needs huggingface_hub, and every model card is written with it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from estitchup.bundle.archive import MANIFEST, WEIGHTS
from estitchup.bundle.bundle import Bundle
from estitchup.errors import EstitchupError

Answer = TypeVar("Answer")


def push_to_hub(bundle: Bundle, repository: str, *, private: bool = True, revision: str | None = None) -> str:
    """Put the bundle into the model repository `owner/name`, made when it is new, and return the commit's address.

    A new repository is private unless told otherwise. Raises EstitchupError when the hub does not take it.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    def push() -> str:
        api = HfApi()
        api.create_repo(repository, private=private, exist_ok=True)
        operations = [CommitOperationAdd(name, content) for name, content in bundle.files.items()]
        commit = api.create_commit(repository, operations, commit_message="Add the classifier", revision=revision)
        return str(commit.commit_url)

    return _asked(push, repository, "written to")


def fetched(repository: str) -> Path:
    """Return the folder of the bundle in `owner/name` or `owner/name@revision`, downloaded when it is not cached."""
    from huggingface_hub import snapshot_download

    name, _, revision = repository.partition("@")
    return _asked(
        lambda: Path(snapshot_download(name, revision=revision or None, allow_patterns=[MANIFEST, WEIGHTS])),
        name,
        "read from",
    )


def _asked(ask: Callable[[], Answer], repository: str, what: str) -> Answer:
    try:
        return ask()
    except Exception as error:  # the client lets through errors of its HTTP library, which it has changed before
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise EstitchupError(
            f"{repository!r} cannot be {what} the Hugging Face hub ({reason}): check the name, the network and the "
            "token (`hf auth login`)."
        ) from error
