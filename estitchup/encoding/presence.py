"""Know whether another process has a file open, however that process may end.

Each process that uses the file holds a lock of its own in a folder beside it; the operating system lets go of the lock
when the process dies.
"""

import uuid
from pathlib import Path

from filelock import FileLock, Timeout


class Presence:
    """Say that this process uses the file until `leave` is called or the process ends."""

    def __init__(self, path: Path) -> None:
        self._folder = path.with_name(f"{path.name}-users")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._own = self._folder / f"{uuid.uuid4().hex}.lock"
        self._lock = FileLock(self._own, thread_local=False)
        self._lock.acquire()

    def leave(self) -> None:
        """Let go; a second call does nothing."""
        self._lock.release(force=True)
        self._own.unlink(missing_ok=True)

    def alone(self) -> bool:
        """Return whether no other process uses the file; forget those that died."""
        return not any(_is_held(path) for path in self._folder.glob("*.lock") if path != self._own)


def _is_held(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            pass
    except Timeout:
        return True
    path.unlink(missing_ok=True)
    return False
