"""The card of a model: what a person should know before using it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from omegaconf import DictConfig, OmegaConf

from ctpet.contract import (
    FamiliarityPromise,
    IntervalPromise,
    ModelContract,
    ModelKind,
    TrainingData,
    hash_patient,
)
from ctpet.learn.export.parity import Parity
from ctpet.learn.export.tiling import LIMIT_SUV, Tiling
from ctpet.learn.export.trained import Trained
from ctpet.learn.export.weights_file import NOTICE
from ctpet.phantom.domain import Domain, phantom_patient_id

PHANTOM_SEEDS = 100_000
"""Digital patients that a card recognises among those trained on."""

WHAT: dict[ModelKind, str] = {
    "baseline": "A trivial predictor that others must beat.",
    "regression": "A network that predicts the likely SUVbw of each voxel from the CT around it.",
    "appearance": "A network that draws what a PET could look like. Do not measure its SUV.",
}

WEIGHTS = {
    "averaged": "The averaged weights are shipped.",
    "current": "The weights of the last step are shipped, and no average of them.",
    "averaged, current": "Averaged weights are shipped of the networks that have any.",
}

CARD = """\
# {name} {version}

**A research model, not a clinical one. {notice}.**

{what} CT in HU goes in, SUVbw of {tracer} ({radionuclide}) comes out, on a grid of {spacing} mm.

## What it is for

{use}

## What it cannot do

{limits}

No network sees metabolism that leaves no trace in the CT. Uptake that it shows may not be there, \
and uptake that is there may be missing.

## What it saw

{saw}

## How it was trained

{training}

Configuration: `{name}.yaml`. Commit: {commit}. {fingerprint} \
(fingerprint). Versions: {versions}.

## Error

{error}

{interval}## A CT that is unlike its training

{familiarity}

## The same numbers everywhere

The file was compared with the network it was made from ({reference}) on {voxels} voxels of \
{case}, in SUVbw:

| engine | device | precision | largest difference | mean difference |
|---|---|---|---|---|
{rows}
{absent}
Windows: {windows}

Memory: {memory} bytes for each voxel of a window. File: {megabytes:.1f} MB, {parameters:.1f} \
million weights.

## Train it further

```
ctpet train {overrides}
```

## Attribution

Data: {licence}. {attribution}
The model file: Apache-2.0.
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What export measured of a model file.

    Attributes:
        parity: against its network.
        tiling: against one piece; None: for whole volumes only.
        size_bytes: of the file.
        unfamiliar: why it does not say how unlike its training a CT is; empty: it does.
    """

    parity: Parity
    tiling: Tiling | None
    size_bytes: int
    unfamiliar: str = ""


def card_text(
    trained: Trained, contract: ModelContract, measured: Measured, evaluation: str | None
) -> str:
    """Return the card as Markdown.

    Args:
        trained: what the model was made from.
        contract: as in the model file.
        measured: of the model file.
        evaluation: Markdown on its error, baselines beside it; None: nothing is claimed.
    """
    parity = measured.parity
    git = trained.provenance.get("git") or {}
    return CARD.format(
        name=contract.name,
        version=contract.model_version,
        notice=NOTICE,
        what=WHAT[contract.kind],
        tracer=contract.tracer,
        radionuclide=contract.radionuclide,
        spacing=_by(contract.spacing_mm),
        use=contract.intended_use,
        limits=contract.limitations,
        saw=_saw(contract),
        training=_training(trained),
        commit=f"`{git['commit']}`{', with changes' if git['dirty'] else ''}" if git else "unknown",
        fingerprint=_fingerprints(trained.provenance["data_fingerprint"]),
        versions=", ".join(f"{k} {v}" for k, v in _versions(trained.provenance).items()),
        error=(evaluation or "Not evaluated: nothing is claimed.").strip(),
        interval=_interval(contract.interval),
        familiarity=_familiarity(contract.familiarity, measured.unfamiliar),
        reference=parity.reference,
        voxels=f"{parity.voxels:,}",
        case=parity.case,
        rows="\n".join(
            f"| {row.engine} {row.version} | {row.device} | {row.precision} "
            f"| {row.max_suv:.2g} | {row.mean_suv:.2g} |"
            for row in parity.rows
        ),
        absent="".join(f"\nNot compared: {reason}.\n" for reason in parity.absent),
        windows=_windows(measured.tiling),
        memory=contract.working_bytes_per_voxel,
        megabytes=measured.size_bytes / 1e6,
        parameters=sum(p.numel() for p in trained.network.parameters()) / 1e6,
        overrides=" ".join(fine_tuning(trained, contract.name)),
        licence="; ".join(_named(one.licence for one in contract.ever_seen)) or "no licence named",
        attribution=" ".join(_named(one.attribution for one in contract.ever_seen))
        or "Nobody has to be credited.",
    )


def _interval(promise: IntervalPromise | None) -> str:
    if promise is None:
        return ""
    tops = [f"to {edge:g}" for edge in promise.edges_suv] + [f"above {promise.edges_suv[-1]:g}"]
    bins = "; ".join(
        f"{top}: {factor:.2f}" for top, factor in zip(tops, promise.factors, strict=True)
    )
    return (
        f"## Interval\n\n{promise.in_words}\n\nThe network's own distances from its median, of "
        "the root of SUV, were multiplied by these factors, by the predicted SUV: "
        f"{bins}.\n\n"
    )


def _familiarity(promise: FamiliarityPromise | None, why_not: str) -> str:
    if promise is None:
        return f"The model does not tell one: {why_not.rstrip('.') or 'it was not measured'}."
    return (
        f"The model tells one, with the part of the body: {promise.in_words}. The score is of its "
        "own features, over 96 mm along the body, as a multiple of what is usual in training."
    )


def _windows(tiling: Tiling | None) -> str:
    if tiling is None:
        return (
            "none. The model runs on whole volumes only: each voxel depends on the whole. What it "
            "predicts of a part of a CT is not what it predicts of that part in the whole, and it "
            "learnt from pieces."
        )
    smaller = [f"{h}: {d:.2g} SUV" for h, d in tiling.max_difference_suv.items() if d > LIMIT_SUV]
    return (
        f"with a halo of {tiling.halo_voxels} voxels, {tiling.windows} windows of "
        f"{_by(tiling.size)} voxels changed no voxel of the {_by(tiling.shape)} volume by more "
        f"than {tiling.max_difference_suv[tiling.halo_voxels]:.2g} SUV (limit {LIMIT_SUV:g}). "
        f"Smaller halos: {'; '.join(smaller) or 'none that was tried fails'}."
    )


def _named(texts: Iterable[str]) -> list[str]:
    """Return texts that say something, each once, in their order."""
    return list(dict.fromkeys(text for text in texts if text))


def digital_patients(contract: ModelContract) -> int:
    """Count the patients of a model that are digital ones, by their hashes."""
    return len({(data.salt, each) for data in contract.trained_on for each in _digital(data)})


def _digital(data: TrainingData) -> set[str]:
    """Return the hashes of a data set's patients that are digital ones."""
    seeds = range(PHANTOM_SEEDS)
    domains: tuple[Domain, ...] = get_args(Domain)
    phantoms = {
        hash_patient(phantom_patient_id(seed, domain), data.salt)
        for domain in domains
        for seed in seeds
    }
    return phantoms.intersection(data.patient_hashes)


def fine_tuning(trained: Trained, name: str) -> list[str]:
    """Return what `ctpet train` needs to go on from the shipped weights, on other data."""
    overrides = [f"--config-dir checkpoints --config-name {name}", f"name={name}-tuned"]
    overrides += ["data.dataset=CASES"]
    if _data_sets(trained.config):
        overrides.append("data.datasets=null")
    if _target(trained.config) != "pet":
        overrides.append("data.crops.target=pet")
    return [*overrides, f"start_from=checkpoints/{name}.safetensors"]


def _saw(contract: ModelContract) -> str:
    patients, digital = contract.patients, digital_patients(contract)
    lines = [
        f"{len(data.patient_hashes)} patients, out of {data.description.rstrip('.')}."
        for data in contract.trained_on
    ]
    if digital == patients:
        lines.append(
            "All that it learnt from are digital patients: the network has never seen a person."
        )
    elif digital:
        them = "them" if len(contract.trained_on) == 1 else f"all {patients}"
        lines.append(f"{digital} of {them} are digital patients.")
    lines += [
        f"The weights that it started from had seen {len(one.patient_hashes)} patients, out of "
        f"{one.description.rstrip('.')}."
        for one in contract.ancestors
    ]
    near, far = contract.extent_seen_mm
    fine, coarse = contract.slice_spacing_seen_mm
    lines.append(
        f"It saw pieces {_range(near, far)} mm long, of CTs with slices {_range(fine, coarse)} mm "
        "apart."
    )
    return " ".join(lines)


def _training(trained: Trained) -> str:
    config = trained.config
    told = {
        "crops on each device": OmegaConf.select(config, "data.batch_size"),
        "voxels a crop": _by(OmegaConf.select(config, "data.crops.size_voxels") or ()),
        "precision": trained.provenance.get("precision"),
        "target": _targets(config),
        "seed" if len(trained.seeds) == 1 else "seeds": ", ".join(map(str, trained.seeds)),
    }
    settings = ", ".join(f"{name} {value}" for name, value in told.items() if value)
    mean = (
        f" The file holds {len(trained.seeds)} networks, trained apart ({_backbones(trained)}); it "
        "gives the mean of their SUV. Steps and settings are the first one's."
        if len(trained.seeds) > 1
        else ""
    )
    which = ", ".join(sorted(set(trained.weights)))
    return f"{trained.steps:,} steps in {trained.epochs} epochs: {settings}. {WEIGHTS[which]}{mean}"


def _backbones(trained: Trained) -> str:
    backbones = trained.config.network.backbone.backbones
    return ", ".join(str(backbone["_target_"]).rsplit(".", 1)[-1] for backbone in backbones)


def _target(config: DictConfig) -> str:
    return str(OmegaConf.select(config, "data.crops.target") or "pet")


def _targets(config: DictConfig) -> str:
    """Return the target, or the target and share of the crops of each data set."""
    common = _target(config)
    told = (
        f"{each.get('target', common)} of {name!s} (share {each.get('share', 1)})"
        for name, each in _data_sets(config).items()
    )
    return " + ".join(told) or common


def _data_sets(config: DictConfig) -> dict[str, Any]:
    return dict(OmegaConf.select(config, "data.datasets") or {})


def _fingerprints(told: str | dict[str, str]) -> str:
    if isinstance(told, str):
        return f"Dataset: `{told}`"
    return "Datasets: " + ", ".join(f"{name} `{each}`" for name, each in sorted(told.items()))


def _versions(provenance: dict[str, Any]) -> dict[str, str]:
    own = {"ctpet": provenance["ctpet"], "Python": provenance["python"]}
    return {**own, **provenance["packages"]}


def _by(values: Sequence[float]) -> str:
    return " × ".join(f"{value:g}" for value in values)


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
