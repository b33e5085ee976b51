"""Read what belongs to a case and put it on one grid: that of the reference."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import InputRefused
from ctpet.evaluate.bounds import read_bounds
from ctpet.evaluate.checks import Pair, check_pair, is_piece
from ctpet.evaluate.detection import SegmentedPet
from ctpet.evaluate.files import CaseFiles, Role
from ctpet.evaluate.images import read_prediction, read_reference
from ctpet.evaluate.marks import read_marks
from ctpet.findings import Finding
from ctpet.images import Image, read_ct_image, stated_pair
from ctpet.nifti import read_nifti_labels
from ctpet.render.planes import upright_grid
from ctpet.volume import Geometry, Volume, nearest, resample
from ctpet.volume.outline import body_of_ct, body_of_pet

Mask = NDArray[np.bool_]

SAME_GRID_MM = 0.1
"""Corners of two grids nearer than this are the same; NIfTI holds positions as float32."""

LEAST_VOXELS = 2
"""Along each axis; below it there is no gradient."""

_WHAT: Mapping[Role, str] = {
    "ct": "CTs",
    "labels": "label maps",
    "lesions": "lesion maps",
    "predicted_lesions": "lesions segmented on predicted PETs",
    "measured_lesions": "lesions segmented on measured PETs",
}
_AIR_HU = -1024.0
_OUTSIDE = -3e38
"""Marks voxels outside a field of view while resampling; nothing is so low."""


@dataclass(frozen=True, eq=False)
class CaseVolumes:
    """A case on the grid of its reference, axes k to superior, j to posterior, i to left.

    Attributes:
        geometry: the grid.
        predicted: SUVbw, float32 (k, j, i).
        measured: SUVbw, of the same shape.
        known: where both were given.
        body: the patient, as marked or as outlined and filled, where both were given.
        ct: HU; None without a CT.
        labels: organs, also where nothing was predicted; None without.
        lesions: lesions, where both PETs were given; None without.
        segmented: what a segmenter marked on a PET, likewise; none without a mask.
        reference_sha256: of the reference's values and place.
        beside: what other means predict, by name, SUVbw of the same shape.
        bounds: of the prediction, SUVbw of the same shape; None: it has none.
        unresampled: the prediction as it came, SUVbw, where it was resampled; else None.
        patient_ids: what headers call the patient; stays in memory.
        findings: what was seen or changed.
    """

    geometry: Geometry
    predicted: NDArray[np.float32]
    measured: NDArray[np.float32]
    known: Mask
    body: Mask
    ct: NDArray[np.float32] | None
    labels: NDArray[np.uint16] | None
    lesions: NDArray[np.uint16] | None
    reference_sha256: str
    segmented: Mapping[SegmentedPet, NDArray[np.uint16]] = field(default_factory=dict)
    beside: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    bounds: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    unresampled: Volume | None = None
    patient_ids: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())


def read_case(case: CaseFiles, *, resample_prediction: bool) -> CaseVolumes:
    """Read a case and check that its volumes are about the same patient, place and quantity.

    Args:
        case: which files.
        resample_prediction: put a prediction that lies on another grid onto the reference's;
            else it is refused.

    Raises:
        InputRefused: what the readers refuse; ``patients-differ``, ``frame-of-reference-differs``,
            ``grids-differ``, ``suv-implausible``, ``no-body``, ``no-overlap``, ``labels-empty``,
            ``too-few-voxels``; those of :func:`ctpet.evaluate.checks.check_pair`,
            :func:`ctpet.evaluate.bounds.read_bounds`, :func:`ctpet.evaluate.marks.read_marks` and
            :func:`ctpet.evaluate.images.read_reference`.
    """
    reference = read_reference(case.files["reference"])
    prediction = read_prediction(case.files["predicted"])
    ct = read_ct_image(case.files["ct"]) if "ct" in case.files else None
    read = [one for one in (reference, prediction, ct) if one is not None]
    ids = {one.patient_id for one in read} - {""}
    if len(ids) > 1:
        raise InputRefused(
            "patients-differ",
            "The headers of its images name different patients",
            remedy="Check which files belong together",
        )
    predicted_volume, ct_volume, stated = _placed(case, reference, prediction, ct)
    measured = _upright(reference.volume)
    grid = measured.geometry
    if min(grid.shape) < LEAST_VOXELS:
        raise InputRefused(
            "too-few-voxels",
            f"The reference has {_grid(grid)}; a volume has {LEAST_VOXELS} or more along each axis",
            remedy="Give the whole series",
        )
    predicted, known, unresampled = _on_reference(
        predicted_volume, grid, resample_prediction=resample_prediction
    )
    others = {name: read_prediction(path).volume for name, path in case.beside.items()}
    beside = {
        name: _on_reference(volume, grid, resample_prediction=resample_prediction)[0]
        for name, volume in others.items()
    }
    limits = None
    if case.bounds is not None:
        both = read_bounds(case.bounds, prediction.volume, predicted_volume)
        limits = [
            _on_reference(each, grid, resample_prediction=resample_prediction)[0] for each in both
        ]
    hu, hu_known = (None, known) if ct_volume is None else _moved(ct_volume, grid, fill=_AIR_HU)
    body = _body(case.files.get("body"), measured.array, hu, grid)
    piece = "body" in case.files or is_piece(grid)
    findings = [*(finding for one in read for finding in one.findings), *stated]
    findings += check_pair(Pair(predicted, measured.array, known, body, hu, hu_known, grid, piece))
    findings += [_lacking(role) for role in case.lacking]
    marks = read_marks(case.files, known, grid)
    findings += marks.findings
    return CaseVolumes(
        geometry=grid,
        predicted=predicted,
        measured=measured.array,
        known=known,
        body=body & known,
        ct=hu,
        labels=_labels(case.files.get("labels"), grid),
        lesions=marks.lesions,
        segmented=marks.segmented,
        reference_sha256=_digest(measured),
        beside=beside,
        bounds=None if limits is None else (limits[0], limits[1]),
        unresampled=unresampled,
        patient_ids=tuple(sorted(ids)),
        findings=tuple(findings),
    )


def _body(
    path: Path | None, measured: NDArray[np.float32], hu: NDArray[np.float32] | None, grid: Geometry
) -> Mask:
    """Return what is marked as the body; unmarked, its outline in the CT, or in the PET without."""
    if path is not None:
        return nearest(read_nifti_labels(path), grid) > 0
    if hu is not None:
        return body_of_ct(hu, grid)
    return body_of_pet(measured, np.ones(grid.shape, np.bool_), grid)


def _on_reference(
    volume: Volume,
    grid: Geometry,
    *,
    resample_prediction: bool,
) -> tuple[NDArray[np.float32], Mask, Volume | None]:
    """Return a prediction on the reference's grid, 0 where it says nothing, and where it does.

    The third is the prediction as it came, where it was resampled.

    Raises:
        InputRefused: ``grids-differ``, where it may not be resampled.
    """
    came = _upright(volume)
    if came.geometry.agrees_with(grid, tolerance_mm=SAME_GRID_MM):
        return came.array, np.ones(grid.shape, np.bool_), None
    if not resample_prediction:
        raise _grids_differ(came.geometry, grid)
    return *_moved(volume, grid), came


def _placed(
    case: CaseFiles, reference: Image, prediction: Image, ct: Image | None
) -> tuple[Volume, Volume | None, tuple[Finding, ...]]:
    """Return prediction and CT, in the reference's frame of reference where a table states it."""
    if not case.stated:
        return prediction.volume, None if ct is None else ct.volume, ()
    predicted, told = stated_pair(reference, prediction, "Reference and prediction")
    if ct is None:
        return predicted, None, told
    hu, also = stated_pair(reference, ct, "Reference and CT")
    return predicted, hu, told or also


def _lacking(role: Role) -> Finding:
    code = f"{role.replace('_', '-')}-missing"
    return Finding(code, "warning", f"The folder of {_WHAT[role]} holds none of this case")


def _upright(volume: Volume) -> Volume:
    """Turn a volume whose axes run along LPS, in any order and sense; leave an oblique one."""
    upright = upright_grid(volume.geometry)
    if sorted(upright.shape) != sorted(volume.geometry.shape):
        return volume
    turned = resample(volume, upright, fill=_OUTSIDE)
    return volume if (turned.array == _OUTSIDE).any() else turned


def _grids_differ(predicted: Geometry, grid: Geometry) -> InputRefused:
    """Return the refusal of a prediction that lies elsewhere."""
    uids = {predicted.frame_of_reference_uid, grid.frame_of_reference_uid} - {None}
    if len(uids) > 1:
        return InputRefused(
            "frame-of-reference-differs",
            "Prediction and reference have different frames of reference",
            remedy="Use the prediction made from the CT of the same examination",
        )
    return InputRefused(
        "grids-differ",
        f"The prediction has {_grid(predicted)}, the reference {_grid(grid)}",
        remedy="Give --resample to put predictions onto the reference's grid",
    )


def _moved(
    volume: Volume, grid: Geometry, *, fill: float = 0.0
) -> tuple[NDArray[np.float32], Mask]:
    """Return a volume on another grid, and where it is defined there.

    Raises:
        InputRefused: ``frame-of-reference-differs``.
    """
    moved = resample(volume, grid, fill=_OUTSIDE).array
    known = moved > _OUTSIDE
    return (moved if known.all() else np.where(known, moved, np.float32(fill))), known


def _grid(geometry: Geometry) -> str:
    voxels = "×".join(map(str, geometry.shape))
    mm = "×".join(f"{step:.4g}" for step in geometry.spacing_mm)
    first = ", ".join(f"{at:.1f}" for at in geometry.origin_mm)
    return f"{voxels} voxels of {mm} mm from ({first})"


def _labels(path: Path | None, grid: Geometry) -> NDArray[np.uint16] | None:
    """Return the organs on the grid.

    Raises:
        InputRefused: ``labels-empty``.
    """
    if path is None:
        return None
    labels = nearest(read_nifti_labels(path), grid)
    if not labels.any():
        raise InputRefused(
            "labels-empty",
            "The label map marks no voxel of the reference",
            remedy="Check that it is the label map of this patient",
        )
    return labels


def _digest(measured: Volume) -> str:
    """Return a SHA-256 of a PET's values and place, the latter to a tenth of a millimetre."""
    digest = hashlib.sha256(np.ascontiguousarray(measured.array).data)
    corners = np.round(measured.geometry.corners_mm(), 1) + 0.0
    digest.update(corners.astype(np.float64).tobytes())
    return digest.hexdigest()
