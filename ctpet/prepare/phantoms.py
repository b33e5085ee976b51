"""Digital patients as cases, straight from their seeds, rendered on the model's grid.

Besides the drawn PET a phantom has a *typical* one: every tissue takes up the median of its prior,
and there is neither texture nor noise nor a lesion that CT does not show. It is what an L1 model
would learn from endless draws of one anatomy, up to the mixing of tissues, so that training on it
needs far fewer of them; models are always judged on drawn PETs.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctpet.contract import hash_patient
from ctpet.phantom.anatomy import draw_anatomy
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.phantom.examination import phantom_patient_id
from ctpet.phantom.label_maps import dominant, lesion_map
from ctpet.phantom.priors import draw_suv
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.seen import Seen, prior_of, see
from ctpet.phantom.uptake import draw_uptake, pet_of
from ctpet.prepare.cases import AIR, BODY, Case, write_case
from ctpet.volume import covering_grid

_MEDIAN_DRAWS = 4001
_MEDIAN_SEED = 0x0F20


def write_phantom_case(
    folder: Path, *, seed: int, spacing_mm: tuple[float, float, float], salt: str
) -> Case:
    """Draw a phantom and write it as a case; the same arguments give the same bytes.

    Args:
        folder: of the case.
        seed: of everything.
        spacing_mm: of the grid, (k, j, i).
        salt: of the patient's hash.
    """
    anatomy = draw_anatomy(seed)
    view = clinical_geometry(anatomy)
    grid = covering_grid(view, spacing_mm)
    rendering = render_fractions(anatomy, grid)
    seen = see(anatomy, rendering)
    uptake = draw_uptake(anatomy, seed)
    labels = dominant(rendering)
    case = Case(
        folder=folder,
        case_id=phantom_case_id(seed),
        patient_hash=hash_patient(phantom_patient_id(seed), salt),
        shape=grid.shape,
        affine=tuple(tuple(float(v) for v in row) for row in grid.affine),
        slice_spacing_mm=view.spacing_mm[0],
    )
    return write_case(
        case,
        {
            "ct": render_ct(anatomy, grid, seed=seed).array.astype(np.int16),
            "pet": pet_of(seen, uptake, seed=seed).array,
            "typical": typical_pet(seen),
            "region": np.where(seen.body, BODY, AIR),
            "labels": labels,
            "lesions": lesion_map(labels, uptake, grid),
        },
    )


def phantom_case_id(seed: int) -> str:
    """Return the case_id of a digital patient."""
    return f"phantom-{seed:05d}"


def typical_pet(seen: Seen) -> NDArray[np.float32]:
    """Return the PET of a patient in whom every tissue takes up its median, SUVbw, (k, j, i)."""
    typical = np.zeros(seen.geometry.shape, np.float32)
    for each in seen.maps:
        rng = np.random.default_rng(_MEDIAN_SEED)
        median = np.median(draw_suv([prior_of(each.tissue)], rng, _MEDIAN_DRAWS))
        typical[each.region] += np.float32(seen.habitus * median) * each.seen
    return typical
