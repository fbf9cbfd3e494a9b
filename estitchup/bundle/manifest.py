"""What `bundle.json` says: everything about a classifier but its weights, as one checked value.

`digest` covers every other field, and `weights_digest` the weights' file: what was changed by accident or by hand is
noticed. It is no signature: whoever means to deceive can compute both anew.
"""

import hashlib
import json
from typing import ClassVar, Literal, Self

from pydantic import Field

from estitchup.errors import EstitchupError
from estitchup.settings import Settings, json_object

FORMAT = 1
NEEDED_METRICS = ("accuracy", "unknown_caught")  # which the card speaks of; it lists the others that there are
NEEDED_TEXTS = ("train known", "validation known", "test known", "test unknown")
MOST_CLASSES = 1_000_000


class _Part(Settings):
    called: ClassVar[str] = "bundle entry"


class EncoderFacts(_Part):
    """Which encoder made the vectors: its name ("" if they came with the corpus), revision, and the vectors' length.

    The name holds the prompt that the encoder took (`EncoderName`). Manifests written before this was so name the one
    that was asked for, from which the encoder's own is found again.
    """

    name: str
    revision: str
    dimension: int = Field(ge=1, le=1_000_000)

    @property
    def given(self) -> bool:
        """Tell whether the vectors came with the corpus, so that no encoder is known."""
        return not self.name

    @property
    def key(self) -> str:
        """Return name and revision as one, as an experiment names its encoder."""
        return f"{self.name}@{self.revision}"


class HeadFacts(_Part):
    """What was trained, and how: head, augmentation with its parameters, seed, best epoch (from 1)."""

    kind: Literal["linear", "mlp"]
    hidden: int | None
    augmentation: str
    parameters: dict[str, float | bool | str]
    seed: int
    best_epoch: int


class ThresholdFacts(_Part):
    """The threshold in [0, 1], and how it came about: by a `policy` with its parameters, or by hand (None)."""

    value: float = Field(ge=0, le=1)
    policy: str | None
    parameters: dict[str, float | None]
    chosen_on: str


class Figure(_Part):
    """A metric on test texts with its 95% interval; None where it could not be measured."""

    value: float | None
    low: float | None
    high: float | None


class Manifest(_Part):
    """Everything about a bundle but its weights.

    `metrics` are of exactly this classifier with this temperature and threshold, on the test texts; `texts` counts the
    texts that it was trained, chosen and measured on. `ood_score` names the only score of this format.
    """

    format: int = Field(FORMAT, ge=1, strict=True)
    name: str
    encoder: EncoderFacts
    classes: tuple[str, ...] = Field(min_length=1, max_length=MOST_CLASSES)
    unknown_label: str
    head: HeadFacts
    temperature: float = Field(gt=0, le=1000)
    ood_score: Literal["1 - confidence"] = "1 - confidence"
    threshold: ThresholdFacts
    metrics: dict[str, Figure]
    texts: dict[str, int]
    corpus: str
    corpus_digest: str
    created: str
    versions: dict[str, str]
    weights_digest: str
    digest: str = ""

    def check(self) -> None:
        """Raise EstitchupError when names are not distinct, or figures that every bundle has are missing."""
        if len({*self.classes, self.unknown_label}) <= len(self.classes):
            raise EstitchupError("The bundle names two classes alike: save it again from its experiment.")
        for kind, needed, there in (("metric", NEEDED_METRICS, self.metrics), ("count", NEEDED_TEXTS, self.texts)):
            if missing := [name for name in needed if name not in there]:
                raise EstitchupError(f"The bundle lacks the {kind} {missing[0]!r}: save it again from its experiment.")

    def sealed(self) -> Self:
        """Return the manifest with the digest of its other fields."""
        return self.model_copy(update={"digest": self._digest()})

    @property
    def widths(self) -> list[int]:
        """Return the widths of the head's layers, from the vectors to the classes."""
        hidden = [] if self.head.hidden is None else [self.head.hidden]
        return [self.encoder.dimension, *hidden, len(self.classes)]

    @property
    def intact(self) -> bool:
        """Tell whether nothing was changed since it was sealed."""
        return self.digest == self._digest()

    def _digest(self) -> str:
        fields = self.model_dump(mode="json", exclude={"digest"})
        return sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    @property
    def text(self) -> str:
        """Return the text of bundle.json."""
        return self.model_dump_json(indent=2) + "\n"


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def read_manifest(content: bytes, where: str) -> Manifest:
    """Read bundle.json; raises EstitchupError when it is of a newer format, damaged or was changed."""
    fields = json_object(content, f"The bundle.json in {where}")
    written = fields.get("format")
    if isinstance(written, int | float) and written > FORMAT:
        raise EstitchupError(
            f"{where} has bundle format {written}, and this estitchup reads up to {FORMAT}: update estitchup."
        )
    if written is None:
        raise EstitchupError(f"The bundle.json in {where} names no format: save or download the bundle again.")
    manifest = Manifest.model_validate(fields)
    if not manifest.intact:
        raise EstitchupError(
            f"The bundle.json in {where} was changed after it was saved (its digest does not fit): save or download "
            "the bundle again."
        )
    return manifest
