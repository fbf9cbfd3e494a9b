"""Settings that come from outside: frozen, checked by pydantic, whose findings are said as one sentence."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from estitchup.errors import EstitchupError


class Settings(BaseModel):
    """A group of settings called `called` in sentences; raises EstitchupError for a value out of range."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    called: ClassVar[str] = "setting"

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            settings = handler(values)
        except ValidationError as error:
            raise EstitchupError(cls._sentence(error)) from None
        settings.check()
        return settings

    def check(self) -> None:
        """Raise EstitchupError when settings do not go together."""

    @classmethod
    def _sentence(cls, error: ValidationError) -> str:
        """Say the first finding, with the value and the limit."""
        finding = error.errors(include_url=False)[0]
        setting = ".".join(str(part) for part in finding["loc"])
        if not setting:
            return f"These are no {cls.called}s: give an object with {', '.join(cls.model_fields)}."
        if finding["type"] == "missing":
            return f"The {cls.called} {setting} is missing: give it a value."
        if finding["type"] == "extra_forbidden":
            return f"There is no {cls.called} {setting}: choose among {', '.join(cls.model_fields)}."
        limit = finding["msg"].replace("Input should", "it should")
        return f"The {cls.called} {setting} cannot be {finding['input']!r}: {limit}."
