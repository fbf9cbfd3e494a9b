"""What an experiment was made of, in the words of a person: its files, its encoder, what counts as unknown.

Folders of this machine are left out; an encoder's owner and prompt are not, since another one gives other vectors.
"""

import re
from pathlib import PurePosixPath

from estitchup.corpus import CorpusSpec, Use
from estitchup.encoding import EncoderName
from estitchup.report.content import joined
from estitchup.spec import ExperimentSpec

MOST_FILES = 3
_ON_HUB = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")


def files_said(corpus: CorpusSpec) -> str:
    """Name the files of the texts, the first of many."""
    names = [file_name(file) for file in (corpus.file, *(more.file for more in corpus.more))]
    return joined(names) if len(names) <= MOST_FILES else f"{names[0]} and {len(names) - 1} more files"


def encoder_said(spec: ExperimentSpec, key: str = "") -> str:
    """Name the encoder with its prompt, in an experiment's `key` also the one that it took by itself."""
    if spec.corpus.vectors is not None:
        return "vectors that came with the texts"
    asked, taken = EncoderName.parse(spec.encoder), EncoderName.parse(key.rpartition("@")[0]).prompt
    prompt = asked.prompt if taken is None else taken
    model = asked.model if _ON_HUB.fullmatch(asked.model) else file_name(asked.model)
    if prompt is None:
        return model
    return f"{model} with the prompt “{prompt.strip()}”" if prompt else f"{model} without a prompt"


def unknown_said(corpus: CorpusSpec) -> str:
    """Say which texts count as unknown."""
    said = [", ".join(corpus.unknown_labels)] if corpus.unknown_labels else []
    if corpus.unknown_share:
        said.append(f"{corpus.unknown_share:.0%} of the classes")
    said += [f"all of {file_name(more.file)}" for more in corpus.more if more.use is Use.UNKNOWN]
    return "; ".join(said) or "none"


def file_name(path: str) -> str:
    """Return the last part of a path, whichever system wrote it."""
    return PurePosixPath(path.replace("\\", "/")).name
