"""What the benchmark of the schedule reads off its curves, on curves whose answer is plain."""

import numpy as np

from benchmarks.schedule import Curves, Setting, chosen, read_off


def curves(*seeds: list[float], seconds: float = 1.0) -> Curves:
    """Return curves of two cells that are the same."""
    return Curves(np.array([seeds, seeds]), seconds)


def test_best_and_first_near_it_are_medians_over_seeds() -> None:
    short, long = Setting(3, 2e-3), Setting(4, 1e-3)
    measured = read_off(
        {
            short: curves([0.5, 0.8, 0.9], [0.5, 0.9, 0.9], [0.9, 0.9, 0.9]),
            long: curves([0.1, 0.2, 0.3, 0.8], [0.1, 0.2, 0.2, 0.8], [0.9, 0.9, 0.9, 0.9]),
        }
    )
    assert [(own.best, own.first) for own in measured[short]] == [(0.9, 2.0)] * 2
    assert [(own.best, own.first) for own in measured[long]] == [(0.8, np.inf)] * 2


def test_a_run_that_has_left_counts_with_what_it_reached() -> None:
    left, never = Setting(4, 1e-3, constant=True), Setting(4, 1e-4)
    measured = read_off({left: curves([0.1, 0.9, np.nan, np.nan]), never: curves([0.1, 0.1, 0.1, 0.1])})
    assert [(own.best, own.first) for own in measured[left]] == [(0.9, 2.0)] * 2
    assert [own.first for own in measured[never]] == [np.inf] * 2


def test_the_choice_takes_the_least_time_among_those_near_the_best_on_every_set() -> None:
    fast, slow, best = Setting(8, 2e-3), Setting(10, 2e-3), Setting(12, 2e-3)
    one = read_off({fast: curves([0.899], seconds=1), slow: curves([0.898], seconds=2), best: curves([0.9], seconds=3)})
    other = read_off({fast: curves([0.5], seconds=1), slow: curves([0.9], seconds=2), best: curves([0.9], seconds=3)})
    assert chosen([one]) == fast
    assert chosen([one, other]) == slow


def test_seconds_count_as_multiples_of_the_fastest_on_each_set_so_that_a_large_set_does_not_outvote_a_small_one() -> (
    None
):
    even, uneven = Setting(8, 2e-3), Setting(10, 2e-3)
    small = read_off({even: curves([0.9], seconds=1), uneven: curves([0.9], seconds=3)})
    large = read_off({even: curves([0.9], seconds=110), uneven: curves([0.9], seconds=100)})
    assert chosen([small, large]) == even


def test_no_setting_is_chosen_where_none_is_near_the_best_everywhere() -> None:
    one, other = Setting(4, 1e-3), Setting(4, 2e-3)
    here = read_off({one: curves([0.9]), other: curves([0.1])})
    there = read_off({one: curves([0.1]), other: curves([0.9])})
    assert chosen([here, there]) is None
