"""Does a model file give the numbers of the network it was made from, on every engine here."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ctpet.errors import BackendUnavailable, CtpetError
from ctpet.infer.backend import BackendInfo, Execution, Precision
from ctpet.infer.engines import open_backend
from ctpet.infer.model import Model
from ctpet.infer.providers import offered
from ctpet.infer.window import PADDING_HU
from ctpet.learn.torch_backend import TorchBackend
from ctpet.volume.geometry import Shape3

Floats = NDArray[np.float32]

LIMIT_FP32_SUV = 0.01
"""Largest difference of a voxel in float32."""

LIMIT_BF16_SUV, LIMIT_BF16_PART, BF16_QUANTILE = 0.05, 0.02, 0.999
"""In bf16, all but one voxel in a thousand are within 0.05 SUV + 2 % of their SUV."""

CROP_VOXELS = 96
CROPS_AT = (0.1, 0.5, 0.9)
"""Where crops lie along the patient, in parts of the room that there is."""


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One engine beside torch, in SUVbw.

    Attributes:
        engine: such as ``openvino``.
        provider: name of the execution provider.
        version: of the engine.
        device: where it ran.
        precision: of its arithmetic.
        max_suv: largest difference.
        mean_suv: mean difference, without sign.
        excess_suv: what :data:`BF16_QUANTILE` of the voxels differ by at most, beyond
            :data:`LIMIT_BF16_PART` of their SUV.
    """

    engine: str
    provider: str
    version: str
    device: str
    precision: Precision
    max_suv: float
    mean_suv: float
    excess_suv: float

    @property
    def kept(self) -> bool:
        """Whether it is near enough; never if a number is not finite."""
        if self.precision == "fp32":
            return self.max_suv <= LIMIT_FP32_SUV
        return self.excess_suv <= LIMIT_BF16_SUV


@dataclass(frozen=True, slots=True)
class Parity:
    """A model file beside its network.

    Attributes:
        reference: what computed the network, with its version.
        case: that the crops are of.
        voxels: compared, over all crops.
        rows: one an engine and precision.
        absent: engines that did not run, with the reason.
    """

    reference: str
    case: str
    voxels: int
    rows: tuple[ParityRow, ...]
    absent: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


def check_parity(network: nn.Module, model: Model, ct_hu: Floats, case: str) -> Parity:
    """Compare a model file with its network on crops of a CT.

    Args:
        network: in evaluation mode, with all outputs of the model that are SUVbw.
        model: made from it.
        ct_hu: HU, (k, j, i), on the model's grid.
        case: what to call it.

    Raises:
        CtpetError: an engine is further from torch than its precision allows.
    """
    crops = cut_crops(ct_hu, model.contract.size_multiple)
    torch_backend = TorchBackend(network, torch.device("cpu"))
    outputs = len(model.contract.suv_outputs)
    wanted = [torch_backend.run(crop) for crop in crops]
    rows: list[ParityRow] = []
    absent: list[str] = []
    for execution in _executions():
        try:
            k, j, i = crops[0].shape[2:]
            backend = open_backend(model, (k, j, i), execution)
        except BackendUnavailable as error:
            absent.append(str(error))
            continue
        seen = [backend.run(crop)[:, :outputs] for crop in crops]
        rows.append(_compare(backend.info, seen, wanted))
    machine = offered()
    absent += [reason for reason in (machine.openvino_absence, machine.cuda_absence) if reason]
    for row in rows:
        if not row.kept:
            raise CtpetError(_refusal(model.contract.name, row))
    voxels = sum(crop.size for crop in crops)
    return Parity(f"torch {torch.__version__}", case, voxels, tuple(rows), tuple(absent))


def cut_crops(ct_hu: Floats, size_multiple: Shape3) -> list[Floats]:
    """Return crops of at most 96 voxels a side as windows, (1, 1, K, J, I); air beyond the CT."""
    size = [
        -(-min(CROP_VOXELS, n) // m) * m for n, m in zip(ct_hu.shape, size_multiple, strict=True)
    ]
    crops = []
    for part in CROPS_AT:
        starts = [
            int(max(n - m, 0) * where)
            for n, m, where in zip(ct_hu.shape, size, (part, 0.5, 0.5), strict=True)
        ]
        cut = ct_hu[tuple(slice(a, a + m) for a, m in zip(starts, size, strict=True))]
        crop = np.full((1, 1, *size), PADDING_HU, np.float32)
        crop[0, 0, : cut.shape[0], : cut.shape[1], : cut.shape[2]] = cut
        crops.append(crop)
    return crops


def _executions() -> Iterator[Execution]:
    """Yield every engine and precision that this machine offers."""
    machine = offered()
    yield Execution(device="cpu", engine="onnxruntime", precision="fp32")
    for precision in machine.openvino:
        yield Execution(device="cpu", engine="openvino", precision=precision)
    if machine.cuda:
        yield Execution(device="cuda:0", precision="fp32")


def _compare(info: BackendInfo, seen: Sequence[Floats], wanted: Sequence[Floats]) -> ParityRow:
    reference = np.concatenate([suv.ravel() for suv in wanted])
    difference = np.abs(np.concatenate([suv.ravel() for suv in seen]) - reference)
    excess = np.quantile(difference - LIMIT_BF16_PART * reference, BF16_QUANTILE)
    return ParityRow(
        engine=info.engine,
        provider=info.provider,
        version=info.version,
        device=info.device,
        precision=info.precision,
        max_suv=float(difference.max()),
        mean_suv=float(difference.mean(dtype=np.float64)),
        excess_suv=float(excess),
    )


def _refusal(name: str, row: ParityRow) -> str:
    where = f"{name} on {row.provider} in {row.precision}"
    if row.precision == "fp32":
        return (
            f"{where} differs from its network by up to {row.max_suv:.3g} SUV; the limit is "
            f"{LIMIT_FP32_SUV:g}. The graph is not the network: report this defect."
        )
    return (
        f"{where} differs from its network by {row.excess_suv:.3g} SUV beyond "
        f"{LIMIT_BF16_PART:.0%} of the SUV in one voxel of a thousand; the limit is "
        f"{LIMIT_BF16_SUV:g}. Train on, or with half precision."
    )
