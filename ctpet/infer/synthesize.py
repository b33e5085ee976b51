"""From a CT to a synthetic PET: the one path that training, evaluation and hospitals share."""

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctpet.contract import ModelContract
from ctpet.errors import ModelInvalid
from ctpet.infer.backend import Backend, BackendInfo, Execution
from ctpet.infer.engines import open_backend
from ctpet.infer.machine import available_memory_bytes
from ctpet.infer.model import Model
from ctpet.infer.patient import box_around, only_patient, put_back
from ctpet.infer.providers import choose, cuda_index, offered
from ctpet.infer.unlike import Unlikeness, unlikeness
from ctpet.infer.window import PADDING_HU, WindowPlan, plan_windows, run_windows
from ctpet.progress import Progress, silent
from ctpet.volume import Geometry, Volume, covering_grid, lattice_grid
from ctpet.volume.geometry import Shape3
from ctpet.volume.resample import resample

MEMORY_FRACTION = 0.7
"""Part of the free memory that a model may use; the rest is for volumes, files and others."""

SUV_TOLERANCE = {"fp32": 1e-3, "bf16": 1e-2}
"""How far, in parts of the range's width, arithmetic may carry the output out of its range."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of wall-clock time by stage.

    Attributes:
        resample: bringing the CT onto the model's grid.
        compile: building the model for the window size.
        run: predicting all windows.
    """

    resample: float
    compile: float
    run: float


@dataclass(frozen=True, eq=False)
class Synthesis:
    """A synthetic PET and how it came about.

    Attributes:
        pet: SUVbw on the model's grid, which covers the CT.
        bounds: the lower and the upper one, of models that have them, on the same grid.
        unlike: how unlike the training the CT is, by models that say it.
        backend: what ran the model.
        plan: the windows.
        seconds: by stage.
    """

    pet: Volume
    bounds: tuple[Volume, Volume] | None
    unlike: Unlikeness | None
    backend: BackendInfo
    plan: WindowPlan
    seconds: Timing


def synthesize(
    ct: Volume,
    model: Model,
    *,
    execution: Execution | None = None,
    progress: Progress = silent,
) -> Synthesis:
    """Predict a PET from a CT.

    The CT may lie on any grid; it is brought onto the model's with :func:`to_model_grid`, and cut
    to the patient before where the model sees no more (:mod:`ctpet.infer.patient`). The result
    stays on the model's grid: its resolution is the model's, and interpolating it is left to who
    needs another grid.

    Args:
        ct: HU.
        model: what predicts.
        execution: how to run it; None: everything ``auto``.
        progress: told the stages ``resample``, ``compile`` and ``predict``.

    Raises:
        ValueError: if ``ct`` is not in HU.
        InputRefused: ``no-patient``.
        BackendUnavailable: if what ``execution`` names is not here.
        CtpetError: if the model does not fit the memory, or the engine fails.
        ModelInvalid: if the output is not finite, not in the contract's SUV range, or a bound lies
            on the wrong side.
    """
    execution = execution or Execution()
    progress("resample", 0.0)
    started = time.perf_counter()
    shown, onto = show(ct, model.contract)
    resampled = time.perf_counter()
    progress("resample", 1.0)
    progress("compile", 0.0)
    plan, backend = _compile(shown.geometry.shape, model, execution)
    compiled = time.perf_counter()
    progress("compile", 1.0)
    result = run_windows(shown.array, plan, backend.run, lambda done: progress("predict", done))
    timing = Timing(resampled - started, compiled - resampled, time.perf_counter() - compiled)
    suv, rest = np.split(result, [len(model.contract.suv_outputs)])
    check_suv(suv, model.contract, backend.info)
    unlike = unlikeness(rest[0], shown, model.contract) if len(rest) else None
    pet, *bounds = (Volume(each, onto, "SUVBW") for each in put_back(suv, shown.geometry, onto))
    both = (bounds[0], bounds[1]) if bounds else None
    return Synthesis(pet, both, unlike, backend.info, plan, timing)


def show(ct: Volume, contract: ModelContract) -> tuple[Volume, Geometry]:
    """Return what a model is shown of a CT, and the grid of its PET, which covers the CT.

    Where a model sees the patient alone, the PET is 0 outside of the box that it was shown.

    Raises:
        ValueError: if ``ct`` is not in HU.
        InputRefused: ``no-patient``.
    """
    if contract.sees == "field-of-view":
        on_grid = to_model_grid(ct, contract)
        return on_grid, on_grid.geometry
    if ct.quantity != "HU":
        raise ValueError(f"ct must be in HU, not {ct.quantity}")
    shown = box_around(only_patient(ct), contract.spacing_mm, contract.size_multiple)
    return shown, lattice_grid(ct.geometry, contract.spacing_mm)


def _compile(shape: Shape3, model: Model, execution: Execution) -> tuple[WindowPlan, Backend]:
    """Plan windows for the memory of the device that runs them, and build the model for them.

    Where ``auto`` ends on the processor because a GPU that is there does not start, the windows
    were planned for the GPU's memory, and are planned again.
    """
    plan = plan_windows(shape, model.contract, memory_budget_bytes(execution))
    backend = open_backend(model, plan.size, execution)
    if execution.memory_bytes is not None or backend.info.device == _first_choice(execution):
        return plan, backend
    on_cpu = replace(execution, device="cpu")
    plan = plan_windows(shape, model.contract, memory_budget_bytes(on_cpu))
    again = open_backend(model, plan.size, on_cpu)
    info = replace(again.info, passed_over=backend.info.passed_over)
    return plan, replace(again, info=info)


def to_model_grid(ct: Volume, contract: ModelContract) -> Volume:
    """Return a CT on the LPS-aligned grid of the model's spacing that covers it.

    Beyond the field of view is air. A CT that lies on such a grid already is returned as it is.

    Raises:
        ValueError: if ``ct`` is not in HU.
    """
    if ct.quantity != "HU":
        raise ValueError(f"ct must be in HU, not {ct.quantity}")
    grid = covering_grid(ct.geometry, contract.spacing_mm)
    if grid.agrees_with(ct.geometry):
        return ct
    return resample(ct, grid, fill=PADDING_HU)


def memory_budget_bytes(execution: Execution) -> int:
    """Return what the model may use: as asked, else a fixed part of what the device has.

    For the processor that is a part of what is free now, for a GPU of all it has.

    Raises:
        BackendUnavailable: if nothing here does what was asked.
    """
    if execution.memory_bytes is not None:
        return execution.memory_bytes
    device = _first_choice(execution)
    size = available_memory_bytes() if device == "cpu" else offered().cuda[cuda_index(device)]
    return int(size * MEMORY_FRACTION)


def _first_choice(execution: Execution) -> str:
    """Return the device that a request means first."""
    (first, *_), _ = choose(execution, offered())
    return first.device


def check_suv(suv: NDArray[np.float32], contract: ModelContract, info: BackendInfo) -> None:
    """Refuse an output that the contract excludes.

    Args:
        suv: the PET, then its bounds if there are, (outputs, k, j, i).
        contract: of the model.
        info: what ran it.

    Raises:
        ModelInvalid: if a value is not finite or lies outside the SUV range, or the PET does not
            lie between its bounds.
    """
    low, high = contract.suv_range
    least, most = float(suv.min()), float(suv.max())
    slack = SUV_TOLERANCE[info.precision] * (high - low)
    if not (low - slack <= least and most <= high + slack):
        raise ModelInvalid(
            f"{contract.name} {contract.model_version} returned SUV from {least:.4g} to "
            f"{most:.4g} on {info.provider} in {info.precision}; its contract promises {low:g} to "
            f"{high:g}. Do not use this output; try --precision fp32, or another model."
        )
    if len(suv) > 1:
        pet, below, above = suv
        across = max(float((below - pet).max()), float((pet - above).max()))
        if across > slack:
            raise ModelInvalid(
                f"{contract.name} {contract.model_version} returned a PET that lies up to "
                f"{across:.3g} SUV outside of its own bounds on {info.provider} in "
                f"{info.precision}. Do not use this output; try --precision fp32, or another model."
            )
