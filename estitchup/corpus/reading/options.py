"""What can be said about how a file is to be read, and what was found out where nothing was said."""

from dataclasses import dataclass, replace

from pydantic import Field

from estitchup.errors import EstitchupError
from estitchup.settings import Settings

A_TEXT_A_LINE = "\n"
"""The delimiter of a file that is no table: every line is one text."""


class Reading(Settings):
    """Say how a file is read; None leaves it to be found out.

    `encoding` is one that Python knows; `delimiter` one character, or `A_TEXT_A_LINE`; `quoted` says whether a double
    quote (") is a mark and not a character; `sheet` names a workbook's sheet, `records` the path of keys to the records
    of a JSON file (dots between them, "*" for all lists of an object), `member` a file of an archive or folder.
    Raises EstitchupError for what cannot be.
    """

    called = "reading option"

    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    quoted: bool | None = None
    sheet: str | None = None
    records: str | None = None
    member: str | None = None

    def check(self) -> None:
        """Raise EstitchupError for an encoding that does not exist or a delimiter that cannot delimit."""
        if self.encoding is not None:
            try:
                b"a".decode(self.encoding)
            except UnicodeDecodeError:
                pass  # it exists, and wants more bytes for a character
            except (LookupError, ValueError):
                raise EstitchupError(
                    f"There is no encoding {self.encoding!r}: name one such as utf-8, cp1252, utf-16 or gb18030."
                ) from None
        if self.delimiter is not None and self.delimiter in '"\r\0':
            raise EstitchupError(
                f"The delimiter cannot be {self.delimiter!r}: give the character that stands between cells, such as ;."
            )


@dataclass(frozen=True)
class Found:
    """How a file was read: its kind in words, and for each option what was said or found; None where it has none.

    `sheets`, `paths` and `members` are what could be chosen instead; `note` has a sentence for anything unexpected.
    """

    kind: str
    encoding: str | None = None
    delimiter: str | None = None
    quoted: bool | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    records: str | None = None
    paths: tuple[str, ...] = ()
    member: str | None = None
    members: tuple[str, ...] = ()
    note: str = ""

    def noted(self, note: str) -> "Found":
        """Return the same with one more sentence."""
        return replace(self, note=f"{self.note} {note}".strip())
