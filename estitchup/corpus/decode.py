"""Turns a file's bytes into text: a byte-order mark, else UTF-8, else charset-normalizer's best guess.

The guess is narrowed to the encodings people's tools still write, and a tie goes to the more common one: left to
itself, charset-normalizer 3.5 reads Portuguese and Swedish in Windows-1252 as Windows-1250 ("não" as "năo").
"""

import codecs

from charset_normalizer import from_bytes

from estitchup.errors import EstitchupError

_MARKS = {  # UTF-32 first: its mark begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SIGNATURES = {
    b"PK\x03\x04": "a spreadsheet or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"{": "JSON",
    b"[{": "JSON",
}
_COMMON = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "mac_roman", "koi8_r"]
_COMMON += ["cp932", "euc_jp", "gb18030", "big5", "cp949"]
_GUESSED_BYTES = 200_000
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))


def decode(content: bytes, name: str) -> str:
    """Return the content as text without byte-order mark and NUL characters.

    Raises EstitchupError where the content is another kind of file, or its encoding is not recognised.
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace").replace("\x00", "")
    _refuse_other_kinds(content, name)
    return _without_mark(content, name).replace("\x00", "")


def _refuse_other_kinds(content: bytes, name: str) -> None:
    kind = next((kind for signature, kind in _SIGNATURES.items() if content.startswith(signature)), None)
    start = content[:_GUESSED_BYTES]
    if kind is None and len(start) - len(start.translate(None, delete=_CONTROLS)) > 0.02 * len(start):
        kind = "not a text file"
    if kind is not None:
        raise EstitchupError(f"{name} is {kind}, and this build reads CSV, TSV and the like: save it as CSV in UTF-8.")


def _without_mark(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    lenient = content.decode("utf-8", errors="replace")
    broken, foreign = lenient.count("\ufffd"), sum(not line.isascii() for line in lenient.splitlines())
    if broken < 0.1 * foreign:  # text in another encoding is hardly ever valid UTF-8: this is UTF-8, damaged
        return lenient
    return content.decode(_guessed_encoding(content, name), errors="replace")


def _guessed_encoding(content: bytes, name: str) -> str:
    """Return the likeliest encoding of the lines beyond ASCII; the others tell nothing and hide what these tell."""
    telling = b"".join(line for line in content.splitlines(keepends=True) if not line.isascii())
    matches = list(from_bytes(telling[:_GUESSED_BYTES], cp_isolation=_COMMON))
    if not matches:
        raise EstitchupError(f"The encoding of {name} is not recognised: save it as CSV in UTF-8.")
    best = min(matches, key=lambda match: (match.chaos, -match.coherence, _COMMON.index(match.encoding)))
    return best.encoding
