"""How differences are written in tables."""

import pytest

from estitchup.comparison import Difference
from estitchup.score_table import CHANGES, written_change


@pytest.mark.parametrize(
    ("difference", "written"),
    [
        (Difference(-0.0004, -0.006, 0.006), "+0.0 (−0.6 to +0.6)"),  # no sign before nothing
        (Difference(0.012, 0.004, 0.020), "+1.2 better (+0.4 to +2.0)"),
        (Difference(-0.012, -0.020, -0.004), "−1.2 worse (−2.0 to −0.4)"),
        (Difference(0.012, float("-inf"), float("inf")), "+1.2 (one seed: no interval)"),
    ],
)
def test_a_difference_is_written_with_its_interval_and_what_it_means(difference: Difference, written: str) -> None:
    assert written_change(difference, CHANGES["accuracy"]).replace("\N{NO-BREAK SPACE}", " ") == written
