"""Finds out over a whole file how its text is encoded: a byte-order mark, else UTF-8, else charset-normalizer's guess.

The guess is narrowed to the encodings people's tools still write, and a tie goes to the more common one: left to
itself, charset-normalizer 3.5 reads Portuguese and Swedish in Windows-1252 as Windows-1250 ("não" as "năo"). Where
lines in UTF-8 and in Windows-1252 stand in one file, as after joining two, each is read as what it is, with a note.
"""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes

from estitchup.corpus.reading.source import BLOCK, Source
from estitchup.errors import EstitchupError

_MARKS = {  # UTF-32 first: its mark begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
COMMON = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "mac_roman", "koi8_r"]
COMMON += ["cp932", "euc_jp", "gb18030", "big5", "cp949"]
"""The encodings besides Unicode's that are recognised, the likeliest first."""
_GUESSED_BYTES = 200_000
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_MOST_CONTROLS = 0.02  # share of a text's bytes; stray NULs happen
MOST_IN_LINE = 16 << 20
"""Characters of a line, and of a cell."""
_FEWEST_WHOLE = {"cp1252": 0.02}  # share of lines beyond ASCII that are UTF-8 from which a file is mixed; short lines
_FEWEST_WHOLE_ELSE = 0.25  # in Chinese, Japanese or Korean encodings often happen to be UTF-8, Western ones hardly ever


def _instead(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes that are not UTF-8 as Windows-1252, but as “�” ÿ, which nobody writes, and in other encodings."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    western = error.encoding == "utf-8" and b"\xff" not in wrong
    return wrong.decode("cp1252", "replace") if western else "\ufffd", error.end


DAMAGED = "estitchup.damaged"
"""How bytes are decoded that are wrong in their encoding: the name of an error handler."""
codecs.register_error(DAMAGED, _instead)


@dataclass(frozen=True)
class Encoding:
    """The name of an encoding that Python knows, and a sentence where not all of the file is in it."""

    name: str
    note: str = ""


def encoding_of(source: Source, said: str | None) -> Encoding:
    """Return the encoding that is said, or else found; raises EstitchupError as `detect_encoding` does."""
    return Encoding(said) if said else detect_encoding(source)


def detect_encoding(source: Source) -> Encoding:
    """Return the encoding; raises EstitchupError where the bytes are no text or it is not recognised."""
    start = source.start(_GUESSED_BYTES)
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return Encoding(encoding)
    if wide := _wide(start):
        return Encoding(wide)
    if _controls(start) > _MOST_CONTROLS * len(start):
        raise EstitchupError(f"{source.name} is not a text file: bring a table, or texts in UTF-8.")
    return Encoding("utf-8") if _is_utf8(source) else _guessed(source)


def lines_of(source: Source, encoding: str) -> Iterator[str]:
    """Return the lines with their ends and without NUL characters; raises EstitchupError for one without end."""
    first = True
    with source.open() as stream, io.TextIOWrapper(stream, encoding, errors=DAMAGED, newline="") as text:
        while line := text.readline(MOST_IN_LINE):
            if len(line) == MOST_IN_LINE:
                raise EstitchupError(
                    f"{source.name} has a line of more than {MOST_IN_LINE >> 20} million characters: end each row or "
                    "text with a line break."
                )
            if first:
                line, first = line.removeprefix("\ufeff"), False
            yield line.replace("\x00", "")


def _controls(block: bytes) -> int:
    return len(block) - len(block.translate(None, delete=_CONTROLS))


def _wide(start: bytes) -> str | None:
    """Return UTF-16 without a mark, of which Western text shows by a NUL in every second byte."""
    half = len(start) // 2
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if half > 8 and start[offset::2].count(0) > 0.7 * half and start[1 - offset :: 2].count(0) < 0.05 * half:
            return encoding
    return None


def _is_utf8(source: Source) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in source.blocks():
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guessed(source: Source) -> Encoding:
    """Return the likeliest encoding of the lines that are not UTF-8; the others hide what these tell."""
    broken = foreign = others = first = size = 0
    telling: list[bytes] = []
    for number, line in enumerate(_byte_lines(source), start=1):
        if line.isascii():
            continue
        foreign += 1
        faults = line.decode("utf-8", errors="replace").count("\ufffd")
        if not faults:
            continue
        broken, others, first = broken + faults, others + 1, first or number
        if size < _GUESSED_BYTES:
            telling.append(line[:_GUESSED_BYTES])
            size += len(line)
    # Text in another encoding is hardly ever valid UTF-8: with few faults this is UTF-8, damaged.
    guess = "cp1252" if broken < 0.1 * foreign else _likeliest(b"".join(telling)[:_GUESSED_BYTES], source.name)
    if broken >= 0.1 * foreign and foreign - others <= _FEWEST_WHOLE.get(guess, _FEWEST_WHOLE_ELSE) * foreign:
        return Encoding(guess)
    where = f"{others:,} of {foreign:,} lines with special characters are not UTF-8, the first is line {first:,}"
    if guess == "cp1252":
        return Encoding("utf-8", f"In {source.name}, {where}: read as Windows-1252, the others as UTF-8.")
    return Encoding(guess, f"In {source.name}, {where}; all are read as {guess}: save the file in one encoding.")


def _likeliest(content: bytes, name: str) -> str:
    matches = list(from_bytes(content, cp_isolation=COMMON))
    if not matches:
        raise EstitchupError(f"The encoding of {name} is not recognised: save it in UTF-8, or name the encoding.")
    best = min(matches, key=lambda match: (match.chaos, -match.coherence, COMMON.index(match.encoding))).encoding
    text = content.decode(best, errors="replace")  # of encodings that say the same, the most common
    return next(encoding for encoding in COMMON if content.decode(encoding, errors="replace") == text)


def _byte_lines(source: Source) -> Iterator[bytes]:
    """Return the lines as bytes; one longer than a block comes in pieces."""
    rest = b""
    for block in source.blocks():
        *lines, rest = (rest + block).splitlines(keepends=True)
        yield from lines
        if len(rest) > BLOCK:
            yield rest
            rest = b""
    yield rest
