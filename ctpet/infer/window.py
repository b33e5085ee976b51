"""Cut a volume into windows that a model can run one at a time, and put the results together.

The volume is first thought of as padded with air up to the model's size multiple. A window reads
a box of one fixed size that starts at a multiple of the size multiple (a strided network gives
the same answer only when moved by whole strides) and lies inside the padded volume; windows at
the far border are moved inward, so that the model sees the true border where there is one. Each
voxel of the result is taken from exactly one window, in which it has at least the halo of real
context on every side or the border itself.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from ctpet.contract import ModelContract
from ctpet.errors import CtpetError
from ctpet.volume.geometry import Shape3

Floats = NDArray[np.float32]

PADDING_HU = -1024.0
"""Air, as the scanner writes it; the padding reaches no voxel that is kept unless by the halo."""

WINDOW_OVERHEAD = 32**3
"""What a window costs besides its voxels, in voxels, so that many thin ones are not preferred."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One window along one axis.

    Attributes:
        start: first voxel that is read.
        core_start: first voxel that is kept.
        core_stop: voxel after the last that is kept.
    """

    start: int
    core_start: int
    core_stop: int


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """How a volume is cut.

    Attributes:
        shape: of the volume, (k, j, i).
        size: of every window, (k, j, i); compiled once.
        cuts: the windows along each axis; the windows are their product.
    """

    shape: Shape3
    size: Shape3
    cuts: tuple[tuple[Cut, ...], tuple[Cut, ...], tuple[Cut, ...]]

    @property
    def count(self) -> int:
        """Number of windows."""
        return len(self.cuts[0]) * len(self.cuts[1]) * len(self.cuts[2])

    def windows(self) -> Iterator[tuple[Cut, Cut, Cut]]:
        """Yield the windows, k slowest."""
        yield from product(*self.cuts)


def plan_windows(shape: Shape3, contract: ModelContract, memory_bytes: int) -> WindowPlan:
    """Plan the fewest voxels to compute that memory allows.

    One window if the whole volume fits; else slabs that span j and i, so that memory does not
    grow with the number of slices; else boxes. A model for whole volumes only is never cut.

    Args:
        shape: of the volume, (k, j, i).
        contract: gives size multiple, halo and bytes for each input voxel.
        memory_bytes: what one pass may use.

    Raises:
        CtpetError: if not even the smallest window fits, or the volume that must not be cut.
    """
    if contract.halo_voxels is None:
        return _whole(shape, contract, memory_bytes)
    multiple, halo = contract.size_multiple, contract.halo_voxels
    options = [_axis_options(n, m, h) for n, m, h in zip(shape, multiple, halo, strict=True)]
    most = memory_bytes // contract.working_bytes_per_voxel
    slabs = (options[0], options[1][:1], options[2][:1])
    for candidates in (slabs, options):
        fitting = [cuts for cuts in product(*candidates) if _voxels(cuts) <= most]
        if fitting:
            best = min(fitting, key=_cost)
            k, j, i = (
                _cuts(n, m, h, size)
                for n, m, h, (size, _) in zip(shape, multiple, halo, best, strict=True)
            )
            return WindowPlan(shape, (best[0][0], best[1][0], best[2][0]), (k, j, i))
    least = _voxels([axis[-1] for axis in options]) * contract.working_bytes_per_voxel
    raise CtpetError(
        f"The model needs at least {_mib(least)} MiB of memory for its smallest window; "
        f"it may use {_mib(memory_bytes)} MiB. Free memory, or allow the model more of it."
    )


def run_windows(
    array: Floats,
    plan: WindowPlan,
    run: Callable[[Floats], Floats],
    report: Callable[[float], None],
) -> Floats:
    """Run a function window by window over a volume.

    Args:
        array: HU, ``(K, J, I)``, of the plan's shape.
        plan: how to cut it.
        run: takes ``(1, 1, *plan.size)`` and returns ``(1, outputs, *plan.size)``.
        report: told how much is done, from 0.0 to 1.0.

    Returns:
        The results put together, ``(outputs, K, J, I)``.
    """
    result = np.empty((0, *plan.shape), np.float32)
    window = np.empty((1, 1, *plan.size), np.float32)
    for done, cuts in enumerate(plan.windows()):
        report(done / plan.count)
        _fill(window[0, 0], array, cuts)
        predicted = run(window)[0]
        if done == 0:
            result = np.empty((len(predicted), *plan.shape), np.float32)
        k, j, i = (slice(c.core_start, c.core_stop) for c in cuts)
        kk, jj, ii = (slice(c.core_start - c.start, c.core_stop - c.start) for c in cuts)
        result[:, k, j, i] = predicted[:, kk, jj, ii]
    report(1.0)
    return result


def _whole(shape: Shape3, contract: ModelContract, memory_bytes: int) -> WindowPlan:
    """Return the plan of one window.

    Raises:
        CtpetError: it does not fit.
    """
    k, j, i = (_round_up(n, m) for n, m in zip(shape, contract.size_multiple, strict=True))
    needed = k * j * i * contract.working_bytes_per_voxel
    if needed > memory_bytes:
        raise CtpetError(
            f"{contract.name} runs on whole volumes only, and one of {_by(shape)} voxels needs "
            f"{_mib(needed)} MiB of memory; it may use {_mib(memory_bytes)} MiB. Free memory, "
            "allow the model more of it, or take a model that tiles."
        )
    whole = [(Cut(0, 0, length),) for length in shape]
    return WindowPlan(shape, (k, j, i), (whole[0], whole[1], whole[2]))


def _by(shape: Shape3) -> str:
    return " × ".join(map(str, shape))


def _fill(window: Floats, array: Floats, cuts: tuple[Cut, Cut, Cut]) -> None:
    """Copy what a window reads; what lies beyond the volume is air."""
    stops = [min(c.start + n, m) for c, n, m in zip(cuts, window.shape, array.shape, strict=True)]
    read = tuple(slice(c.start, stop) for c, stop in zip(cuts, stops, strict=True))
    inside = tuple(slice(0, stop - c.start) for c, stop in zip(cuts, stops, strict=True))
    if any(part.stop < n for part, n in zip(inside, window.shape, strict=True)):
        window[...] = PADDING_HU
    window[inside] = array[read]


def _axis_options(length: int, multiple: int, halo: int) -> list[tuple[int, int]]:
    """Return (window size, number of windows) along an axis: whole first, smallest last.

    For each number of windows only the smallest size that does with it.
    """
    padded = _round_up(length, multiple)
    options = [(padded, 1)]
    smallest = _round_up(multiple + 2 * halo, multiple)
    for size in range(padded - multiple, smallest - 1, -multiple):
        count = 1 + -(-(padded - size) // _stride(size, multiple, halo))
        if len(options) > 1 and options[-1][1] == count:
            options[-1] = (size, count)
        else:
            options.append((size, count))
    return options


def _cuts(length: int, multiple: int, halo: int, size: int) -> tuple[Cut, ...]:
    """Spread windows of one size evenly along an axis and share the voxels out between them.

    Neighbours overlap by at least twice the halo; each keeps up to the middle of the overlap.
    """
    padded = _round_up(length, multiple)
    if size == padded:
        return (Cut(0, 0, length),)
    steps = -(-(padded - size) // _stride(size, multiple, halo))
    places = (padded - size) // multiple
    starts = [n * places // steps * multiple for n in range(steps + 1)]
    middles = [(a + size + b) // 2 for a, b in pairwise(starts)]
    bounds = [0, *middles, length]
    return tuple(Cut(s, a, b) for s, (a, b) in zip(starts, pairwise(bounds), strict=True))


def _stride(size: int, multiple: int, halo: int) -> int:
    """The furthest that neighbouring windows may lie apart."""
    return (size - 2 * halo) // multiple * multiple


def _round_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def _voxels(sizes: Sequence[tuple[int, int]]) -> int:
    """Voxels of one window, from (size, number) along each axis."""
    return sizes[0][0] * sizes[1][0] * sizes[2][0]


def _cost(sizes: Sequence[tuple[int, int]]) -> int:
    """Voxels to compute, from (size, number) along each axis, with each window's overhead."""
    return (_voxels(sizes) + WINDOW_OVERHEAD) * sizes[0][1] * sizes[1][1] * sizes[2][1]


def _mib(size_bytes: int) -> int:
    return -(-size_bytes // 2**20)
