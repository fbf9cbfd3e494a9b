"""What a user says about files of texts: everything that decides the corpus, so that the same spec gives the same."""

from enum import StrEnum
from pathlib import PurePath

from pydantic import Field

from estitchup.corpus.fixes import Fix
from estitchup.corpus.reading import Reading
from estitchup.errors import EstitchupError
from estitchup.settings import Settings


class Use(StrEnum):
    """What a further file is for; all texts of an unknown file belong to none of the classes."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    UNKNOWN = "unknown"
    POOL = "pool"


class FileSpec(Settings):
    """Say what a file beside the first is for, and where it differs.

    Columns and `vectors` that are None are those of the first file. `label` is the label of all its rows; an unknown
    file without one is called by its name. Raises EstitchupError for a value out of range.
    """

    called = "file setting"

    file: str
    use: Use
    text_column: str | None = None
    label_column: str | None = None
    label: str | None = None
    vectors: str | None = None
    reading: Reading = Reading()


class CorpusSpec(Settings):
    """Say which files hold the texts, what their columns are, and how roles and unknown classes are chosen.

    `file` is a path, or "sample"; `more` are further files, each with its use. Labels are in `label_column`, or `label`
    is that of all rows. `vectors` names a column of embeddings, or an NPY or NPZ file with one for each row, that take
    the encoder's place; a text column is not needed then. `unknown_labels` are classes to refuse; `unknown_share`
    (0 ≤ s < 1) of the other classes, drawn by `seed`, are held out as unknown besides. `validation_share` and
    `test_share` (above 0, their sum below 1) count only where nothing gives that role. `fixes` are applied in their
    order (`fixed.py`). Raises EstitchupError for a value out of range.
    """

    called = "corpus setting"

    file: str
    text_column: str | None = None
    label_column: str | None = None
    label: str | None = None
    split_column: str | None = None
    vectors: str | None = None
    reading: Reading = Reading()
    more: tuple[FileSpec, ...] = ()
    unknown_labels: tuple[str, ...] = ()
    unknown_share: float = Field(default=0.0, ge=0, lt=1)
    validation_share: float = Field(default=0.15, gt=0, lt=1)
    test_share: float = Field(default=0.2, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)
    fixes: tuple[Fix, ...] = ()

    def check(self) -> None:
        """Raise EstitchupError when something is missing, or the shares leave nothing to train on."""
        if self.text_column is None and self.vectors is None:
            raise EstitchupError("The text_column is missing: name the column with the texts, or give vectors.")
        if self.label_column is None and self.label is None:
            raise EstitchupError("The label_column is missing: name the column with the labels, or one label for all.")
        if self.validation_share + self.test_share >= 1:
            raise EstitchupError(
                f"Validation share {self.validation_share:g} and test share {self.test_share:g} leave nothing to train "
                "on: choose shares whose sum is below 1."
            )

    @property
    def first(self) -> FileSpec:
        """Return the first file as the others are described."""
        return FileSpec(
            file=self.file,
            use=Use.TRAIN,
            text_column=self.text_column,
            label_column=self.label_column,
            label=self.label,
            vectors=self.vectors,
            reading=self.reading,
        )

    def whole(self, further: FileSpec) -> FileSpec:
        """Return a further file with what it shares with the first filled in; vectors in a file are never shared."""
        shared = None if self.vectors is None or is_array_file(self.vectors) else self.vectors
        filled = {
            "text_column": further.text_column or self.text_column,
            "label_column": further.label_column or self.label_column,
            "vectors": further.vectors or shared,
        }
        return further.model_copy(update=filled)


def is_array_file(vectors: str) -> bool:
    """Return True where what names the vectors is a file and no column."""
    return PurePath(vectors.lower()).suffix in {".npy", ".npz"}
