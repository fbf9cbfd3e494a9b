"""One training step of a group, on tensors that stay where they are.

On a CPU the step is called; on a GPU the same calls are recorded once as a CUDA graph and replayed, so that a step
costs the host a handful of launches and never waits. What differs from step to step (rows, λ, streams of bytes,
targets, learning rate) is copied into the fixed tensors by `take`.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from estitchup.draws import batch_width
from estitchup.heads import HeadStack
from estitchup.passes import loss_gradient_, mixed_rows
from estitchup.recipe import Mix, Run, TrainingSpec
from estitchup.streams import Block, Plan, ResidentRows, blocks_of, views_of

WARM_UP_STEPS = 3  # PyTorch asks for some calls on a side stream before a graph is recorded; here they are real steps


class AdamW:
    """AdamW on one tensor in one fused call. Source: Loshchilov & Hutter, arXiv:1711.05101; constants as in PyTorch.

    `torch.optim.AdamW` spends 0.1 ms a step on bookkeeping, which is more than a small head's arithmetic.
    """

    def __init__(self, parameter: Tensor, weight_decay: float) -> None:
        assert parameter.grad is not None
        self.parameter, self.gradient, self.weight_decay = parameter, parameter.grad, weight_decay
        self.first, self.second = torch.zeros_like(parameter), torch.zeros_like(parameter)
        self.steps = torch.zeros((), device=parameter.device)
        self.rate = torch.zeros((), device=parameter.device)

    def step(self) -> None:
        """Move the parameter against its gradient."""
        self.steps.add_(1)
        torch._fused_adamw_(
            [self.parameter],
            [self.gradient],
            [self.first],
            [self.second],
            [],
            [self.steps],
            lr=self.rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=self.weight_decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )


class TrainingStep:
    """The step of R runs that see V views, with the tensors that it reads."""

    def __init__(
        self,
        stack: HeadStack,
        runs: Sequence[Run],
        rows: Sequence[ResidentRows],
        batch_sizes: Sequence[int],
        allowed: Tensor,
        spec: TrainingSpec,
    ) -> None:
        self.stack, self.runs, self.allowed = stack, runs, allowed
        self.adamw = AdamW(stack.flat, spec.weight_decay)
        self.views, self.view_of_run = views_of(runs, rows, batch_sizes)
        self.width = max(batch_width(len(own.targets), size) for own, size in zip(rows, batch_sizes, strict=True))
        shape, like = (len(self.views), self.width), rows[0].embeddings
        self._positions = torch.zeros(2, *shape, dtype=torch.int64, device=like.device)
        self._shares = like.new_zeros(shape)
        self._streams = torch.zeros(len(self.views), dtype=torch.int64, device=like.device)
        self._mixed = like.new_zeros(*shape, like.shape[1])
        self._targets = torch.zeros(2, len(runs), self.width, dtype=torch.int64, device=like.device)
        self._parts = like.new_zeros(3, len(runs), self.width)
        self._places = torch.tensor(self.view_of_run, device=like.device)
        self._mixes = [self._mix(block) for block in blocks_of(self.views)]
        self.loss = like.new_zeros(len(runs))
        self._take = Recorded(self._step) if like.is_cuda else self._step

    def begin(self, epoch: int) -> None:
        """Lay out an epoch, and set the sum of its losses (R,) to zero."""
        self._plan = Plan(self.views, self.runs, self.view_of_run, epoch, self.width)
        self.loss.zero_()

    def take(self, step: int, rate: float) -> None:
        """Take one step of the epoch at this learning rate."""
        self._positions.copy_(self._plan.positions[step])
        self._shares.copy_(self._plan.shares[step])
        self._streams.copy_(self._plan.streams[step])
        self._targets.copy_(self._plan.targets[step])
        self._parts.copy_(self._plan.parts[step])
        self.adamw.rate.fill_(rate)
        self._take()

    def _step(self) -> None:
        self.stack.gradients(
            self._inputs(), lambda logits: loss_gradient_(logits, self._targets, self._parts, self.allowed, self.loss)
        )
        self.adamw.step()

    def _inputs(self) -> Tensor:
        """Return mixed embeddings (R, B, D)."""
        for arguments in self._mixes:
            mixed_rows(*arguments)
        if len(self.views) == 1:
            return self._mixed.expand(len(self.runs), -1, -1)
        in_order = self.view_of_run == list(range(len(self.views)))
        return self._mixed if in_order else self._mixed.index_select(0, self._places)

    def _mix(self, block: Block) -> tuple[Tensor, Tensor, Tensor, Mix, Tensor, Tensor, Tensor]:
        """Return what `mixed_rows` needs to write the mixed batches of the block's views to their places."""
        first, second = self._positions[:, block.places]
        share, streams, mixed = (whole[block.places] for whole in (self._shares, self._streams, self._mixed))
        return block.rows.embeddings, first, second, block.mix, share, streams, mixed


class Recorded:
    """Calls that touch only tensors that stay where they are: run a few times, then recorded as a CUDA graph."""

    def __init__(self, calls: Callable[[], None]) -> None:
        self.calls, self._called = calls, 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """Run the calls; from the fourth time on, replay them in one launch."""
        if self._graph is None and self._called >= WARM_UP_STEPS:
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):  # records, and runs nothing
                self.calls()
        if self._graph is not None:
            self._graph.replay()
            return
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self.calls()
        torch.cuda.current_stream().wait_stream(side)
        self._called += 1
