"""Ctrl-C: the first asks the work to stop and keeps what is finished, the second ends it there and then."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from estitchup.cli.root import told
from estitchup.progress import Cancel


@contextmanager
def stopping_gently() -> Iterator[Cancel]:
    """Give a cancel event that the first Ctrl-C in the block sets."""
    cancel = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if cancel.is_set():
            signal.default_int_handler(number, frame)
        cancel.set()
        told.print("Stopping; what is finished is kept. Press Ctrl-C again to give that up.")

    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield cancel
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)
