"""What a person sees when something fails: a sentence. The traceback goes to the log only."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from estitchup.errors import EstitchupError

_log = logging.getLogger(__name__)

OUR_FAULT = (
    "Something went wrong that should not have. The server's log has the details; what was finished before is kept. "
    "Reload the page to go on."
)
_MARKDOWN = re.compile(r"[\\`*_\[\]$~<>]|:(?=\S)")


@contextmanager
def guard() -> Iterator[None]:
    """Show an error of the block, or of the function it decorates, as a sentence.

    A fragment needs a guard of its own, because it also runs without the page around it.
    """
    try:
        yield
    except EstitchupError as error:
        show_error(str(error))
    except Exception:
        _log.exception("A page failed")
        show_error(OUR_FAULT)


def show_error(sentence: str) -> None:
    """Show a sentence in the colour of errors, word for word."""
    st.error(plain(sentence), icon=":material/error:")


def plain(text: str) -> str:
    """Return Markdown that shows the text as it is: a file's or column's name may hold `_` or `$`."""
    return _MARKDOWN.sub(r"\\\g<0>", text)
