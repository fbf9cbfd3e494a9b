"""What a user says about a table of texts: everything that decides the corpus, so that the same spec gives the same.

Pydantic checks what comes from outside; its findings are said as one sentence.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from estitchup.errors import EstitchupError


class CorpusSpec(BaseModel):
    """Say which file holds the texts, what its columns are, and how roles and unknown classes are chosen.

    `file` is a path, or "sample". `unknown_labels` are classes to refuse; `unknown_share` (0 ≤ s < 1) of the other
    classes, drawn by `seed`, are held out as unknown besides. `validation_share` and `test_share` (above 0, their sum
    below 1) count only where no split column gives that role. Raises EstitchupError for a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    text_column: str
    label_column: str
    split_column: str | None = None
    unknown_labels: tuple[str, ...] = ()
    unknown_share: float = Field(default=0.0, ge=0, lt=1)
    validation_share: float = Field(default=0.15, gt=0, lt=1)
    test_share: float = Field(default=0.2, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            spec = handler(values)
        except ValidationError as error:
            raise EstitchupError(_sentence(error)) from None
        if spec.validation_share + spec.test_share >= 1:
            raise EstitchupError(
                f"Validation share {spec.validation_share:g} and test share {spec.test_share:g} leave nothing to train "
                "on: choose shares whose sum is below 1."
            )
        return spec


def _sentence(error: ValidationError) -> str:
    """Say the first finding, with the value and the limit."""
    finding = error.errors(include_url=False)[0]
    setting = ".".join(str(part) for part in finding["loc"]) or "corpus"
    if finding["type"] == "missing":
        return f"The corpus setting {setting} is missing: give it a value."
    if finding["type"] == "extra_forbidden":
        return f"There is no corpus setting {setting}: choose among {', '.join(CorpusSpec.model_fields)}."
    limit = finding["msg"].replace("Input should", "it should")
    return f"The corpus setting {setting} cannot be {finding['input']!r}: {limit}."
