"""One picture a case, for the contact sheet: does this PET belong to this CT?"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ctpet.prepare.cases import Case
from ctpet.render.panels import show_ct, show_fusion, show_pet
from ctpet.render.planes import View, cut, liveliest
from ctpet.volume import Volume

PICTURE_FILE = "picture.png"
_DPI, _WIDTH_PX, _GAP_PX = 80, 1000, 4
_PAPER = "#101214"
_AIR_HU = -1024.0
_TALLEST_PX = 420


def draw_case(case: Case, path: Path) -> None:
    """Write a PNG: CT, PET and fusion, coronal and axial, through the liveliest planes.

    Args:
        case: whole, on disk.
        path: where to write.
    """
    ct = Volume(case.array("ct").astype(np.float32), case.geometry, "HU")
    pet = Volume(np.array(case.array("pet")), case.geometry, "SUVBW")
    size_k, size_j, size_i = np.multiply(case.shape, case.geometry.spacing_mm)
    px_per_mm = min(_WIDTH_PX / (6 * size_i), _TALLEST_PX / max(size_k, size_j))
    across, tall, deep = (round(mm * px_per_mm) for mm in (size_i, size_k, size_j))
    height, width = max(tall, deep), 6 * across + 5 * _GAP_PX
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=_PAPER)
    for number, view in enumerate[View](("coronal", "axial")):
        panel = tall if view == "coronal" else deep
        panels = [
            figure.add_axes(
                (
                    (3 * number + column) * (across + _GAP_PX) / width,
                    (1 - panel / height) / 2,
                    across / width,
                    panel / height,
                )
            )
            for column in range(3)
        ]
        _draw_row(panels, ct, pet, view)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]


def _draw_row(panels: list[Axes], ct: Volume, pet: Volume, view: View) -> None:
    at_mm = liveliest(pet, view)
    of_ct, of_pet = cut(ct, view, at_mm, fill=_AIR_HU), cut(pet, view, at_mm, fill=0)
    show_ct(panels[0], of_ct)
    show_pet(panels[1], of_pet)
    show_fusion(panels[2], of_ct, of_pet)
