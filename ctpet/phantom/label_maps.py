"""What lies where, as numbers: the label map of a rendering, and the map of all lesions."""

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.hidden import splat
from ctpet.phantom.labels import FIRST_LESION
from ctpet.phantom.rendering import Rendering
from ctpet.phantom.uptake import Uptake
from ctpet.volume import Geometry

FIRST_HIDDEN = 101
"""Number of the first hidden lesion in :func:`lesion_map`; visible ones begin at 1."""


def dominant(rendering: Rendering) -> NDArray[np.uint8]:
    """Return the label that has most of each voxel, as ``render_labels`` does, uint8 (k, j, i)."""
    best = np.zeros(rendering.geometry.shape, dtype=np.float32)
    out = np.zeros(rendering.geometry.shape, dtype=np.uint8)
    for label, part in rendering.fractions.items():
        more = part.array > best[part.region]
        out[part.region][more] = label
        best[part.region][more] = part.array[more]
    return out


def lesion_map(labels: NDArray[np.uint8], uptake: Uptake, geometry: Geometry) -> NDArray[np.uint8]:
    """Return visible lesions as 1 and on, hidden ones as 101 and on, uint8 (k, j, i).

    A hidden lesion takes the voxels in which it adds at least half of the most it adds anywhere,
    and leaves visible ones as they are.
    """
    out = np.where(labels >= FIRST_LESION, labels - (FIRST_LESION - 1), 0).astype(np.uint8)
    for number, lesion in enumerate(uptake.hidden, start=FIRST_HIDDEN):
        if (found := splat(lesion, geometry)) is not None and number <= 255:
            view = out[found[0]]
            view[(found[1] >= found[1].max() / 2) & (view == 0)] = number
    return out
