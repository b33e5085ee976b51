"""One picture a case, for the contact sheet: does this PET belong to this CT?"""

import io
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ctpet.prepare.cases import Case
from ctpet.render.panels import show_ct, show_fusion, show_pet
from ctpet.render.planes import View, body_box, cut, liveliest
from ctpet.volume import Geometry, Volume, covering_grid, resample

PICTURE_FILE = "picture.png"
_DPI, _WIDTH_PX, _GAP_PX = 80, 1000, 4
_SMALL_WIDTH_PX = 720
_PAPER = "#101214"
_AIR_HU = -1024.0
_TALLEST_PX = 420
_FINEST_MM, _MOST_STEPS = 4.0, 250
_FARTHEST_MM = 2500.0
"""CT and PET that lie farther apart than this are not drawn on one grid."""


def draw_case(case: Case, path: Path) -> None:
    """Write a PNG: CT, PET and fusion, coronal and axial, through the liveliest planes.

    Args:
        case: whole, on disk.
        path: where to write.
    """
    ct = Volume(case.array("ct").astype(np.float32), case.geometry, "HU")
    pet = Volume(np.array(case.array("pet")), case.geometry, "SUVBW")
    path.write_bytes(_png(ct, pet, _WIDTH_PX))


def draw_refused(ct: Volume | None, pet: Volume | None) -> bytes:
    """Return a smaller PNG of what can be read of a pair that was refused; empty for nothing.

    Both are drawn where their coordinates say, whatever their frames of reference are called, on
    a grid that covers both.

    Args:
        ct: HU, or None.
        pet: SUVbw, or None.
    """
    if ct is None and pet is None:
        return b""
    if ct is not None and pet is not None:
        pet = pet.in_frame_of(ct)
    grid = _covering([one.geometry for one in (ct, pet) if one is not None])
    return _png(
        None if ct is None else resample(ct, grid, fill=_AIR_HU),
        None if pet is None else resample(pet, grid, fill=0.0),
        _SMALL_WIDTH_PX,
    )


def _covering(fields: list[Geometry]) -> Geometry:
    """Return a coarse grid over fields of view; over the first if they lie far apart."""
    corners = np.concatenate([one.corners_mm() for one in fields])
    low, high = corners.min(axis=0), corners.max(axis=0)
    if len(fields) > 1 and (high - low).max() > _FARTHEST_MM:
        return _covering(fields[:1])
    box = np.eye(4)
    box[:3, :3] = np.diag(high - low)[:, ::-1]
    box[:3, 3] = (low + high) / 2
    whole = Geometry((1, 1, 1), box, fields[0].frame_of_reference_uid)
    step_mm = max(_FINEST_MM, float((high - low).max()) / _MOST_STEPS)
    return covering_grid(whole, (step_mm, step_mm, step_mm))


def _png(ct: Volume | None, pet: Volume | None, width_px: int) -> bytes:
    """Draw volumes of one grid: coronal, then axial, each as CT, PET and fusion if both are there.

    A picture of one of them is narrower, and as large as it is beside the other.
    """
    (grid, *others) = [one.geometry for one in (ct, pet) if one is not None]
    columns = 3 if others else 1
    size_k, size_j, size_i = np.multiply(grid.shape, grid.spacing_mm)
    px_per_mm = min(width_px / (6 * size_i), _TALLEST_PX / max(size_k, size_j))
    across, tall, deep = (max(1, round(mm * px_per_mm)) for mm in (size_i, size_k, size_j))
    height, width = max(tall, deep), 2 * columns * across + (2 * columns - 1) * _GAP_PX
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=_PAPER)
    for number, view in enumerate[View](("coronal", "axial")):
        panel = tall if view == "coronal" else deep
        panels = [
            figure.add_axes(
                (
                    (columns * number + column) * (across + _GAP_PX) / width,
                    (1 - panel / height) / 2,
                    across / width,
                    panel / height,
                )
            )
            for column in range(columns)
        ]
        _draw_row(panels, ct, pet, view)
    out = io.BytesIO()
    FigureCanvasAgg(figure).print_png(out, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return out.getvalue()


def _draw_row(panels: list[Axes], ct: Volume | None, pet: Volume | None, view: View) -> None:
    if pet is None:
        if ct is not None:
            show_ct(panels[0], cut(ct, view, _middle_of_body(ct, view), fill=_AIR_HU))
        return
    at_mm = liveliest(pet, view)
    of_pet = cut(pet, view, at_mm, fill=0)
    if ct is None:
        show_pet(panels[0], of_pet)
        return
    of_ct = cut(ct, view, at_mm, fill=_AIR_HU)
    show_ct(panels[0], of_ct)
    show_pet(panels[1], of_pet)
    show_fusion(panels[2], of_ct, of_pet)


def _middle_of_body(ct: Volume, view: View) -> float:
    low, high = body_box(ct)[("sagittal", "coronal", "axial").index(view)]
    return (low + high) / 2
