"""The CT of a digital patient."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.hounsfield import draw_hu
from ctpet.phantom.noise import noise_level, noise_slice, spectra
from ctpet.phantom.rendering import render_values
from ctpet.phantom.scanner import scanner
from ctpet.phantom.shapes import Floats
from ctpet.progress import Progress, silent
from ctpet.volume import Geometry, Volume, covering_grid, resample

LOWEST_HU = -1024.0
HIGHEST_HU = 3071.0
_SLAB = 20
_THREADS = 2
_TEXTURE_MM = 3.5
# how strong tissue's own texture is, HU, by the HU it lies at
_TEXTURE = (
    (-1024, 0), (-960, 0), (-880, 24), (-720, 40), (-500, 30), (-150, 8), (-60, 8), (0, 2),
    (45, 4.5), (80, 4.5), (140, 24), (400, 45), (900, 40), (1600, 30),
)  # fmt: skip
_FROM_MM, _UP_TO_MM = -118.0, 852.0
_SLICE_MM = 3.0
_PIXELS = 512


def clinical_geometry(anatomy: Anatomy) -> Geometry:
    """Return the grid of a PET/CT's CT: 512×512 pixels, 3 mm slices, from mid-thigh to vertex.

    Wide patients are scanned from where to where their `Scan` says.
    The field of view is 500, 600 or 700 mm (pixels of 0.977, 1.172 or 1.367 mm), the smallest
    that holds trunk and arms.
    """
    from_mm, up_to_mm = (_FROM_MM, _UP_TO_MM) if anatomy.scan is None else anatomy.scan.span_mm
    half = max(float(np.abs(_outermost(anatomy))) + 12, 200.0)
    field = next((f for f in (500.0, 600.0, 700.0) if f >= 2 * half), 700.0)
    pixel = field / _PIXELS
    low = float(anatomy.frame.to_lps((0, 0, from_mm))[2])
    high = float(anatomy.frame.to_lps((0, 0, up_to_mm))[2])
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = pixel
    affine[2, 0] = _SLICE_MM
    middle_y = anatomy.frame.shift_mm[1] - 5.0
    corner = -(_PIXELS - 1) / 2 * pixel
    affine[:, 3] = (corner + anatomy.frame.shift_mm[0], corner + middle_y, low, 1)
    return Geometry((int(np.ceil((high - low) / _SLICE_MM)) + 1, _PIXELS, _PIXELS), affine)


def _outermost(anatomy: Anatomy) -> float:
    """Return how far the body reaches to the side, mm."""
    box = anatomy.frame.box_to_lps(anatomy.structures[0].parts[0].bounds())
    return float(np.abs(box[:, 0] - anatomy.frame.shift_mm[0]).max())


def render_ct(
    anatomy: Anatomy, geometry: Geometry, *, seed: int, progress: Progress = silent
) -> Volume:
    """Return a CT of a patient on any grid.

    Tissues have the patient's own HU (`draw_hu`), surfaces partial volume, organs a mild texture,
    and slices the noise of a body kernel. Values are whole HU, as scanners store them.

    Args:
        anatomy: the patient.
        geometry: the grid; axis k is taken as the scanner's slices.
        seed: of noise and texture; the anatomy's own HU do not depend on it.
        progress: called with stage ``"ct"``.

    Returns:
        HU in -1024 to 3071.
    """
    out = np.empty(geometry.shape, dtype=np.float32)
    values = draw_hu(anatomy) if anatomy.hu is None else anatomy.hu
    texture = _draw_texture(geometry, seed)
    rng = np.random.default_rng([seed, 0x4E4F])
    sigma = float(rng.uniform(9, 17))
    j, i = geometry.spacing_mm[1:]
    even, streak = spectra(geometry.shape[1], geometry.shape[2], (j, i))

    def add_noise(hu: Floats, first: int) -> None:
        for n, plane in enumerate(hu):
            own = np.random.default_rng([seed, 0x4E4F, first + n])
            level, streaks = noise_level(plane, j * i, sigma)
            spectrum = even * np.float32(level) + streak * np.float32(streaks)
            hu[n] += noise_slice(plane.shape, spectrum, own)

    scanned = add_noise if anatomy.scan is None else scanner(anatomy.scan, anatomy, geometry, seed)

    def render(first: int) -> int:
        slab = _slab(geometry, first)
        hu = out[first : first + slab.shape[0]]
        hu[...] = render_values(anatomy, slab, values)
        hu += resample(texture, slab, fill=0.0).array * _texture_level(hu)
        scanned(hu, first)
        np.rint(np.clip(hu, LOWEST_HU, HIGHEST_HU, out=hu), out=hu)
        return slab.shape[0]

    done = 0
    with ThreadPoolExecutor(_THREADS) as pool:
        for count in pool.map(render, range(0, geometry.shape[0], _SLAB)):
            done += count
            progress("ct", done / geometry.shape[0])
    return Volume(out, geometry, "HU")


def _slab(geometry: Geometry, first: int) -> Geometry:
    """Return some slices of a geometry as one of their own."""
    count = min(_SLAB, geometry.shape[0] - first)
    affine = np.array(geometry.affine)
    affine[:3, 3] = geometry.index_to_lps((first, 0, 0))
    shape = (count, geometry.shape[1], geometry.shape[2])
    return Geometry(shape, affine, geometry.frame_of_reference_uid)


def _draw_texture(geometry: Geometry, seed: int) -> Volume:
    """Return noise of unit variance, a few mm coarse, that covers a geometry."""
    grid = covering_grid(geometry, (_TEXTURE_MM,) * 3)
    rng = np.random.default_rng([seed, 0x5445])
    return Volume(rng.standard_normal(grid.shape, dtype=np.float32), grid, "HU")


def _texture_level(hu: Floats) -> Floats:
    """Return how strong the texture is at each voxel, HU."""
    at, level = np.asarray(_TEXTURE, dtype=np.float64).T
    table = np.interp(np.arange(LOWEST_HU, HIGHEST_HU + 1), at, level).astype(np.float32)
    index = (hu - np.float32(LOWEST_HU)).astype(np.int32)
    return np.asarray(table.take(np.clip(index, 0, table.size - 1)))
