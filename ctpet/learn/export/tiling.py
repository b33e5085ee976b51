"""Does a model give the same numbers window by window as in one piece, and with how much halo."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctpet.contract import ModelContract
from ctpet.errors import CtpetError
from ctpet.infer.backend import Execution
from ctpet.infer.engines import open_backend
from ctpet.infer.model import Model
from ctpet.infer.window import WindowPlan, plan_windows, run_windows
from ctpet.volume.geometry import Shape3

HALOS = (16, 24, 32, 40, 48, 56, 64, 80)
"""Voxels that are tried, in this order."""

LIMIT_SUV = 0.02
"""What windows may change a voxel by, in float32."""

MOST_PASSES = 6
"""How many times the volume's voxels the windows of one trial may compute."""

REFERENCE = Execution(device="cpu", engine="onnxruntime", precision="fp32")


@dataclass(frozen=True, slots=True)
class Tiling:
    """What was measured.

    Attributes:
        halo_voxels: the smallest that keeps the limit.
        windows: into how many the volume was cut with it.
        size: of each window, (k, j, i).
        shape: of the volume, (k, j, i).
        max_difference_suv: largest difference from one piece, by halo tried; for those that do
            not keep the limit, what was seen when that was clear.
    """

    halo_voxels: int
    windows: int
    size: Shape3
    shape: Shape3
    max_difference_suv: dict[int, float]


def smallest_halo(
    model: Model, ct_hu: NDArray[np.float32], halos: Sequence[int] = HALOS, *, remedy: str = ""
) -> Tiling:
    """Find the smallest halo with which windows change no voxel by more than the limit.

    Args:
        model: its own halo is not looked at.
        ct_hu: HU, (k, j, i), on the model's grid.
        halos: what to try, in this order.
        remedy: sentences for who is refused, such as :func:`tiling_remedy`'s.

    Raises:
        CtpetError: none keeps the limit, or the volume is too small to be cut.
    """
    k, j, i = ct_hu.shape
    whole = predict(model, ct_hu, plan_windows((k, j, i), model.contract, 2**62))
    differences: dict[int, float] = {}
    for halo in halos:
        contract = replace(model.contract, halo_voxels=(halo, halo, halo))
        plan = many_windows((k, j, i), contract)
        if plan is None:
            continue
        differences[halo] = difference_suv(model, ct_hu, plan, whole)
        if differences[halo] <= LIMIT_SUV:
            return Tiling(halo, plan.count, plan.size, plan.shape, differences)
    raise CtpetError(_refusal(model.contract, (k, j, i), differences, remedy))


def many_windows(shape: Shape3, contract: ModelContract) -> WindowPlan | None:
    """Return the plan of the smallest memory that costs at most :data:`MOST_PASSES` passes.

    None where the volume is too small to be cut so.
    """
    voxels = shape[0] * shape[1] * shape[2]
    for part in range(1, 24):
        budget = voxels * contract.working_bytes_per_voxel * part // 24
        try:
            plan = plan_windows(shape, contract, budget)
        except CtpetError:
            continue
        computed = plan.count * plan.size[0] * plan.size[1] * plan.size[2]
        if plan.count > 1 and computed <= MOST_PASSES * voxels:
            return plan
    return None


class _LimitBrokenError(Exception):
    """A window differs too much: the others need not be run."""


def difference_suv(
    model: Model, ct_hu: NDArray[np.float32], plan: WindowPlan, whole: NDArray[np.float32]
) -> float:
    """Return the largest difference of windows from one piece, stopping beyond the limit.

    Args:
        model: runs in float32.
        ct_hu: HU, (k, j, i).
        plan: the windows.
        whole: predicted in one piece, SUVbw, (outputs, k, j, i).

    Raises:
        CtpetError: the engine fails.
    """
    backend = open_backend(model, plan.size, REFERENCE)
    windows = plan.windows()
    outputs = len(model.contract.suv_outputs)
    largest = 0.0

    def run(window: NDArray[np.float32]) -> NDArray[np.float32]:
        nonlocal largest
        suv = backend.run(window)
        cuts = next(windows)
        read = tuple(slice(c.core_start - c.start, c.core_stop - c.start) for c in cuts)
        kept = tuple(slice(c.core_start, c.core_stop) for c in cuts)
        moved = float(np.abs(suv[0][:outputs, *read] - whole[:outputs, *kept]).max())
        largest = largest if moved <= largest else moved  # NaN is kept
        if not moved <= LIMIT_SUV:
            raise _LimitBrokenError
        return suv

    with contextlib.suppress(_LimitBrokenError):
        run_windows(ct_hu, plan, run, lambda _: None)
    return largest


def predict(model: Model, ct_hu: NDArray[np.float32], plan: WindowPlan) -> NDArray[np.float32]:
    """Predict by a plan with onnxruntime's own kernels in float32; SUVbw, (outputs, k, j, i).

    Raises:
        CtpetError: the engine fails, for instance for lack of memory.
    """
    backend = open_backend(model, plan.size, REFERENCE)
    return run_windows(ct_hu, plan, backend.run, lambda _: None)


def _refusal(
    contract: ModelContract, shape: Shape3, differences: dict[int, float], remedy: str
) -> str:
    if not differences:
        return (
            f"A case of {shape} voxels is too small to be cut into windows. Name a dataset with "
            "longer cases (--dataset)."
        )
    least = min(differences.values())
    return (
        f"{contract.name} does not tile: windows change its output by {least:.3g} SUV even with a "
        f"halo of {max(differences)} voxels; the limit is {LIMIT_SUV:g}. {remedy}"
    ).rstrip()
