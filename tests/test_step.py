"""What a CUDA graph asks of a training step, tried on a CPU: replayed as recorded, it gives the bits of one called.

A tape stands in for the graph. It keeps the calls that a step hands to PyTorch with the tensors they were given, and
makes the same calls again: whatever else a step reads (a number, another tensor, a branch) stays as when recorded.
"""

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from estitchup import passes, step
from estitchup.group import GroupTrainer
from estitchup.recipe import HeadSpec, Run, TrainingSpec, full_grid
from estitchup.step import WARM_UP_STEPS, Recorded, TrainingStep
from estitchup.streams import ResidentRows, TrainingData

WAITING = ("item", "_local_scalar_dense", "nonzero", "is_nonzero", "unique", "equal", "masked_select", "_to_copy")


class Tape(TorchDispatchMode):
    """The calls of a block, to be made again."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, call: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        given_back = call(*given, **(named or {}))
        self.calls.append((call, given, named or {}, given_back))
        return given_back

    @property
    def names(self) -> list[str]:
        return [call.overloadpacket.__name__ for call, *_ in self.calls]

    def replay(self) -> None:
        """Make the calls again, on the tensors that are there now, and on what the calls before gave."""
        made: dict[int, Any] = {}

        def now(value: Any) -> Any:
            return made.get(id(value), value) if isinstance(value, torch.Tensor) else value

        for call, given, named, given_back in self.calls:
            again = call(*tree_map(now, given), **tree_map(now, named))
            before = given_back if isinstance(given_back, tuple | list) else (given_back,)
            after = again if isinstance(again, tuple | list) else (again,)
            made |= {id(old): new for old, new in zip(before, after, strict=True) if isinstance(old, torch.Tensor)}


class Taped:
    """Stand in for `Recorded`: the first calls are made, one is put on tape, all others are replayed."""

    def __init__(self, calls: Callable[[], None]) -> None:
        self.calls, self.called, self.tape = calls, 0, Tape()

    def __call__(self) -> None:
        self.called += 1
        if self.called <= WARM_UP_STEPS:
            self.calls()
        elif self.called == WARM_UP_STEPS + 1:
            with self.tape:
                self.calls()
        else:
            self.tape.replay()


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the passes be PyTorch's operations, as on a GPU."""
    monkeypatch.setattr(passes, "in_loops", lambda _: False)


@pytest.fixture
def data() -> TrainingData:
    generator = np.random.default_rng(0)
    targets = generator.integers(4, size=230)
    vectors = (generator.normal(size=(4, 12))[targets] + generator.normal(size=(230, 12))).astype(np.float32)
    return TrainingData(vectors[:170], targets[:170], vectors[170:], targets[170:], 4)


def trainer(data: TrainingData, head: str, runs: list[Run], patience: int | None = None) -> GroupTrainer:
    sizes = {id(run.rows): run.rows for run in runs}
    resident = {key: ResidentRows.of(data, rows, torch.device("cpu"), torch.float32) for key, rows in sizes.items()}
    spec = TrainingSpec(epochs=6, batch_size=32, patience=patience, learning_rate=0.2)
    rows = [resident[id(run.rows)] for run in runs]
    return GroupTrainer(runs, rows, data.classes, HeadSpec(kind=head, hidden=8), spec)  # type: ignore[arg-type]


def weights_after(made: GroupTrainer, epochs: int = 6) -> bytes:
    for epoch in range(epochs):
        ended = made.epoch(epoch, None)
        assert ended is not None
        made.count(epoch, ended)
    return made.best_heads().weights[0].tobytes() + made.state()["weights"].numpy().tobytes()


def all_kinds_of_runs() -> list[Run]:
    """Return runs of every cell, and some that have their own rows and classes."""
    some, known = np.arange(165), np.array([True, True, True, False])
    runs = [Run(augmentation, seed) for augmentation in full_grid(alpha=0.5) for seed in (0, 1)]
    return [*runs, Run(full_grid()[5], 0, rows=some, classes=known)]


@pytest.mark.usefixtures("operations")
@pytest.mark.parametrize("head", ["linear", "mlp"])
@pytest.mark.parametrize("patience", [None, 1], ids=["all stay", "some leave"])
def test_a_step_replayed_as_recorded_gives_the_bits_of_one_that_is_called(
    data: TrainingData, head: str, patience: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = weights_after(trainer(data, head, all_kinds_of_runs(), patience))
    taped: list[Taped] = []

    class Record(TrainingStep):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self._take = Taped(self._step)
            taped.append(self._take)

    monkeypatch.setattr("estitchup.group.TrainingStep", Record)
    replayed = weights_after(trainer(data, head, all_kinds_of_runs(), patience))
    assert taped[0].called > WARM_UP_STEPS + 1
    assert len(taped) == 1 if patience is None else len(taped) > 1
    assert replayed == called


@pytest.mark.usefixtures("operations")
def test_a_step_asks_the_device_for_nothing_and_copies_nothing_to_another(data: TrainingData) -> None:
    made = trainer(data, "mlp", all_kinds_of_runs())
    made.step.begin(0)
    made.step.take(0, 0.01)
    with torch.inference_mode(), Tape() as tape:
        made.step.take(1, 0.01)
    assert "bmm" in tape.names
    assert not [name for name in tape.names if name.startswith(WAITING)]


def test_three_calls_are_made_one_is_recorded_and_all_others_are_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs: list[str] = []
    stream = SimpleNamespace(wait_stream=lambda _: None)
    monkeypatch.setattr(step.torch.cuda, "Stream", lambda: stream)
    monkeypatch.setattr(step.torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(step.torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(step.torch.cuda, "graph", lambda _: nullcontext())
    monkeypatch.setattr(step.torch.cuda, "CUDAGraph", lambda: SimpleNamespace(replay=lambda: graphs.append("replayed")))
    recorded = Recorded(lambda: graphs.append("called"))
    for _ in range(6):
        recorded()
    assert graphs == ["called"] * WARM_UP_STEPS + ["called", "replayed", "replayed", "replayed"]
