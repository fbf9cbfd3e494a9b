"""Take groups through rounds, every core its own group at a time.

Cores that share each operation wait for one another some fifty times a step, which on a busy machine costs more than
the arithmetic. Waiting only after each round costs less, and letting a group be one round ahead costs nothing.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Self, TypeVar

import torch

from estitchup.progress import Cancel

AHEAD = 1  # rounds that a group may be ahead of the slowest, and of the one that is waited for

T = TypeVar("T")
U = TypeVar("U")


class Cores:
    """Threads with their share of PyTorch's threads each; on a GPU, and for one group, just the caller.

    As a context: on leaving it, calls that are still under way are asked to stop, and awaited.
    """

    def __init__(self, groups: int, device: torch.device) -> None:
        self._threads = torch.get_num_threads()
        self._workers = 1 if device.type == "cuda" else min(self._threads, groups)
        self._left = threading.Event()
        self._working: list[threading.Thread] = []
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._left.set()
            self._changed.notify_all()
        for thread in self._working:
            thread.join()
        if self._working:
            torch.set_num_threads(self._threads)  # new threads of the process would else have a core's share

    def rounds(self, function: Callable[[T, int], U], items: Sequence[T], first: int, last: int) -> Iterator[list[U]]:
        """Yield what function(item, round) gives for all items in order, for each round from `first` to before `last`.

        An item's rounds come one after another; an error is raised here.
        """
        if self._workers == 1:
            for number in range(first, last):
                yield [function(item, number) for item in items]
            return
        rounds = _Rounds(function, items, first, last, self._left, self._changed)
        share = self._threads // self._workers
        for _ in range(self._workers):
            thread = threading.Thread(target=rounds.work, args=(share,))
            thread.start()
            self._working.append(thread)
        for number in range(first, last):
            yield rounds.wait_for(number)

    def or_left(self, cancel: Cancel | None) -> Cancel:
        """Return a cancel event that is also set once the context is left."""
        return _Either(cancel, self._left)


class _Rounds(Generic[T, U]):
    """Hand turns to threads, the slowest item's first, and collect what they give."""

    def __init__(
        self,
        function: Callable[[T, int], U],
        items: Sequence[T],
        first: int,
        last: int,
        left: threading.Event,
        changed: threading.Condition,
    ) -> None:
        self._function, self._items, self._last, self._left, self._changed = function, items, last, left, changed
        self._next, self._awaited = [first] * len(items), first
        self._busy: set[int] = set()
        self._given: dict[tuple[int, int], U] = {}
        self._error: BaseException | None = None

    def work(self, threads: int) -> None:
        """Take turns until none is left; the first error ends them for all threads."""
        try:
            torch.set_num_threads(threads)
            while (turn := self._begin()) is not None:
                number, place = turn
                given = self._function(self._items[place], number)
                with self._changed:
                    self._given[number, place] = given
                    self._next[place] += 1
                    self._busy.discard(place)
                    self._changed.notify_all()
        except BaseException as error:
            with self._changed:
                self._error = self._error or error
                self._changed.notify_all()

    def _begin(self) -> tuple[int, int] | None:
        """Return the round and place of the next turn once there is one, or None when there will be none."""
        with self._changed:
            while self._error is None and not self._left.is_set() and min(self._next) < self._last:
                latest = min(min(*self._next, self._awaited) + AHEAD, self._last - 1)
                free = [(at, place) for place, at in enumerate(self._next) if at <= latest and place not in self._busy]
                if free:
                    self._busy.add(min(free)[1])
                    return min(free)
                self._changed.wait()
            return None

    def wait_for(self, number: int) -> list[U]:
        """Return what the round gave, as soon as all items are through it."""
        with self._changed:
            self._awaited = number
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._error is not None or min(self._next) > number)
            if self._error is not None and min(self._next) <= number:
                raise self._error
            return [self._given.pop((number, place)) for place in range(len(self._items))]


class _Either:
    def __init__(self, cancel: Cancel | None, left: threading.Event) -> None:
        self.cancel, self.left = cancel, left

    def is_set(self) -> bool:
        return self.left.is_set() or (self.cancel is not None and self.cancel.is_set())
