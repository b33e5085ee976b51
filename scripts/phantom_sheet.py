"""A contact sheet of digital patients: coronal and axial CT, and the PET's coronal MIP.

python scripts/phantom_sheet.py OUT.png --count 20 --domain wide
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.phantom.domain import Domain
from ctpet.phantom.labels import label_of
from ctpet.phantom.patients import draw_patient
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.seen import see
from ctpet.phantom.uptake import draw_uptake, pet_of
from ctpet.render import CT_WINDOW_HU, SUV_WINDOW
from ctpet.volume import covering_grid

SPACING_MM = 3.0
IN_A_ROW = 10


def pictures(seed: int, domain: Domain) -> list[np.ndarray]:
    """Return coronal CT, axial CT through the liver, and MIP, head up, right on the left."""
    anatomy = draw_patient(seed, domain)
    grid = covering_grid(clinical_geometry(anatomy), (SPACING_MM,) * 3)
    rendering = render_fractions(anatomy, grid)
    ct = render_ct(anatomy, grid, seed=anatomy.seed).array
    uptake = draw_uptake(anatomy, anatomy.seed)
    pet = pet_of(see(anatomy, rendering), uptake, seed=anatomy.seed).array
    where = "liver" if label_of("liver") in rendering.fractions else "muscle"
    liver = np.argwhere(rendering.full(label_of(where)) > 0.5).mean(axis=0).astype(int)
    low, high = CT_WINDOW_HU
    shown = [ct[::-1, liver[1]], ct[liver[0]]]
    return [*((plane - low) / (high - low) for plane in shown),
            1 - pet.max(axis=1)[::-1] / SUV_WINDOW[1]]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--domain", choices=("plain", "wide"), default="plain")
    args = parser.parse_args()
    rows = 3 * -(-args.count // IN_A_ROW)
    figure = Figure(figsize=(1.6 * IN_A_ROW, 1.9 * rows), dpi=100, facecolor="black")
    for seed in range(args.count):
        for number, plane in enumerate(pictures(seed, args.domain)):
            place = (3 * (seed // IN_A_ROW) + number) * IN_A_ROW + seed % IN_A_ROW + 1
            axes = figure.add_subplot(rows, IN_A_ROW, place)
            axes.imshow(np.clip(plane, 0, 1), cmap="gray", vmin=0, vmax=1)
            axes.set_axis_off()
            if number == 0:
                axes.set_title(str(seed), color="white", fontsize=8, pad=2)
        print(seed, flush=True)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=0.98, wspace=0.02, hspace=0.05)
    FigureCanvasAgg(figure).print_png(args.out)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
