"""Settings that come from outside: frozen, checked by pydantic, whose findings are said as one sentence."""

import json
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
    def from_json(cls, content: bytes, where: str) -> Self:
        """Read the content of a file that a person may have edited; raises EstitchupError, naming the file."""
        return cls.model_validate(json_object(content, where))

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


def json_object(content: bytes, where: str) -> dict[str, Any]:
    """Parse a JSON object; a byte order mark is passed over. Raises EstitchupError for anything else."""
    try:
        fields = json.loads(content.decode("utf-8-sig"))
        json.dumps(fields, ensure_ascii=False).encode()  # half a letter, as \ud800 is, could not be written again
    except (ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0] if isinstance(error, ValueError) else "it is nested too deep"
        raise EstitchupError(f"{where} cannot be read as JSON ({reason}): put back the file as it was.") from None
    if not isinstance(fields, dict):
        raise EstitchupError(f"{where} holds no JSON object: put back the file as it was.")
    return fields
