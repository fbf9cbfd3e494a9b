"""How a file was read, and the controls with which a person corrects what was found out wrongly."""

from collections.abc import Callable, Mapping

import streamlit as st

from estitchup.corpus import A_TEXT_A_LINE, COMMON, Found, Reading

DETECTED = ""
_DELIMITERS = {
    ",": "Comma",
    ";": "Semicolon",
    "\t": "Tab",
    "|": "Vertical bar",
    A_TEXT_A_LINE: "None: one text a line",
}
_QUOTES = {"yes": 'Double quotes (") enclose cells', "no": "Double quotes are characters"}
_ENCODINGS = {
    **{"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a mark", "utf-16": "UTF-16", "utf-16-le": "UTF-16 (LE)"},
    **{"cp1252": "Windows-1252 (Western)", "cp1250": "Windows-1250 (Central European)"},
    **{"cp1251": "Windows-1251 (Cyrillic)", "cp1253": "Windows-1253 (Greek)", "cp1254": "Windows-1254 (Turkish)"},
    **{"cp1255": "Windows-1255 (Hebrew)", "cp1256": "Windows-1256 (Arabic)", "mac_roman": "Mac Roman"},
    **{"koi8_r": "KOI8-R (Cyrillic)", "cp932": "Shift JIS (Japanese)", "euc_jp": "EUC-JP (Japanese)"},
    **{"gb18030": "GB18030 (Chinese)", "big5": "Big5 (Chinese)", "cp949": "CP949 (Korean)"},
}
_WHOLE_FILE = "The whole file"
_EVERY_LIST = "All lists, with their keys"
_OPTIONS = ("encoding", "delimiter", "quoted", "sheet", "records", "member")


def fill_reading(place: int, reading: Reading) -> None:
    """Set the controls of the file at this place (0 is the first) to what is said."""
    for option in _OPTIONS:
        value = getattr(reading, option)
        said = {True: "yes", False: "no"}.get(value, value) if option == "quoted" else value
        st.session_state[_key(place, option)] = DETECTED if said is None else f"={said}"


def asked_reading(place: int) -> Reading:
    """Return what the controls of the file at this place say; raises EstitchupError."""
    said = {option: st.session_state.get(_key(place, option)) or None for option in _OPTIONS}
    given = {option: value.removeprefix("=") for option, value in said.items() if value}
    quoted = {"yes": True, "no": False}.get(given.pop("quoted", ""))
    return Reading.model_validate({**given, "quoted": quoted})


def ask_reading(place: int, found: Found | None, on_change: Callable[[], None]) -> None:
    """Draw the controls that the kind of file has; without `found`, where it could not be read, those of a text."""
    found = found or Found("A file", encoding="?", delimiter="?", quoted=True)
    _choose(place, "member", "Table", found.member, {name: name for name in found.members}, on_change)
    _choose(place, "sheet", "Sheet", found.sheet, {name: name for name in found.sheets}, on_change)
    paths = {path: {"": _WHOLE_FILE, "*": _EVERY_LIST}.get(path, path) for path in found.paths}
    _choose(place, "records", "Records under", found.records, paths, on_change)
    if found.encoding:
        encodings = {name: _ENCODINGS.get(name, name) for name in ["utf-8", "utf-16", *COMMON]}
        _choose(place, "encoding", "Encoding", found.encoding, encodings, on_change)
    if found.delimiter:
        _choose(place, "delimiter", "Delimiter", found.delimiter, _DELIMITERS, on_change)
    if found.quoted is not None:
        _choose(place, "quoted", "Quotes", "yes" if found.quoted else "no", _QUOTES, on_change)


def reading_words(found: Found) -> str:
    """Return how a file was read in a few words, such as "CSV, UTF-8, comma"."""
    words = [found.kind]
    if found.encoding:
        words.append(_ENCODINGS.get(found.encoding, found.encoding))
    if found.delimiter and found.delimiter != A_TEXT_A_LINE:
        words.append(_DELIMITERS.get(found.delimiter, found.delimiter).lower())
    if found.sheet and len(found.sheets) > 1:
        words.append(f"sheet “{found.sheet}”")
    if found.records and len(found.paths) > 1:
        words.append("all lists" if found.records == "*" else f"records under “{found.records}”")
    if found.member and len(found.members) > 1:
        words.append(found.member)
    return ", ".join(words)


def _choose(
    place: int,
    option: str,
    label: str,
    found: str | None,
    names: Mapping[str, str],
    on_change: Callable[[], None],
) -> None:
    """Ask for one option, where there is anything to choose; what was detected comes first."""
    key = _key(place, option)
    said = st.session_state.setdefault(key, DETECTED)
    if len(names) < 2:
        return
    values = [DETECTED, *(f"={name}" for name in names)]
    if said not in values:
        values.append(said)
    shown = names.get(found or "", found) if found is not None else None
    first = f"Detected: {shown}" if said == DETECTED and shown and found != "?" else "Detect"

    def name_of(value: str) -> str:
        return first if value == DETECTED else names.get(value[1:], value[1:])

    st.selectbox(label, values, format_func=name_of, key=key, persist_state="session", on_change=on_change)


def _key(place: int, option: str) -> str:
    return f"data_reading_{place}_{option}"
