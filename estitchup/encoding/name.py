"""An encoder's name as one string, with the prompt that goes before each text: `intfloat/e5-small-v2?prompt=query:%20`.

One string, so that a spec, a store's key, a classifier that is taken away and the command line all say the same.
"""

from dataclasses import dataclass
from urllib.parse import quote, unquote

_MARK = "?prompt="  # no name on the hub holds a question mark


@dataclass(frozen=True)
class EncoderName:
    """Hold what a person asked for: a model, and a prompt where the model's own will not do.

    `prompt` is None for the prompt that the model or the registry names, and "" for none at all.
    """

    model: str
    prompt: str | None = None

    @classmethod
    def parse(cls, text: str) -> "EncoderName":
        """Take a name apart; spaces, line ends and % may be percent-encoded in the prompt, as in an address."""
        model, mark, prompt = text.partition(_MARK)
        return cls(model, unquote(prompt) if mark else None)

    def __str__(self) -> str:
        """Return the name that `parse` takes apart again."""
        return self.model if self.prompt is None else f"{self.model}{_MARK}{quote(self.prompt, safe=':,')}"
