"""Read back what a training left: its network with weights, its contract, where it comes from."""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

from ctpet.contract import ModelContract, TrainingData, contract_from_json
from ctpet.errors import CtpetError
from ctpet.learn.average import Average, average_networks
from ctpet.learn.network import SuvNetwork
from ctpet.learn.run_folder import CONFIG_FILE, CONTRACT_FILE, PROVENANCE_FILE
from ctpet.learn.weights import Which, has_average, load_weights
from ctpet.learn.whole_checkpoints import read_checkpoint

SEEN = ("extent_seen_mm", "slice_spacing_seen_mm", "trained_on", "ancestors")
"""What a contract says of whom a network has seen, and may differ among networks of a mean."""

AVERAGE = f"{Average.__module__}.{Average.__qualname__}"


@dataclass(frozen=True, eq=False)
class Trained:
    """A network as a training left it.

    Attributes:
        network: in evaluation mode, on the processor; averaged weights where they were averaged.
        config: as composed and resolved.
        contract: as drafted; halo and memory are not measured yet.
        provenance: versions, commit, command and dataset.
        steps: of the optimiser, of each network.
        epochs: begun, the last one included.
        seeds: of the networks that are averaged; one where there is one.
        weights: which ones each network has.
    """

    network: SuvNetwork
    config: DictConfig
    contract: ModelContract
    provenance: dict[str, Any]
    steps: int
    epochs: int
    seeds: tuple[int, ...]
    weights: tuple[Which, ...]


def read_average(checkpoints: Sequence[Path], which: Which | None = None) -> Trained:
    """Rebuild one network, or several as their mean.

    They may differ in seed, backbone, loss, target, and in whom they learned from, as the folds of
    a cross-validation do: the mean has seen everybody whom one of them has. Steps, epochs and the
    configuration are the first one's, with a backbone that holds all of them.

    Raises:
        CtpetError: as :func:`read_trained`; or their channels, range or grid differ.
        ModelInvalid: a run's contract cannot be read.
    """
    members = [read_trained(path, which) for path in checkpoints]
    first = members[0]
    if len(members) == 1:
        return first
    for path, other in zip(checkpoints, members, strict=True):
        if not _alike(first, other):
            raise CtpetError(
                f"{path} cannot be averaged with {checkpoints[0]}: they differ in HU channels, SUV "
                "range, outputs or grid, or in what they are for."
            )
    config = copy.deepcopy(first.config)
    backbones = [member.config.network.backbone for member in members]
    backbone = {"_target_": AVERAGE, "backbones": backbones}
    OmegaConf.update(config, "network.backbone", backbone, merge=False)
    network = average_networks([member.network for member in members])
    seeds = tuple(seed for member in members for seed in member.seeds)
    weights = tuple(each for member in members for each in member.weights)
    return replace(
        first,
        network=network,
        config=config,
        contract=_joined(members),
        seeds=seeds,
        weights=weights,
    )


def read_trained(checkpoint: Path, which: Which | None = None) -> Trained:
    """Rebuild the network of a checkpoint from the run folder it lies in.

    Args:
        checkpoint: ``RUN/checkpoints/NAME.ckpt`` of a run folder of :mod:`ctpet.learn.run_folder`.
        which: of its weights; None: the averaged ones if there are any.

    Raises:
        CtpetError: the checkpoint or the run's files cannot be read, or belong to two networks.
        ModelInvalid: the run's contract cannot be read.
    """
    folder = checkpoint.parent.parent
    try:
        config = OmegaConf.load(folder / CONFIG_FILE)
        contract = contract_from_json((folder / CONTRACT_FILE).read_text("utf-8"))
        provenance = json.loads((folder / PROVENANCE_FILE).read_text("utf-8"))
        network = instantiate(config.network)
    except (
        *(OSError, ValueError, YAMLError),
        *(OmegaConfBaseException, InstantiationException),
    ) as error:
        raise CtpetError(
            f"{checkpoint} does not lie in the folder of a training: {error}. Name a file "
            "runs/NAME/checkpoints/….ckpt."
        ) from error
    if not isinstance(network, SuvNetwork) or not isinstance(config, DictConfig):
        raise CtpetError(f"{folder / CONFIG_FILE} describes no network that ctpet can export.")
    if case := OmegaConf.select(config, "data.only_case"):
        raise CtpetError(
            f"{checkpoint} has learned one case by heart (data.only_case={case}), to see that its "
            "training works. It is no model: train without debug=overfit_one_case."
        )
    load_weights(network, checkpoint, which)
    steps, epochs, averaged = _progress(checkpoint)
    network.eval().requires_grad_(requires_grad=False)
    seeds = (int(config.seed),)
    weights: Which = "averaged" if averaged and which != "current" else "current"
    return Trained(network, config, contract, provenance, steps, epochs, seeds, (weights,))


def _alike(first: Trained, other: Trained) -> bool:
    ours, theirs = first.config.network, other.config.network
    same_frame = all(ours.get(key) == theirs.get(key) for key in ("channels", "suv_max", "outputs"))
    seen = {name: getattr(first.contract, name) for name in SEEN}
    return bool(same_frame and first.contract == replace(other.contract, **seen))


def _joined(members: Sequence[Trained]) -> ModelContract:
    """Return the contract of a mean: it has seen everybody whom one of its networks has."""
    contracts = [member.contract for member in members]
    slices = [mm for contract in contracts for mm in contract.slice_spacing_seen_mm]
    return replace(
        contracts[0],
        extent_seen_mm=_seen_by_all(members),
        slice_spacing_seen_mm=(min(slices), max(slices)),
        trained_on=_union([data for one in contracts for data in one.trained_on]),
        ancestors=_union([data for one in contracts for data in one.ancestors]),
    )


def _union(several: Sequence[TrainingData]) -> tuple[TrainingData, ...]:
    """Join the patients of each data set, in the order in which the sets are first named."""
    patients: dict[TrainingData, set[str]] = {}
    for data in several:
        patients.setdefault(replace(data, patient_hashes=()), set()).update(data.patient_hashes)
    return tuple(
        replace(data, patient_hashes=tuple(sorted(each))) for data, each in patients.items()
    )


def _seen_by_all(members: Sequence[Trained]) -> tuple[float, float]:
    """Return the extents in mm that every network saw; the longest shortest if they share none."""
    seen = [member.contract.extent_seen_mm for member in members]
    shortest = max(low for low, _ in seen)
    return shortest, max(shortest, min(high for _, high in seen))


def _progress(checkpoint: Path) -> tuple[int, int, bool]:
    """Return the steps and epochs of a checkpoint, and whether it holds averaged weights."""
    state = read_checkpoint(checkpoint)
    return int(state["global_step"]), int(state["epoch"]) + 1, has_average(state)
