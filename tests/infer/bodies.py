"""CTs made for the guard: a torso with all it looks for, and ways to spoil it."""

from collections.abc import Callable

import numpy as np

from ctpet.volume import Geometry, Volume

SHAPE = (40, 90, 120)
SPACING_MM = (3.0, 4.0, 4.0)


def volume(hu, spacing_mm=SPACING_MM, quantity="HU") -> Volume:
    """A volume on an axial grid."""
    affine = np.eye(4)
    affine[:3, :3] = np.diag(spacing_mm[::-1])[:, ::-1]
    return Volume(np.asarray(hu, np.float32), Geometry(np.shape(hu), affine), quantity)


def disc(shape, centre, radii):
    """An elliptic cylinder along the slices; centre and radii in parts of the half size, (j, i)."""
    j, i = np.ogrid[-1 : 1 : shape[1] * 1j, -1 : 1 : shape[2] * 1j]
    inside = ((j - centre[0]) / radii[0]) ** 2 + ((i - centre[1]) / radii[1]) ** 2 < 1
    return np.broadcast_to(inside, shape)


def torso(shape=SHAPE, *, noise_hu=12.0, air_hu=-1000.0, size=1.0):
    """HU of a trunk 29 cm deep and 38 cm wide: fat, muscle, lungs, spine; not at the edge."""
    rng = np.random.default_rng(5)
    hu = np.full(shape, air_hu, np.float32)
    hu[disc(shape, (0, 0), (0.8 * size, 0.8 * size))] = -105
    hu[disc(shape, (0, 0), (0.65 * size, 0.7 * size))] = 45
    lungs = disc(shape, (-0.15, -0.3), (0.35 * size, 0.2 * size)).copy()
    lungs[: shape[0] // 2] = False
    hu[lungs] = -820
    spine = disc(shape, (0.4, 0), (0.14 * size, 0.1 * size))
    hu[spine] = 180 + rng.normal(0, 60, shape)[spine]
    hu[spine & ~disc(shape, (0.4, 0), (0.1 * size, 0.07 * size))] = 800
    return hu + rng.normal(0, noise_hu, shape).astype(np.float32)


def eight_bit(hu):
    """A soft-tissue window as a picture."""
    return np.rint((np.clip(hu, -160, 240) + 160) * 255 / 400)


def mr_like(hu):
    """Signal magnitudes: fat bright, muscle grey, air and bone dark."""
    signal = np.select([hu < -300, hu < -30, hu < 120], [0.0, 900.0, 350.0], 60.0)
    return np.abs(signal + np.random.default_rng(1).normal(0, 25, hu.shape))


def suv_like(hu):
    """A PET: most of the body near 1, a bladder of 30, air 0."""
    suv = np.where(hu > -500, 1.0, 0.0)
    suv[disc(hu.shape, (-0.3, 0), (0.1, 0.1))] = 30
    return suv


def bqml_like(hu):
    """A PET before it is an SUV."""
    return suv_like(hu) * 4000


def water_cylinder(hu):
    """A quality-assurance phantom of 20 cm."""
    water = disc(hu.shape, (0, 0), (0.56, 0.42))
    return np.where(water, 0, -1000) + np.random.default_rng(2).normal(0, 12, hu.shape)


def shelf(hu):
    """A table without a patient: two thin shells, one like fat and one like tissue."""
    empty = np.full(hu.shape, -1000.0)
    empty[:, 70:72, 10:110] = -100
    empty[:, 72:74, 10:110] = 30
    empty[:, 78:80, 10:110] = 30
    return empty + np.random.default_rng(3).normal(0, 12, hu.shape)


def limb(width_mm, *, bone=0.3, field_mm=120.0, cast=False):
    """HU of a wrist, hand or leg on a grid of 1.5 × 1 × 1 mm: skin fat, muscle, much dense bone.

    Args:
        width_mm: of the limb, which is round.
        bone: part of its section, in two shafts.
        field_mm: side of the field of view.
        cast: with a plaster of 5 mm around.
    """
    rng = np.random.default_rng(11)
    side = round(field_mm)
    shape, size = (30, side, side), width_mm / field_mm
    hu = np.full(shape, -1000.0, np.float32)
    if cast:
        hu[disc(shape, (0, 0), (size + 0.12, size + 0.12))] = 900
    hu[disc(shape, (0, 0), (size, size))] = -100
    hu[disc(shape, (0, 0), (0.85 * size, 0.85 * size))] = 55
    radius = size * np.sqrt(bone / 2)
    for at in (-0.42 * size, 0.42 * size):
        shaft = disc(shape, (0, at), (radius, radius))
        hu[shaft] = 1100 + rng.normal(0, 250, shape)[shaft]
        marrow = disc(shape, (0, at), (0.6 * radius, 0.6 * radius))
        hu[marrow] = 250 + rng.normal(0, 120, shape)[marrow]
    return hu + rng.normal(0, 15, shape).astype(np.float32)


LIMB_SPACING_MM = (1.5, 1.0, 1.0)

Spoil = Callable[[np.ndarray], np.ndarray]

BAD_VALUES: dict[str, tuple[Spoil, str]] = {
    "air only": (lambda hu: np.random.default_rng(0).normal(-1000, 8, hu.shape), "no-body"),
    "8-bit with intercept": (lambda hu: eight_bit(hu) - 1024, "no-body"),
    "8-bit picture": (eight_bit, "eight-bit"),
    "SUV of a PET": (suv_like, "eight-bit"),
    "block of one value": (np.zeros_like, "eight-bit"),
    "offset 1024 left out": (lambda hu: hu + 1024, "offset-missing"),
    "MR": (mr_like, "not-hu"),
    "Bq/mL of a PET": (bqml_like, "not-hu"),
    "inverted": (lambda hu: -hu, "inverted"),
    "times 0.5": (lambda hu: 0.5 * hu, "air-misplaced"),
    "window -160..240": (lambda hu: np.clip(hu, -160, 240), "air-misplaced"),
    "offset subtracted twice": (lambda hu: hu - 1024, "darker-than-air"),
    "times 2": (lambda hu: 2 * hu, "darker-than-air"),
    "times 10": (lambda hu: 10 * hu, "darker-than-air"),
    "bone cut at 400": (lambda hu: np.clip(hu, -1000, 400), "clipped-above"),
    "water phantom": (water_cylinder, "no-fat"),
    "tissue 150 HU high": (lambda hu: np.where(hu > -300, hu + 150, hu), "no-fat"),
    "tissue 150 HU low": (lambda hu: np.where(hu > -300, hu - 150, hu), "tissue-misplaced"),
    "table without patient": (shelf, "body-too-small"),
}
"""What is done to the torso, and the code of its refusal."""


def bad_ct(name: str) -> Volume:
    """One of :data:`BAD_VALUES`."""
    return volume(BAD_VALUES[name][0](torso()))


def bad_grids() -> dict[str, tuple[Volume, str]]:
    """The torso, sampled as no model saw it."""
    hu = torso()
    return {
        "one slice": (volume(hu[:1]), "slices-too-few"),
        "seven slices": (volume(hu[:7]), "slices-too-few"),
        "slices of 15 mm": (volume(hu[::5], (15.0, 4.0, 4.0)), "slice-spacing-too-coarse"),
        "pixels of 7.9 mm": (volume(torso(size=1.2), (3.0, 7.9, 7.9)), "body-too-large"),
    }  # fmt: skip
