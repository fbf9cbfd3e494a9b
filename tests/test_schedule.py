"""What the benchmark of the schedule reads off its curves, on curves whose answer is plain."""

import numpy as np

from benchmarks.schedule import Setting, chosen, read_off


def curves(*seeds: list[float]) -> np.ndarray:
    """Return curves (2 cells, seeds, epochs), the same for both cells."""
    return np.array([seeds, seeds])


def test_best_and_first_near_it_are_medians_over_seeds_and_a_constant_rate_counts_at_half_its_epochs_too() -> None:
    cycle, constant = Setting(3, 2e-3), Setting(4, 1e-3, constant=True)
    measured = read_off(
        {
            cycle: curves([0.5, 0.8, 0.9], [0.5, 0.9, 0.9], [0.9, 0.9, 0.9]),
            constant: curves([0.1, 0.2, 0.9, 0.9], [0.1, 0.2, 0.9, 0.9], [0.1, 0.2, 0.9, 0.9]),
        }
    )
    assert [(own.best, own.first) for own in measured[cycle]] == [(0.9, 2.0)] * 2
    assert [(own.best, own.first) for own in measured[constant]] == [(0.9, 3.0)] * 2
    (half,) = measured.keys() - {cycle, constant}
    assert (half.epochs, half.constant) == (2, True)
    assert [(own.best, own.first) for own in measured[half]] == [(0.2, np.inf)] * 2


def test_the_choice_is_the_fewest_epochs_that_are_near_the_best_on_every_set() -> None:
    short, long, best = Setting(8, 2e-3), Setting(10, 2e-3), Setting(12, 2e-3)
    one = read_off({short: curves([0.899]), long: curves([0.898]), best: curves([0.9])})
    other = read_off({short: curves([0.5]), long: curves([0.9]), best: curves([0.9])})
    assert chosen([one]) == short
    assert chosen([one, other]) == long
    assert chosen([read_off({short: curves([0.5]), long: curves([0.5])})]) == short
