"""Groups go through rounds on several cores: in order, one ahead at most, and no error or thread is lost."""

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from estitchup.cores import AHEAD, Cores

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _three_threads() -> Iterator[None]:
    """Give the tests three cores, and see that they come back and no thread of theirs lives on."""
    before, alive = torch.get_num_threads(), threading.active_count()
    torch.set_num_threads(3)
    yield
    assert threading.active_count() == alive
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)


class Diary:
    """A function for rounds that writes down its calls; item n takes n ms a round."""

    def __init__(self, fault: tuple[int, int] | None = None) -> None:
        self.calls: list[tuple[int, int]] = []
        self.fault = fault

    def __call__(self, item: int, number: int) -> tuple[int, int]:
        self.calls.append((item, number))
        time.sleep(item / 1000)
        if (item, number) == self.fault:
            raise ValueError(f"{item}, {number}")
        return item, number


@pytest.mark.parametrize("items", [1, 2, 3, 7])
def test_every_round_gives_what_all_items_gave_in_order(items: int) -> None:
    diary = Diary()
    with Cores(items, CPU) as cores:
        rounds = list(cores.rounds(diary, range(items), 2, 9))
    assert rounds == [[(item, number) for item in range(items)] for number in range(2, 9)]
    for item in range(items):
        assert [number for one, number in diary.calls if one == item] == list(range(2, 9))


def test_nothing_is_done_where_no_round_is_left() -> None:
    with Cores(3, CPU) as cores:
        assert list(cores.rounds(Diary(), range(3), 4, 4)) == []


def test_nobody_is_more_than_a_round_ahead_of_the_slowest_or_of_the_caller() -> None:
    diary = Diary()
    with Cores(3, CPU) as cores:
        for number, _ in enumerate(cores.rounds(diary, [0, 1, 9], 0, 8)):
            time.sleep(0.01)
            assert max(begun for _, begun in diary.calls) <= number + AHEAD
    for place, (item, number) in enumerate(diary.calls):
        slowest = min(sum(one == other for one, _ in diary.calls[:place]) for other in (0, 1, 9))
        assert number <= slowest + AHEAD, item


def test_an_error_comes_after_the_rounds_that_were_whole() -> None:
    with Cores(3, CPU) as cores:
        rounds = cores.rounds(Diary(fault=(2, 5)), range(3), 0, 9)
        assert [next(rounds)[0][1] for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(ValueError, match="2, 5"):
            next(rounds)


def test_a_caller_that_leaves_asks_the_others_to_stop() -> None:
    with Cores(3, CPU) as cores:
        left = cores.or_left(None)

        def until_left(_: int, number: int) -> int:
            while number > 1 and not left.is_set():
                time.sleep(0.001)
            return number

        rounds = cores.rounds(until_left, range(3), 0, 5)
        assert [next(rounds) for _ in range(2)] == [[0] * 3, [1] * 3]
    assert left.is_set()
