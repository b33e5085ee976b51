"""How much memory a training step takes, counted without taking it."""

import copy
import logging
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from ctpet.volume.geometry import Shape3

COPIES_OF_WEIGHTS = 4
"""Beside the gradient: the weights, two moments of Adam, and their average."""

KERNELS, LIBRARIES_BYTES = 1.1, 300 * 2**20
"""What kernels take beside the tensors, and libraries once (docs/decisions/0015-plans.md)."""

SMALL = 32
"""Voxels along each side of the crop that is really computed where a larger one cannot be told."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step works on.

    Attributes:
        crop: voxels, (k, j, i).
        batch_size: crops.
        precision: in Lightning's words, such as ``bf16-mixed``.
        size_multiple: that crops are multiples of.
    """

    crop: Shape3
    batch_size: int
    precision: str
    size_multiple: Shape3

    @property
    def voxels(self) -> int:
        """Of all its crops."""
        k, j, i = self.crop
        return self.batch_size * k * j * i

    @property
    def batch_bytes(self) -> int:
        """Of CT, target and region, float32 each."""
        return 3 * 4 * self.voxels


def step_bytes(objective: LightningModule, step: Step) -> int:
    """Return what a training step adds to the memory of a process where that is most.

    Forward and backward run on tensors without content (PyTorch's fake tensors), so that neither
    memory nor time depends on the crop. A network that looks at values is run on a small crop, and
    scaled by voxels. Of one that fails there too, the batch alone is counted; its trial tells why.

    Args:
        objective: whose ``losses(batch)`` are numbers by name, as ours are.
        step: what it works on.
    """
    weights = sum(p.numel() * p.element_size() for p in objective.parameters())
    tensors = weights * COPIES_OF_WEIGHTS + _tensor_bytes(objective, step)
    if "64" in step.precision:
        tensors *= 2
    return int(tensors * KERNELS) + LIBRARIES_BYTES


def _tensor_bytes(objective: LightningModule, step: Step) -> int:
    with suppress(Exception):  # a network may be anybody's, and fail in any way
        return _count_without_content(_Learner(copy.deepcopy(objective)), step)
    with suppress(Exception), torch.random.fork_rng(devices=[]):
        small = replace(step, crop=_small(step), batch_size=min(step.batch_size, 2))
        learner = _Learner(copy.deepcopy(objective))
        counted = _count(learner, dict(learner.named_parameters()), small)
        return counted * step.voxels // small.voxels
    return step.batch_bytes


def _count_without_content(learner: "_Learner", step: Step) -> int:
    with _unlogged(), FakeTensorMode():
        state = {**dict(learner.named_parameters()), **dict(learner.named_buffers())}
        return _count(learner, {name: _like(value) for name, value in state.items()}, step)


def _like(value: Tensor) -> Tensor:
    """Return a new tensor of the same form that has no tie to the given one."""
    form: dict[str, Any] = {"dtype": value.dtype, "requires_grad": value.requires_grad}
    return torch.empty_strided(value.shape, value.stride(), **form)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep PyTorch from logging what fails here; it is tried in another way."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False


def _count(learner: "_Learner", state: Mapping[str, Tensor], step: Step) -> int:
    """Return the most bytes of tensors, gradients among them, that a step holds at once."""
    half = "16" in step.precision
    with _Counter() as counter:
        shape = (step.batch_size, 1, *step.crop)
        batch = {name: torch.zeros(shape) for name in ("ct", "target", "region")}
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = functional_call(learner, dict(state), (batch,))
        loss.backward()
    most: int = counter.most
    return most


def _small(step: Step) -> Shape3:
    k, j, i = (
        min(n, max(m, SMALL // m * m)) for n, m in zip(step.crop, step.size_multiple, strict=True)
    )
    return k, j, i


class _Learner(nn.Module):
    """An objective as a module whose call gives the loss."""

    def __init__(self, objective: LightningModule) -> None:
        super().__init__()
        self.objective: Any = objective

    def forward(self, batch: dict[str, Any]) -> Tensor:
        losses: dict[str, Tensor] = self.objective.losses(batch)
        return torch.stack(list(losses.values())).sum()


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the storages that operations make, while they are alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most = 0
        self._alive: dict[int, int] = {}
        self._now = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: Any = (),
        kwargs: Any = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for value in tree_iter(out):
            if isinstance(value, Tensor):
                self._count(value.untyped_storage())
        self.most = max(self.most, self._now)
        return out

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._alive:
            self._alive[key] = storage.nbytes()
            self._now += storage.nbytes()
            weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self._now -= self._alive.pop(key)
