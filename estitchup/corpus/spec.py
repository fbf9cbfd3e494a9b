"""What a user says about a table of texts: everything that decides the corpus, so that the same spec gives the same."""

from pydantic import Field

from estitchup.errors import EstitchupError
from estitchup.settings import Settings


class CorpusSpec(Settings):
    """Say which file holds the texts, what its columns are, and how roles and unknown classes are chosen.

    `file` is a path, or "sample". `unknown_labels` are classes to refuse; `unknown_share` (0 ≤ s < 1) of the other
    classes, drawn by `seed`, are held out as unknown besides. `validation_share` and `test_share` (above 0, their sum
    below 1) count only where no split column gives that role. Raises EstitchupError for a value out of range.
    """

    called = "corpus setting"

    file: str
    text_column: str
    label_column: str
    split_column: str | None = None
    unknown_labels: tuple[str, ...] = ()
    unknown_share: float = Field(default=0.0, ge=0, lt=1)
    validation_share: float = Field(default=0.15, gt=0, lt=1)
    test_share: float = Field(default=0.2, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)

    def check(self) -> None:
        """Raise EstitchupError when the shares leave nothing to train on."""
        if self.validation_share + self.test_share >= 1:
            raise EstitchupError(
                f"Validation share {self.validation_share:g} and test share {self.test_share:g} leave nothing to train "
                "on: choose shares whose sum is below 1."
            )
