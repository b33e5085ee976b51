"""Pixels and geometry as DICOM attributes; shared by everything that writes images."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.valuerep import format_number_as_ds

from ctpet.volume import Geometry, Volume

LARGEST_STORED = 32000
"""Largest magnitude stored; short of 32767, which some readers take for padding or saturation."""

SHEAR_TOLERANCE = 1e-4
"""Largest cosine between axes that counts as a right angle: 0.05 mm over half a metre."""


@dataclass(frozen=True, eq=False)
class StoredPixels:
    """Values as signed 16-bit integers with one slope for the whole series, intercept 0.

    Attributes:
        array: int16 (k, j, i); value = stored × slope.
        slope_text: (0028,1053) as written, at most 16 characters.
    """

    array: NDArray[np.int16]
    slope_text: str

    @property
    def slope(self) -> float:
        """The slope a reader gets: the parsed text."""
        return float(self.slope_text)


@dataclass(frozen=True, eq=False)
class Planes:
    """A volume as DICOM image planes (PS3.3 C.7.6.2), in order along their normal.

    Attributes:
        volume: what the planes hold; its geometry is right-handed, so index k grows along the
            normal, row direction × column direction.
        orientation: (0020,0037) as text.
        pixel_spacing: (0028,0030) as text: between rows, between columns, mm.
        slice_spacing: (0018,0088) as text, mm.
        positions: (0020,0032) of each plane as text, LPS mm.
    """

    volume: Volume
    orientation: tuple[str, ...]
    pixel_spacing: tuple[str, str]
    slice_spacing: str
    positions: tuple[tuple[str, ...], ...]

    @property
    def normal(self) -> NDArray[np.float64]:
        """LPS unit vector along which the planes are ordered."""
        return self.volume.geometry.direction[:, 0]


def decimal_string(value: float) -> str:
    """Return a number as a DICOM decimal string (DS, PS3.5 6.2) of at most 16 characters.

    Raises:
        ValueError: if the number is not finite.
    """
    value = float(value) + 0.0
    return f"{value:g}" if float(f"{value:g}") == value else format_number_as_ds(value)


def quantise(values: NDArray[np.float32]) -> StoredPixels:
    """Return values as signed 16-bit integers with one slope; negative values stay negative.

    The slope is rounded up to 8 digits and then used as its text is read, so ``stored × slope``
    is within half a slope of every value. A volume of zeros gets slope 1.

    Args:
        values: float32 (k, j, i), finite.

    Raises:
        ValueError: if a value is not finite.
    """
    largest = max(float(values.max()), -float(values.min()))
    if not np.isfinite(largest):
        raise ValueError("only finite values can be stored")
    slope_text = _slope_text(largest) if largest else "1"
    stored = np.empty(values.shape, np.int16)
    for source, target in zip(values, stored, strict=True):
        target[...] = np.rint(source / np.float64(slope_text))
    return StoredPixels(stored, slope_text)


def _slope_text(largest: float) -> str:
    rounding = Context(prec=8, rounding=ROUND_CEILING)
    exact = rounding.divide(Decimal(largest), Decimal(LARGEST_STORED)).normalize(rounding)
    plain, scientific = f"{exact:f}", f"{exact:e}"
    return plain if len(plain) <= 16 else scientific


def image_planes(volume: Volume) -> Planes:
    """Return a volume as image planes in order along their normal.

    A left-handed volume is turned over: its last slice becomes the first, which moves no value
    in the patient.

    Raises:
        ValueError: if the axes are not orthogonal: image planes cannot say so.
    """
    volume = _right_handed(volume)
    geometry = volume.geometry
    along_k, along_j, along_i = geometry.direction.T
    off_square = max(abs(along_i @ along_j), abs(along_k @ along_j), abs(along_k @ along_i))
    if off_square > SHEAR_TOLERANCE:
        raise ValueError(
            f"the axes are not orthogonal (cosine {off_square:.2g}); resample the volume first"
        )
    slices, rows, columns = geometry.spacing_mm
    index = np.zeros((geometry.shape[0], 3))
    index[:, 0] = np.arange(geometry.shape[0])
    return Planes(
        volume,
        orientation=tuple(decimal_string(x) for x in (*along_i, *along_j)),
        pixel_spacing=(decimal_string(rows), decimal_string(columns)),
        slice_spacing=decimal_string(slices),
        positions=tuple(
            tuple(decimal_string(x) for x in point) for point in geometry.index_to_lps(index)
        ),
    )


def _right_handed(volume: Volume) -> Volume:
    """Return the volume with index k along the cross product of row and column direction."""
    geometry = volume.geometry
    along_k, along_j, along_i = geometry.direction.T
    if np.cross(along_i, along_j) @ along_k > 0:
        return volume
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.index_to_lps((geometry.shape[0] - 1, 0, 0))
    affine[:3, 0] *= -1
    flipped = Geometry(geometry.shape, affine, geometry.frame_of_reference_uid)
    return Volume(np.ascontiguousarray(volume.array[::-1]), flipped, volume.quantity)


def put_plane(ds: Dataset, planes: Planes, k: int) -> None:
    """Write where plane k lies: Image Plane module, PS3.3 C.7.6.2."""
    ds.ImagePositionPatient = list(planes.positions[k])
    ds.ImageOrientationPatient = list(planes.orientation)
    ds.PixelSpacing = list(planes.pixel_spacing)
    ds.SliceThickness = planes.slice_spacing
    ds.SpacingBetweenSlices = planes.slice_spacing


def put_pixels(ds: Dataset, stored: NDArray[np.int16]) -> None:
    """Write one slice of signed 16-bit integers: Image Pixel module, PS3.3 C.7.6.3.

    Args:
        ds: the data set to write into.
        stored: int16 (j, i).
    """
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated = 16
    ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelRepresentation = 1
    ds.add_new("PixelData", "OW", stored.astype("<i2").tobytes())
