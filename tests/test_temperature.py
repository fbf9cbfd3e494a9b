"""Temperatures against a grid search, and where the loss has no minimum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from estitchup.calibration import answers, expected_calibration_error, log_losses
from estitchup.temperature import HIGHEST, LOWEST, fit_temperature, scaled


def overconfident(factor: float, rows: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return logits that are `factor` times those the targets were drawn from."""
    generator = np.random.default_rng(0)
    honest = generator.normal(size=(rows, 5))
    targets = (honest + generator.gumbel(size=honest.shape)).argmax(axis=1)
    return factor * honest, targets


@pytest.mark.parametrize("factor", [0.25, 1.0, 6.0])
def test_the_temperature_undoes_a_known_overconfidence(factor: float) -> None:
    logits, targets = overconfident(factor)
    assert fit_temperature(logits, targets) == pytest.approx(factor, rel=0.1)
    honest = answers(scaled(logits, fit_temperature(logits, targets)))
    assert expected_calibration_error(honest.confidence, honest.predicted == targets) < 0.03


def test_the_temperature_has_the_least_loss_of_a_fine_grid() -> None:
    logits, targets = overconfident(3.0, rows=200)
    best = log_losses(scaled(logits, fit_temperature(logits, targets)), targets).mean()
    losses = [log_losses(scaled(logits, t), targets).mean() for t in np.geomspace(LOWEST, HIGHEST, 500)]
    assert best <= min(losses)
    assert best == pytest.approx(min(losses), abs=1e-4)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 20), st.integers(1, 6)), elements=st.floats(-1000, 1000, width=32)),
    st.data(),
)
def test_any_logits_have_a_temperature_that_keeps_every_answer(logits: np.ndarray, data: st.DataObject) -> None:
    rows, classes = logits.shape
    targets = data.draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    temperature = fit_temperature(logits, targets)
    assert LOWEST <= temperature <= HIGHEST
    assert (answers(scaled(logits, temperature)).predicted == logits.argmax(axis=1)).all()
    assert log_losses(scaled(logits, temperature), targets).mean() <= log_losses(logits, targets).mean() * (1 + 1e-9)


def test_where_the_loss_has_no_minimum_the_temperature_stops_at_a_bound() -> None:
    assert fit_temperature([[2.0, 0.0], [0.0, 1.0]], [0, 1]) == LOWEST  # every answer right: ever sharper is better
    assert fit_temperature([[2.0, 0.0]], [0]) == LOWEST
    assert fit_temperature([[2.0, 0.0]], [1]) == HIGHEST


def test_where_the_loss_does_not_depend_on_it_the_temperature_is_one() -> None:
    assert fit_temperature(np.empty((0, 3)), []) == 1.0
    assert fit_temperature([[4.0], [-1.0]], [0, 0]) == 1.0  # one class
    assert fit_temperature([[2.0, 2.0], [5.0, 5.0]], [0, 1]) == 1.0


def test_a_masked_class_changes_nothing() -> None:
    logits, targets = overconfident(3.0, rows=300)
    masked = np.concatenate([logits, np.full((300, 1), -np.inf)], axis=1)
    assert fit_temperature(masked, targets) == pytest.approx(fit_temperature(logits, targets))


def test_a_temperature_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        scaled([[1.0, 0.0]], 0.0)
