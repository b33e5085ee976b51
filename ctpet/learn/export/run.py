"""Export a trained network as a model file, or refuse to."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ctpet.checked import dicom_text
from ctpet.contract import FamiliarityPromise, IntervalPromise, ModelContract
from ctpet.errors import CtpetError, InputRefused
from ctpet.infer.embed import write_contract
from ctpet.infer.model import Model
from ctpet.learn.calibrated import Calibrated
from ctpet.learn.export.calibration import CalibrationRequest, calibrate_bounds
from ctpet.learn.export.card import Measured, card_text
from ctpet.learn.export.graph import build_graph
from ctpet.learn.export.held_out import held_out
from ctpet.learn.export.memory import working_bytes_per_voxel
from ctpet.learn.export.parity import Parity, check_parity
from ctpet.learn.export.remedy import tiling_remedy
from ctpet.learn.export.tiling import Tiling, smallest_halo
from ctpet.learn.export.trained import Trained, read_average
from ctpet.learn.export.usual import learn_usual
from ctpet.learn.export.weights_file import write_config, write_weights
from ctpet.learn.mixture import configured_folders
from ctpet.learn.weights import Which
from ctpet.progress import Progress, silent

Windows = Literal["measured", "none"]
"""``measured``: a model must tile; ``none``: it is made for whole volumes only."""

PARITY_KEY, TILING_KEY = "ctpet.parity", "ctpet.tiling"

STAGE_SHARES: Mapping[str, float] = {
    "calibration": 0.25,
    "familiarity": 0.25,
    "graph": 0.05,
    "held-out case": 0.05,
    "parity": 0.1,
    "memory": 0.05,
    "tiling": 0.2,
    "card": 0.05,
}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export.

    Attributes:
        checkpoints: in folders of trainings; several are averaged, see :func:`read_average`.
        dataset: prepared folder to try it on; None: see :func:`held_out`.
        evaluation: Markdown file for the card's section on error; None: nothing is claimed.
        weights: of each checkpoint; None: the averaged ones if there are any.
        calibration: of the bounds, of a network that has some; None: as by default. Its patients
            also say what is usual of how unlike the training a CT is.
        windows: whether it must tile. One that was trained by a contract without a halo is made
            for whole volumes, whatever stands here.
    """

    checkpoints: tuple[Path, ...]
    dataset: Path | None = None
    evaluation: Path | None = None
    windows: Windows = "measured"
    weights: Which | None = None
    calibration: CalibrationRequest | None = None


@dataclass(frozen=True, slots=True)
class ExportFiles:
    """Where an export goes.

    Attributes:
        model: ``.onnx``.
        weights: ``.safetensors``.
        config: ``.yaml``.
        card: ``.md``.
    """

    model: Path
    weights: Path
    config: Path
    card: Path


@dataclass(frozen=True, slots=True)
class Exported:
    """A model file that was seen to keep its word.

    Attributes:
        contract: as in the file, with what was measured.
        digest_sha256: of the model file.
        size_bytes: of the model file.
        parity: against its network.
        tiling: against one piece; None: for whole volumes only.
        weights: which ones of each network it holds.
        unfamiliar: why it does not say how unlike its training a CT is; empty: it does.
    """

    contract: ModelContract
    digest_sha256: str
    size_bytes: int
    parity: Parity
    tiling: Tiling | None
    weights: tuple[Which, ...]
    unfamiliar: str

    def to_json(self) -> dict[str, Any]:
        """Return what was measured as a JSON object."""
        return {
            "name": self.contract.name,
            "model_version": self.contract.model_version,
            "digest_sha256": self.digest_sha256,
            "size_bytes": self.size_bytes,
            "halo_voxels": self.contract.halo_voxels,
            "working_bytes_per_voxel": self.contract.working_bytes_per_voxel,
            "weights": list(self.weights),
            "parity": self.parity.to_json(),
            "tiling": self.tiling and asdict(self.tiling),
            "interval": self.contract.interval and asdict(self.contract.interval),
            "familiarity": self.contract.familiarity and asdict(self.contract.familiarity),
        }


def run_export(
    request: ExportRequest, name: str, files: ExportFiles, *, progress: Progress = silent
) -> Exported:
    """Write a model file with weights, configuration and card.

    Args:
        request: what to export.
        name: of the model.
        files: where to; what they hold when this raises is no model.
        progress: told the stages of :data:`STAGE_SHARES`.

    Raises:
        CtpetError: the checkpoint or the dataset cannot be read, its bounds cannot be calibrated,
            the file differs from its network, or windows change its output.
        InputRefused: ``out-name``: DICOM headers cannot hold the model's name.
        ModelInvalid: the graph does not keep its contract.
    """
    _refuse_no_name(name)
    evaluation = _read(request.evaluation)
    trained = read_average(request.checkpoints, request.weights)
    interval = _calibrated(request, trained, progress)
    network = trained.network if interval is None else Calibrated(trained.network, interval)
    taught, familiarity, unfamiliar = _familiar(request, trained, network, progress)
    progress("graph", 0.0)
    drafted = replace(trained.contract, name=name, interval=interval, familiarity=familiarity)
    graph = build_graph(taught, drafted.size_multiple, drafted.outputs)
    model = write_contract(graph, drafted, files.model)
    progress("graph", 1.0)
    progress("held-out case", 0.0)
    tried = held_out(drafted, request.dataset, configured_folders(trained.config.data))
    progress("held-out case", 1.0)
    progress("parity", 0.0)
    parity = check_parity(network, model, tried.ct_hu, tried.name)
    progress("parity", 1.0)
    progress("memory", 0.0)
    memory = working_bytes_per_voxel(files.model, drafted.size_multiple)
    progress("memory", 1.0)
    progress("tiling", 0.0)
    tiling = _tiling(request, trained, model, tried.ct_hu)
    progress("tiling", 1.0)
    progress("card", 0.0)
    halo = None if tiling is None else (tiling.halo_voxels,) * 3
    contract = replace(drafted, halo_voxels=halo, working_bytes_per_voxel=memory)
    for key, value in ((PARITY_KEY, parity.to_json()), (TILING_KEY, tiling and asdict(tiling))):
        graph.metadata_props.add(key=key, value=json.dumps(value, sort_keys=True, allow_nan=False))
    model = write_contract(graph, contract, files.model)
    write_weights(trained.network, contract, files.weights)
    write_config(trained.config, files.config)
    measured = Measured(parity, tiling, len(model.data), unfamiliar)
    files.card.write_text(card_text(trained, contract, measured, evaluation), "utf-8")
    progress("card", 1.0)
    size = len(model.data)
    return Exported(contract, model.digest, size, parity, tiling, trained.weights, unfamiliar)


def _calibrated(
    request: ExportRequest, trained: Trained, progress: Progress
) -> IntervalPromise | None:
    """Return what the bounds promise; None for a network without.

    Raises:
        CtpetError: they cannot be calibrated, or a calibration was asked for and there are none.
    """
    progress("calibration", 0.0)
    if trained.network.outputs > 1:
        return calibrate_bounds(trained, request.calibration or CalibrationRequest(), progress)
    if request.calibration is not None:
        raise CtpetError(
            "The network predicts one PET and has no bounds to calibrate. Leave --calibrate-on "
            "and --coverage out, or train with network.outputs=3 loss=pinball."
        )
    progress("calibration", 1.0)
    return None


def _familiar(
    request: ExportRequest, trained: Trained, network: nn.Module, progress: Progress
) -> tuple[nn.Module, FamiliarityPromise | None, str]:
    """Return a network that says how unlike its training a CT is, what is usual, or why neither."""
    datasets = request.calibration.datasets if request.calibration else ()
    try:
        return *learn_usual(trained, network, datasets, progress), ""
    except CtpetError as error:
        progress("familiarity", 1.0)
        return network, None, str(error)


def _tiling(
    request: ExportRequest, trained: Trained, model: Model, ct_hu: NDArray[np.float32]
) -> Tiling | None:
    """Return how a model tiles; None where it is made for whole volumes only.

    Raises:
        CtpetError: it must tile and does not.
    """
    if request.windows == "none" or trained.contract.halo_voxels is None:
        return None
    return smallest_halo(model, ct_hu, remedy=tiling_remedy(trained.network, trained.config))


def _refuse_no_name(name: str) -> None:
    try:
        dicom_text("A model's name", name)
    except ValueError as error:
        raise InputRefused("out-name", str(error), remedy="Name the file otherwise") from error


def _read(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise CtpetError(f"The evaluation {path} cannot be read: {error}. Check it.") from error
