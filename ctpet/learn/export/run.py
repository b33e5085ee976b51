"""Export a trained network as a model file, or refuse to."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctpet.contract import ModelContract
from ctpet.errors import CtpetError
from ctpet.infer.embed import write_contract
from ctpet.infer.model import Model
from ctpet.learn.export.card import Measured, card_text
from ctpet.learn.export.graph import build_graph
from ctpet.learn.export.held_out import held_out
from ctpet.learn.export.memory import working_bytes_per_voxel
from ctpet.learn.export.parity import Parity, check_parity
from ctpet.learn.export.remedy import tiling_remedy
from ctpet.learn.export.tiling import Tiling, smallest_halo
from ctpet.learn.export.trained import Trained, read_average
from ctpet.learn.export.weights_file import write_config, write_weights
from ctpet.learn.mixture import configured_folders
from ctpet.progress import Progress, silent

Windows = Literal["measured", "none"]
"""``measured``: a model must tile; ``none``: it is made for whole volumes only."""

PARITY_KEY, TILING_KEY = "ctpet.parity", "ctpet.tiling"

STAGE_SHARES: Mapping[str, float] = {
    "graph": 0.15,
    "held-out case": 0.1,
    "parity": 0.1,
    "memory": 0.05,
    "tiling": 0.55,
    "card": 0.05,
}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export.

    Attributes:
        checkpoints: in folders of trainings; several are averaged, see :func:`read_average`.
        name: of the model.
        dataset: prepared folder to try it on; None: see :func:`held_out`.
        evaluation: Markdown file for the card's section on error; None: nothing is claimed.
        windows: whether it must tile. One that was trained by a contract without a halo is made
            for whole volumes, whatever stands here.
    """

    checkpoints: tuple[Path, ...]
    name: str
    dataset: Path | None = None
    evaluation: Path | None = None
    windows: Windows = "measured"


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
    """

    contract: ModelContract
    digest_sha256: str
    size_bytes: int
    parity: Parity
    tiling: Tiling | None

    def to_json(self) -> dict[str, Any]:
        """Return what was measured as a JSON object."""
        return {
            "name": self.contract.name,
            "model_version": self.contract.model_version,
            "digest_sha256": self.digest_sha256,
            "size_bytes": self.size_bytes,
            "halo_voxels": self.contract.halo_voxels,
            "working_bytes_per_voxel": self.contract.working_bytes_per_voxel,
            "parity": self.parity.to_json(),
            "tiling": self.tiling and asdict(self.tiling),
        }


def run_export(
    request: ExportRequest, files: ExportFiles, *, progress: Progress = silent
) -> Exported:
    """Write a model file with weights, configuration and card.

    Args:
        request: what to export.
        files: where to; what they hold when this raises is no model.
        progress: told the stages of :data:`STAGE_SHARES`.

    Raises:
        CtpetError: the checkpoint or the dataset cannot be read, or the file differs from its
            network, or windows change its output.
        ModelInvalid: the graph does not keep its contract.
    """
    evaluation = _read(request.evaluation)
    trained = read_average(request.checkpoints)
    progress("graph", 0.0)
    drafted = replace(trained.contract, name=request.name)
    graph = build_graph(trained.network, drafted.size_multiple)
    model = write_contract(graph, drafted, files.model)
    progress("graph", 1.0)
    progress("held-out case", 0.0)
    tried = held_out(drafted, request.dataset, configured_folders(trained.config.data))
    progress("held-out case", 1.0)
    progress("parity", 0.0)
    parity = check_parity(trained.network, model, tried.ct_hu, tried.name)
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
    measured = Measured(parity, tiling, len(model.data))
    files.card.write_text(card_text(trained, contract, measured, evaluation), "utf-8")
    progress("card", 1.0)
    return Exported(contract, model.digest, len(model.data), parity, tiling)


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


def _read(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise CtpetError(f"The evaluation {path} cannot be read: {error}. Check it.") from error
