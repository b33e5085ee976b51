"""What a network sees of a CT: the patient and air, in a box that the scanner has no part in.

Neither the table, nor cushions, nor how much air the scanner drew changes what is seen: what is
outside the patient's outline is air, voxels lie at whole multiples of the spacing in the patient's
coordinates, and the box around the patient begins and ends on whole steps of the network's size
multiple. Training, validation and serving call this one module.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.errors import InputRefused
from ctpet.infer.window import PADDING_HU
from ctpet.volume import Geometry, Volume, resample
from ctpet.volume.geometry import Shape3, Spacing3
from ctpet.volume.outline import BODY_ABOVE_HU, PEEL_MM, filled_outline

MARGIN_MM = 16.0
"""Air around the patient in the box, at least."""

OUTLINE_MM = 2.0
"""Pixels of slices that the outline is drawn on are no larger, unless the CT's own are."""

_BETWEEN = 0.137
"""Added before places are rounded down, since many scanners put a pixel's centre or edge at 0."""

_ROUNDED_MM = (2**0.5 - 1) * PEEL_MM
"""How far a corner of a body reaches beyond the disc that peels it."""

RIM_MM = 4.0
"""Air that is left around the patient in plane, so that its surface is not an edge of the view."""


def only_patient(ct: Volume) -> Volume:
    """Return the patient of a CT, and air, cut from it.

    It ends along the body with the patient, since a slice at the end of a scan is not to be mixed
    with the air that is drawn beyond; in plane a rim of air is left.

    Args:
        ct: HU, on any grid; its planes across the body are taken for axial.

    Raises:
        InputRefused: ``no-patient``: nothing in it is as dense and thick as a limb.
    """
    along = ct.geometry.axis_along_body
    planes = np.moveaxis(ct.array, along, 0)
    mm = _first(ct.geometry.spacing_mm, along)
    outline = _outline(planes, mm, _places(ct.geometry, along))
    found = ndimage.find_objects(outline.view(np.int8))
    if not found:
        raise InputRefused(
            "no-patient",
            "Nothing in the CT is as dense and as thick as a limb",
            remedy="Give the CT of a patient, in HU",
        )
    box = found[0]
    rim = [0, *(int(np.ceil(RIM_MM / each)) for each in mm[1:])]
    size = [s.stop - s.start + 2 * n for s, n in zip(box, rim, strict=True)]
    hu = np.full(size, PADDING_HU, np.float32)
    inner = hu[tuple(slice(n, m - n) for n, m in zip(rim, size, strict=True))]
    np.copyto(inner, planes[box], where=outline[box])
    start = np.array([s.start - n for s, n in zip(box, rim, strict=True)])
    order = [int(n) for n in np.argsort([along, *(n for n in range(3) if n != along)])]
    return _part(ct, np.transpose(hu, order), start[order])


def box_around(patient: Volume, spacing_mm: Spacing3, size_multiple: Shape3) -> Volume:
    """Return the patient on the model's lattice, in a box with a margin of air.

    Args:
        patient: from :func:`only_patient`.
        spacing_mm: of the lattice, (k, j, i).
        size_multiple: the box is a multiple of so many voxels and begins on one, (k, j, i).
    """
    corners = patient.geometry.corners_mm()[:, ::-1]
    step = np.asarray(spacing_mm) * size_multiple
    margin = MARGIN_MM - np.array([0.0, RIM_MM, RIM_MM])
    low = np.floor((corners.min(axis=0) - margin) / step) * size_multiple
    high = np.ceil((corners.max(axis=0) + margin) / step) * size_multiple
    affine = np.eye(4)
    affine[:3, :3] = np.diag(spacing_mm)[::-1]
    affine[:3, 3] = (low * spacing_mm)[::-1]
    k, j, i = (int(n) for n in high - low)
    grid = Geometry((k, j, i), affine, patient.geometry.frame_of_reference_uid)
    return resample(patient, grid, fill=PADDING_HU)


def put_back(values: NDArray[np.float32], box: Geometry, onto: Geometry) -> NDArray[np.float32]:
    """Return values of a box, (..., k, j, i), on another grid of its lattice; 0 outside of it."""
    first = np.rint(onto.lps_to_index(box.origin_mm)).astype(int)
    out = np.zeros((*values.shape[:-3], *onto.shape), np.float32)
    there = [
        slice(max(0, at), max(0, min(m, at + n)))
        for at, n, m in zip(first, box.shape, onto.shape, strict=True)
    ]
    k, j, i = there
    kk, jj, ii = (slice(s.start - at, s.stop - at) for s, at in zip(there, first, strict=True))
    out[..., k, j, i] = values[..., kk, jj, ii]
    return out


def _outline(
    planes: NDArray[np.float32], mm: Spacing3, places: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return the patient's outline on planes across the body, (n, rows, columns).

    It is the same however much air there is beside: a rim of air is thought around all that is
    dense, so that no edge of the view holds a thin thing together, and which pixels are looked at
    follows from their places.

    Args:
        planes: HU.
        mm: spacing along (n, rows, columns).
        places: of the first row and column in the patient, in pixels.
    """
    steps = tuple(max(1, int(OUTLINE_MM / each)) for each in mm[1:])
    before = tuple(place % step for place, step in zip(places, steps, strict=True))
    seen = [
        np.arange(-lead, size, step).clip(0)
        for lead, size, step in zip(before, planes.shape[1:], steps, strict=True)
    ]
    coarse = planes[:, seen[0][:, None], seen[1]] > BODY_ABOVE_HU
    coarse = _patient_of(coarse, (mm[0], mm[1] * steps[0], mm[2] * steps[1]))
    fine = coarse.repeat(steps[0], axis=1).repeat(steps[1], axis=2)
    return fine[:, before[0] :, before[1] :][:, : planes.shape[1], : planes.shape[2]]


def _patient_of(dense: NDArray[np.bool_], mm: Spacing3) -> NDArray[np.bool_]:
    """Return the patient of what is dense, with a rim of air thought around it."""
    patient = np.zeros_like(dense)
    for box in ndimage.find_objects(dense.view(np.int8)):
        pad = [0, *(int(np.ceil(PEEL_MM / each)) + 1 for each in mm[1:])]
        wide = np.pad(dense[box], [(n, n) for n in pad])
        k, j, i = wide.shape
        outline = filled_outline(wide, Geometry((k, j, i), np.diag([*mm, 1.0])))
        inner = tuple(slice(n, m - n) for n, m in zip(pad, wide.shape, strict=True))
        patient[box] = _with_corners(outline, wide, mm)[inner]
    return patient


def _with_corners(
    outline: NDArray[np.bool_], dense: NDArray[np.bool_], mm: Spacing3
) -> NDArray[np.bool_]:
    """Give back what peeling rounds off where the edges of a field of view cut through a body."""
    near = outline.view(np.uint8)
    for axis in (1, 2):
        reach = int(np.ceil(_ROUNDED_MM / mm[axis]))
        near = ndimage.maximum_filter1d(near, 2 * reach + 1, axis=axis, mode="constant")
    return outline | (dense & near.view(np.bool_))


def _places(geometry: Geometry, along: int) -> tuple[int, int]:
    """Return where the first pixel of the planes lies in the patient, in whole pixels."""
    at = geometry.origin_mm @ geometry.direction / geometry.spacing_mm
    rows, columns = (int(np.floor(v + _BETWEEN)) for n, v in enumerate(at) if n != along)
    return rows, columns


def _first(values: Spacing3, axis: int) -> Spacing3:
    """Return values of axes with one of them first, the others in their order."""
    j, i = (v for n, v in enumerate(values) if n != axis)
    return values[axis], j, i


def _part(whole: Volume, array: NDArray[np.float32], start: NDArray[np.int_]) -> Volume:
    affine = whole.geometry.affine.copy()
    affine[:3, 3] = whole.geometry.index_to_lps(start)
    shape: Shape3 = (array.shape[0], array.shape[1], array.shape[2])
    uid = whole.geometry.frame_of_reference_uid
    return Volume(np.ascontiguousarray(array), Geometry(shape, affine, uid), whole.quantity)
