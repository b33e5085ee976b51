"""A rendered anatomy as PET sees it: one blurred map a tissue, by which uptake multiplies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.breath import Breath, breath_of
from ctpet.phantom.hidden import HOSTS, Host
from ctpet.phantom.labels import FIRST_LESION, LABELS, NAMES
from ctpet.phantom.priors import TISSUES, VISIBLE_LESION, TissuePrior
from ctpet.phantom.psf import Region, spread_region
from ctpet.phantom.rendering import Rendering
from ctpet.phantom.tissues import OUTSIDE, tissue_of
from ctpet.volume import Geometry

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TissueMap:
    """Where one tissue shines, through the point spread.

    Attributes:
        tissue: a key of :data:`ctpet.phantom.priors.TISSUES`, or ``lesion_<n>``.
        region: the box outside which it is zero.
        seen: float32; SUVbw in the PET for a tissue of SUVbw 1.
        prior: how its SUVbw is distributed, at a BMI of 25.
    """

    tissue: str
    region: Region
    seen: Floats
    prior: TissuePrior


@dataclass(frozen=True, eq=False)
class Seen:
    """What the PET of an anatomy is linear in.

    Attributes:
        geometry: the PET grid.
        maps: one a tissue that the grid sees.
        hosts: where hidden lesions may lie.
        body: bool (k, j, i): voxels of which the patient fills at least half.
        habitus: :func:`habitus_factor` of the patient.
        breath: where the PET shows what the CT shows elsewhere; None: nowhere.
    """

    geometry: Geometry
    maps: tuple[TissueMap, ...]
    hosts: tuple[Host, ...]
    body: NDArray[np.bool_]
    habitus: float
    breath: Breath | None = None


def habitus_factor(bmi: float) -> float:
    """Return by how much a body mass index raises every SUVbw: (BMI / 25)^½.

    Fat takes up little, so SUVbw of all else grows with weight: 18 % more at 35 kg/m² (obese
    over lean 25 to 30 %: Sugawara et al., Radiology 1999; 213:521-525). CT shows the build, so a
    model can know this.
    """
    return float((bmi / 25.0) ** 0.5)


def prior_of(tissue: str, lesions: Mapping[str, TissuePrior] = MappingProxyType({})) -> TissuePrior:
    """Return how the SUVbw of a map's tissue is distributed, at a BMI of 25.

    Args:
        tissue: a key of :data:`ctpet.phantom.priors.TISSUES`, or ``lesion_<n>``.
        lesions: the priors of those lesions that have their own.
    """
    if tissue.startswith("lesion_"):
        return lesions.get(tissue, VISIBLE_LESION)
    return TISSUES[tissue]


def label_name(label: int) -> str:
    """Return the name of a label, those of lesions included."""
    return f"lesion_{label - FIRST_LESION}" if label >= FIRST_LESION else NAMES[label]


def see(anatomy: Anatomy, rendering: Rendering) -> Seen:
    """Return what PET sees of a rendered anatomy.

    Args:
        anatomy: the patient.
        rendering: of that patient, on the PET grid.
    """
    geometry = rendering.geometry
    shares: dict[str, list[tuple[int, float]]] = {}
    for label in rendering.fractions:
        found = tissue_of(label_name(label))
        if found is not None:
            shares.setdefault(found[0], []).append((label, found[1]))
    maps = []
    for tissue, parts in shares.items():
        region, total = _sum(rendering, parts)
        spread = spread_region(total, region, geometry)
        maps.append(TissueMap(tissue, *spread, prior_of(tissue, anatomy.priors)))
    outside = rendering.full(*(LABELS[name] for name in OUTSIDE))
    factor = habitus_factor(anatomy.traits.bmi)
    hosts, breath = hosts_of(rendering), breath_of(anatomy)
    return Seen(geometry, tuple(maps), hosts, outside <= 0.5, factor, breath)


def hosts_of(rendering: Rendering) -> tuple[Host, ...]:
    """Return where in a rendering hidden lesions may lie.

    The lesions of the whole patient are placed in what the grid shows of each organ, so a grid
    that cuts an organ off has too many in the rest; a clinical one shows them all.
    """
    hosts = []
    for names, rate in HOSTS.items():
        parts = [(LABELS[name], 1.0) for name in names if LABELS[name] in rendering.fractions]
        if parts:
            region, total = _sum(rendering, parts)
            if total.any():
                hosts.append(Host(names[0], rate, region, total))
    return tuple(hosts)


def _sum(rendering: Rendering, parts: Sequence[tuple[int, float]]) -> tuple[Region, Floats]:
    """Return some labels, each times its share, in the smallest box that holds them all."""
    boxes = [rendering.fractions[label].region for label, _ in parts]
    first = [min(box[axis].start for box in boxes) for axis in range(3)]
    last = [max(box[axis].stop for box in boxes) for axis in range(3)]
    total = np.zeros(np.subtract(last, first), np.float32)
    for label, share in parts:
        part = rendering.fractions[label]
        inner = tuple(
            slice(s.start - low, s.stop - low) for s, low in zip(part.region, first, strict=True)
        )
        total[inner] += np.float32(share) * part.array
    k, j, i = (slice(low, high) for low, high in zip(first, last, strict=True))
    return (k, j, i), total
