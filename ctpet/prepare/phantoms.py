"""Digital patients as cases, straight from their seeds, seen as models see people.

The CT is rendered on pixels of 2 to 3 mm, table and all, and the patient cut out of it as out of
any CT; uptake and labels are rendered in the box around the patient.

Besides the drawn PET a phantom has a *typical* one: every tissue takes up the median of its prior,
and there is neither texture nor noise nor a lesion that CT does not show. It is what an L1 model
would learn from endless draws of one anatomy, up to the mixing of tissues, so that training on it
needs far fewer of them; models are always judged on drawn PETs.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctpet.contract import hash_patient
from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.phantom.domain import Domain, phantom_patient_id
from ctpet.phantom.label_maps import dominant, lesion_map
from ctpet.phantom.patients import draw_patient
from ctpet.phantom.priors import draw_suv
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.seen import Seen, see
from ctpet.phantom.uptake import draw_uptake, pet_of
from ctpet.prepare.cases import AIR, BODY, UNMEASURED, Case, write_case
from ctpet.prepare.grid import covered_by, patient_box, stored_hu
from ctpet.volume import Geometry
from ctpet.volume.outline import body_of_ct

_MEDIAN_DRAWS = 4001
_MEDIAN_SEED = 0x0F20


def write_phantom_case(
    folder: Path,
    *,
    seed: int,
    domain: Domain = "plain",
    spacing_mm: tuple[float, float, float],
    salt: str,
) -> Case:
    """Draw a phantom and write it as a case; the same arguments give the same bytes.

    Args:
        folder: of the case.
        seed: of everything.
        domain: which patients.
        spacing_mm: of the grid, (k, j, i).
        salt: of the patient's hash.
    """
    anatomy = draw_patient(seed, domain)
    scan = render_ct(anatomy, scan_geometry(anatomy), seed=anatomy.seed)
    shown = patient_box(scan, spacing_mm)
    grid = shown.geometry
    rendering = render_fractions(anatomy, grid)
    seen = see(anatomy, rendering)
    uptake = draw_uptake(anatomy, anatomy.seed)
    labels = dominant(rendering)
    region = np.where(seen.body, BODY, AIR)
    region[~covered_by(scan, grid) | (seen.body & ~body_of_ct(shown.array, grid))] = UNMEASURED
    case = Case(
        folder=folder,
        case_id=phantom_case_id(seed, domain),
        patient_hash=hash_patient(phantom_patient_id(seed, domain), salt),
        shape=grid.shape,
        affine=tuple(tuple(float(v) for v in row) for row in grid.affine),
        slice_spacing_mm=scan.geometry.spacing_mm[0],
    )
    return write_case(
        case,
        {
            "ct": stored_hu(shown.array),
            "pet": pet_of(seen, uptake, seed=anatomy.seed).array,
            "typical": typical_pet(seen),
            "region": region,
            "labels": labels,
            "lesions": lesion_map(labels, uptake, grid),
        },
    )


def scan_geometry(anatomy: Anatomy) -> Geometry:
    """Return the grid of a PET/CT's CT with half as many pixels a row, which no model tells apart.

    Args:
        anatomy: the patient.
    """
    fine = clinical_geometry(anatomy)
    affine = fine.affine.copy()
    affine[:3, 1:3] *= 2
    affine[:3, 3] = fine.index_to_lps(np.array([0.0, 0.5, 0.5]))
    k, j, i = fine.shape
    return Geometry((k, j // 2, i // 2), affine, fine.frame_of_reference_uid)


def phantom_case_id(seed: int, domain: Domain = "plain") -> str:
    """Return the case_id of a digital patient."""
    return f"phantom-{seed:05d}" if domain == "plain" else f"phantom-wide-{seed:05d}"


def typical_pet(seen: Seen) -> NDArray[np.float32]:
    """Return the PET of a patient in whom every tissue takes up its median, SUVbw, (k, j, i)."""
    typical = np.zeros(seen.geometry.shape, np.float32)
    for each in seen.maps:
        rng = np.random.default_rng(_MEDIAN_SEED)
        median = np.median(draw_suv([each.prior], rng, _MEDIAN_DRAWS))
        typical[each.region] += np.float32(seen.habitus * median) * each.seen
    return typical
