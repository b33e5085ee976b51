"""A smooth random field that is the same on every grid: the texture of uptake inside organs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.volume import Geometry

Floats = NDArray[np.float32]

CORRELATION_MM = 12.0
"""Length over which the texture falls to exp(−1/2): twice the point spread, so that blurring what
it multiplies and multiplying what is blurred are nearly the same."""

_WAVES = 64


@dataclass(frozen=True, eq=False)
class Texture:
    """A sum of waves in the patient.

    At every point it is normal with mean 0 and standard deviation 1 over the draws, whatever the
    waves; the covariance of two points a distance r apart is exp(−r²/2ℓ²), with ℓ
    :data:`CORRELATION_MM` (random Fourier features: Rahimi & Recht, NIPS 2007).

    Attributes:
        waves_per_mm: (n, 3) angular wave numbers along LPS x, y, z.
        amplitudes: (n,) complex; the real part of amplitude × wave is summed.
    """

    waves_per_mm: NDArray[np.float64]
    amplitudes: NDArray[np.complex128]


def draw_texture(rng: np.random.Generator) -> Texture:
    """Draw a texture."""
    waves = rng.standard_normal((_WAVES, 3)) / CORRELATION_MM
    real, imaginary = rng.standard_normal((2, _WAVES))
    return Texture(waves, (real + 1j * imaginary) / np.sqrt(_WAVES))


def render_texture(texture: Texture, geometry: Geometry) -> Floats:
    """Return the field at the voxel centres of a grid, float32 (k, j, i), without a unit."""
    phase = texture.waves_per_mm @ geometry.affine[:3, :3]
    at_origin = texture.amplitudes * np.exp(1j * texture.waves_per_mm @ geometry.origin_mm)
    along_k, along_j, along_i = (
        np.exp(1j * np.outer(np.arange(count), phase[:, axis]))
        for axis, count in enumerate(geometry.shape)
    )
    planes = (along_j[:, None, :] * along_i[None, :, :]).reshape(-1, _WAVES)
    planes = (planes * at_origin).astype(np.complex64)
    rows = along_k.astype(np.complex64)
    out = rows.real @ planes.real.T - rows.imag @ planes.imag.T
    return np.ascontiguousarray(out, dtype=np.float32).reshape(geometry.shape)
