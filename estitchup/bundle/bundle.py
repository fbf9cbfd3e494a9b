"""A bundle: the classifier with its manifest, ready to predict from texts, to be saved, and to be loaded again.

The head is NumPy and answers vectors at once. The encoder is looked for when the first text comes, and only the very
revision that the head was trained on will do, with its prompt: others give other vectors, and silently wrong answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from estitchup.bundle.archive import CARD, MANIFEST, WEIGHTS, read_files, write_files, zipped
from estitchup.bundle.card import model_card
from estitchup.bundle.choice import choose, classifier_of, manifest_of
from estitchup.bundle.classifier import Classifier
from estitchup.bundle.manifest import Manifest, read_manifest, sha256
from estitchup.bundle.weights import read_weights, weights_of
from estitchup.decision_store import KeptThreshold
from estitchup.encoding import Encoder, EncoderSource, resolve_encoder
from estitchup.errors import EstitchupError
from estitchup.progress import Cancel, Listener
from estitchup.result import ExperimentResult

ON_HUB = "hf://"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A classifier that can be taken anywhere; `encoder_name` says where its encoder is, when not under its own name.

    Example: `estitchup.load("classifier.zip").predict(["where is my parcel?"])`.
    """

    manifest: Manifest
    classifier: Classifier = field(repr=False)
    encoder_name: str | None = None

    def predict(
        self,
        texts: Iterable[str | None],
        top: int = 0,
        *,
        listener: Listener | None = None,
        cancel: Cancel | None = None,
    ) -> pd.DataFrame:
        """Answer texts: a row each, in order, with label, confidence, ood_score = 1 − confidence, and accepted.

        `label` is a class where the text is accepted, else `manifest.unknown_label`. A text that is missing (None, NaN)
        or blank is refused, with NaN for what cannot be measured. `top` adds the most probable classes as class_1,
        probability_1, …, refused or not. A Series keeps its index. Raises EstitchupError for what is no text, and
        when the encoder is not at hand.
        """
        index = texts.index if isinstance(texts, pd.Series) else None
        values = checked_texts(texts)
        said = [place for place, text in enumerate(values) if text]
        if said:
            vectors = self.encoder.encode([values[place] for place in said], listener, cancel)
        else:
            vectors = np.empty((0, self.classifier.dimension), np.float32)
        table = self.classifier.predict_vectors(vectors, top, index=said).reindex(range(len(values)))
        table["label"] = table["label"].fillna(self.manifest.unknown_label)
        table["accepted"] = table["accepted"].eq(True)
        return table if index is None else table.set_axis(index, axis=0)

    def predict_vectors(self, vectors: ArrayLike, top: int = 0) -> pd.DataFrame:
        """Answer vectors (N, D) of this bundle's encoder; see `predict` for the columns."""
        return self.classifier.predict_vectors(vectors, top)

    @cached_property
    def encoder(self) -> Encoder:
        """Load the encoder once; raises EstitchupError when it is not there or another revision."""
        return self.encoder_source().load()

    def encoder_source(self) -> EncoderSource:
        """Find the encoder without loading it; raises EstitchupError when it is not there or another revision.

        Its prompt is the one that the head was trained with, wherever its files are.
        """
        facts = self.manifest.encoder
        if facts.given:
            raise EstitchupError(
                "This classifier was trained on vectors that came with the corpus, and no encoder is known that makes "
                "them: make the vectors as you made those, and use predict_vectors."
            )
        source = resolve_encoder(facts.name, files=self.encoder_name)
        if source.revision != facts.revision:
            raise EstitchupError(
                f"This classifier was trained on vectors of {facts.name} at revision {facts.revision}, and the encoder "
                f"found here is at revision {source.revision}: give the folder of the right one as `encoder`."
            )
        return source

    @property
    def files(self) -> dict[str, bytes]:
        """Return the content of every file of the bundle."""
        return {
            WEIGHTS: weights_of(self.classifier.head),
            CARD: model_card(self.manifest).encode(),
            MANIFEST: self.manifest.text.encode(),
        }

    @property
    def archive(self) -> bytes:
        """Return the bundle as a zip archive; the same bundle gives the same bytes."""
        return zipped(self.files)

    def save(self, path: str | Path) -> Path:
        """Write a zip archive when the path ends in .zip, else a folder, and return the path; raises EstitchupError."""
        write_files(self.files, Path(path))
        return Path(path)


def make_bundle(
    result: ExperimentResult,
    augmentation: str,
    kept: KeptThreshold | None = None,
    seed: int | None = None,
    name: str | None = None,
) -> Bundle:
    """Take a classifier out of an experiment, and measure it on the test texts; see `choose` for which."""
    choice = choose(result, augmentation, kept, seed)
    return Bundle(manifest_of(result, choice, name), classifier_of(result, choice))


def load(path: str | Path, encoder: str | None = None) -> Bundle:
    """Open a bundle: a folder, a zip archive, or hf://owner/name on the Hugging Face hub.

    `encoder` is the folder or name of its encoder, where that is not found under its own name. Raises EstitchupError
    when there is no bundle, or when it is damaged, was changed or is of a newer format.
    """
    if str(path).startswith(ON_HUB):
        from estitchup.bundle.hub import fetched

        path = fetched(str(path).removeprefix(ON_HUB))
    where, files = repr(str(path)), read_files(Path(path))
    manifest = read_manifest(files[MANIFEST], where)
    if sha256(files[WEIGHTS]) != manifest.weights_digest:
        raise EstitchupError(
            f"The weights in {where} were changed after they were saved (their digest does not fit): save or download "
            "the bundle again."
        )
    classifier = Classifier(
        head=read_weights(files[WEIGHTS], manifest.widths, where),
        classes=manifest.classes,
        unknown_label=manifest.unknown_label,
        temperature=manifest.temperature,
        threshold=manifest.threshold.value,
    )
    return Bundle(manifest, classifier, encoder)


def checked_texts(texts: Iterable[str | None]) -> list[str]:
    """Return the texts, "" for missing and blank ones; raises EstitchupError for anything else."""
    if isinstance(texts, str | bytes):
        raise EstitchupError("One text was given where a list is expected: put it between brackets, as in [text].")
    if isinstance(texts, pd.DataFrame | Mapping):
        names = list(map(repr, texts))
        raise EstitchupError(
            f"A table was given where a list of texts is expected: pass the column that holds them, as in "
            f"table[{next(iter(names), '...')}]; it has {', '.join(names[:10]) or 'none'}."
        )
    values = []
    for place, text in enumerate(texts):
        if not isinstance(text, str) and not _missing(text):
            raise EstitchupError(
                f"Text {place} is of type {type(text).__name__}: give strings, None where it is missing."
            )
        values.append(text if isinstance(text, str) and text.strip() else "")
    return values


def _missing(text: object) -> bool:
    return pd.api.types.is_scalar(text) and bool(pd.isna(text))
