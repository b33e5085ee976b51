"""Grids and volumes for the tests of `ctpet.volume`, and SimpleITK's view of them."""

import numpy as np
import SimpleITK as sitk  # noqa: N813
from scipy.spatial.transform import Rotation

from ctpet.volume import Geometry, Volume


def grid(
    shape=(6, 8, 10),
    spacing_mm=(3.0, 2.0, 1.0),
    *,
    origin_mm=(0.0, 0.0, 0.0),
    rotate_deg=(0.0, 0.0, 0.0),
    shear=0.0,
    frame=None,
):
    """Return a grid whose axes k, j, i run along z, y, x before rotation; shear tilts k to y."""
    axes = np.diag(np.asarray(spacing_mm)[::-1])[:, ::-1].astype(float)
    axes[1, 0] += shear * axes[2, 0]
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("zyx", rotate_deg, degrees=True).as_matrix() @ axes
    affine[:3, 3] = origin_mm
    return Geometry(shape, affine, frame)


def centred_on(geometry, shape, spacing_mm, **how):
    """Return a grid like :func:`grid` with the same centre as another."""
    middle = geometry.corners_mm().mean(axis=0)
    start = grid(shape, spacing_mm, **how)
    return grid(shape, spacing_mm, origin_mm=middle - start.corners_mm().mean(axis=0), **how)


def volume(array, geometry=None, quantity="HU"):
    """Return a volume of any array-like."""
    array = np.ascontiguousarray(array, dtype=np.float32)
    return Volume(array, geometry or grid(array.shape), quantity)


def noise(geometry, seed=0):
    return volume(np.random.default_rng(seed).normal(size=geometry.shape), geometry)


def ramp(geometry, slope=(0.3, -0.7, 1.1), offset=5.0):
    """Return a volume that is linear in LPS mm."""
    index = np.moveaxis(np.indices(geometry.shape), 0, -1)
    return volume(geometry.index_to_lps(index) @ np.asarray(slope) + offset, geometry)


def points_mm(geometry):
    """LPS positions of all voxel centres, (k, j, i, 3)."""
    return geometry.index_to_lps(np.moveaxis(np.indices(geometry.shape), 0, -1))


def index_in(source, onto):
    """Fractional source index of every voxel of a grid, (k, j, i, 3)."""
    return source.lps_to_index(points_mm(onto))


def sitk_image(vol):
    """Return an orthogonal volume as a SimpleITK image."""
    image = sitk.GetImageFromArray(vol.array)
    image.SetSpacing(vol.geometry.spacing_mm[::-1])
    image.SetOrigin([float(x) for x in vol.geometry.origin_mm])
    image.SetDirection(vol.geometry.direction[:, ::-1].ravel().tolist())
    return image


def sitk_linear(vol, onto, fill):
    """Return what SimpleITK samples linearly; both grids may be sheared.

    ITK's images are orthogonal, so index space is given to it as space (unit spacing) and the
    index map as the transform.
    """
    image = sitk.GetImageFromArray(vol.array)
    matrix = np.linalg.solve(vol.geometry.affine, onto.affine)
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(matrix[:3, :3][::-1, ::-1].ravel().tolist())
    transform.SetTranslation(matrix[:3, 3][::-1].tolist())
    size = [int(n) for n in onto.shape[::-1]]
    identity = np.eye(3).ravel().tolist()
    out = sitk.Resample(
        image, size, transform, sitk.sitkLinear, (0, 0, 0), (1, 1, 1), identity, fill
    )
    return sitk.GetArrayFromImage(out)
