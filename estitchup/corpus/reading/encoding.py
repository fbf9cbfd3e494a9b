"""Finds out over a whole file how its text is encoded: a byte-order mark, else UTF-8, else charset-normalizer's guess.

The guess is narrowed to the encodings people's tools still write, and a tie goes to the more common one: left to
itself, charset-normalizer 3.5 reads Portuguese and Swedish in Windows-1252 as Windows-1250 ("não" as "năo").
"""

import codecs
import io
from collections.abc import Iterator

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


def detect_encoding(source: Source) -> str:
    """Return the name of the encoding; raises EstitchupError where the bytes are no text or it is not recognised."""
    start = source.start(_GUESSED_BYTES)
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    if wide := _wide(start):
        return wide
    if _controls(start) > _MOST_CONTROLS * len(start):
        raise EstitchupError(f"{source.name} is not a text file: bring a table, or texts in UTF-8.")
    return "utf-8" if _is_utf8(source) else _guessed(source)


def lines_of(source: Source, encoding: str) -> Iterator[str]:
    """Return the lines with their ends and without NUL characters; raises EstitchupError for one without end."""
    first = True
    with source.open() as stream, io.TextIOWrapper(stream, encoding, errors="replace", newline="") as text:
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


def _guessed(source: Source) -> str:
    """Return the likeliest encoding of the lines beyond ASCII; the others tell nothing and hide what these tell."""
    broken = foreign = 0
    telling: list[bytes] = []
    size = 0
    for line in _byte_lines(source):
        if line.isascii():
            continue
        foreign += 1
        broken += line.decode("utf-8", errors="replace").count("\ufffd")
        if size < _GUESSED_BYTES:
            telling.append(line[:_GUESSED_BYTES])
            size += len(line)
    if broken < 0.1 * foreign:  # text in another encoding is hardly ever valid UTF-8: this is UTF-8, damaged
        return "utf-8"
    content = b"".join(telling)[:_GUESSED_BYTES]
    matches = list(from_bytes(content, cp_isolation=COMMON))
    if not matches:
        raise EstitchupError(
            f"The encoding of {source.name} is not recognised: save it in UTF-8, or name the encoding."
        )
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
