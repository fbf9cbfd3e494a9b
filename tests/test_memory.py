"""An experiment that cannot fit into memory is refused in a sentence before it trains."""

import os

import pytest

from estitchup import memory
from estitchup.errors import EstitchupError
from estitchup.memory import check_memory, memory_needed, physical_memory


def test_weights_and_logits_are_counted() -> None:
    linear, logits = 384 * 150, 8_500 * 150
    assert memory_needed(30, [384, 150], 8_500) == 4 * 30 * (6 * linear + logits)


def test_more_than_the_machine_has_is_refused_and_as_much_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = memory_needed(120, [384, 512, 5_000], 10_000)
    monkeypatch.setattr(memory, "physical_memory", lambda: needed)
    check_memory(120, [384, 512, 5_000], 10_000)
    monkeypatch.setattr(memory, "physical_memory", lambda: needed - 1)
    with pytest.raises(EstitchupError, match=r"^120 runs with 5,000 classes need at least 32 GB .* fewer seeds"):
        check_memory(120, [384, 512, 5_000], 10_000)
    monkeypatch.setattr(memory, "physical_memory", lambda: None)
    check_memory(120, [384, 512, 5_000], 10_000)


def test_memory_is_read_from_the_system_where_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (physical_memory() or 0) > 1e8

    def unknown(_: str) -> int:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", unknown)
    assert physical_memory() is None
