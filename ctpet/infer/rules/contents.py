"""What is in the body that the model may not have seen: contrast agent and metal."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.findings import Finding
from ctpet.infer.rules.sample import HIGHEST_HU, CtSample

METAL_HU = 3000
"""Cortical bone and enamel end below; metal saturates a 12-bit scanner at 3071."""

LEAST_METAL_ML = 0.5

BLOOD_HU = (120.0, 500.0)
"""Blood without agent has 30 to 60 HU, in a portal-venous phase 120 to 200."""

LEAST_CONTRAST_ML = 10.0
"""Of connected interior: what an aorta of 18 mm has in 20 cm."""

EVENNESS = 1.3
MOST_NOISE_HU = 30.0
"""Fluid varies between neighbours like lean tissue does (times ``EVENNESS``), bone much more;
where even lean tissue is noisier than this nothing is said."""

FEWEST_VOXELS = 50
MOST_VOXELS = 20000
LEAN_HU = (0.0, 100.0)

Floats = NDArray[np.float32]
Indices = tuple[NDArray[np.intp], ...]


def metal(sample: CtSample) -> Finding | None:
    """Tell of metal, whose streaks spoil HU around it."""
    volume_ml = sample.count(METAL_HU, HIGHEST_HU + 1) * sample.voxel_ml
    if volume_ml < LEAST_METAL_ML:
        return None
    return Finding(
        "metal",
        "warning",
        f"About {volume_ml:.1f} mL is above {METAL_HU} HU, as metal is; its streaks spoil the CT "
        "and so the PET around it",
        "Use a reconstruction with metal artefact reduction if there is one",
    )


def contrast_agent(sample: CtSample) -> Finding | None:
    """Tell of contrast agent: fluid as bright as bone but as even as muscle.

    A voxel counts if the mean of its 3×3×3 neighbourhood is in :data:`BLOOD_HU` and its standard
    deviation is that of lean tissue in the same CT (the lower quartile, so that edges do not
    count). On the Soft-tissue-Sarcoma set, scanned without agent, the largest connected volume of
    such voxels is 1.8 mL where the noise allows a judgement.
    """
    if min(sample.array.shape) < 3:
        return None
    lean = _inside(sample.array, LEAN_HU)
    if lean[0].size < FEWEST_VOXELS:
        return None
    _, spread = _neighbourhood(sample.array, _thin(lean))
    noise = float(np.percentile(spread, 25))
    if noise > MOST_NOISE_HU:
        return None
    return _bright_fluid(sample, EVENNESS * max(noise, 1.0))


def _bright_fluid(sample: CtSample, most_spread: float) -> Finding | None:
    """Tell of a connected bright volume whose neighbours differ by at most ``most_spread`` HU."""
    bright = _inside(sample.array, BLOOD_HU)
    mean, spread = _neighbourhood(sample.array, bright)
    even = (mean > BLOOD_HU[0]) & (mean < BLOOD_HU[1]) & (spread < most_spread)
    mask = np.zeros(sample.array.shape, dtype=bool)
    mask[tuple(axis[even] for axis in bright)] = True
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    if count == 0:
        return None
    largest = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
    volume_ml = float(largest.sum()) * sample.voxel_ml
    if volume_ml < LEAST_CONTRAST_ML:
        return None
    return Finding(
        "contrast-agent",
        "warning",
        f"About {volume_ml:.0f} mL of even fluid has {sample.array[largest].mean():.0f} HU (blood "
        "without agent has 30 to 60), so contrast agent was given; the model may take it for "
        "denser tissue",
        "Use the series without contrast agent if there is one",
    )


def _inside(array: Floats, limits: tuple[float, float]) -> Indices:
    """Where the value is between the limits, the border voxels left out."""
    inner = array[1:-1, 1:-1, 1:-1]
    found = np.nonzero((inner > limits[0]) & (inner < limits[1]))
    return tuple(axis + 1 for axis in found)


def _thin(indices: Indices) -> Indices:
    step = 1 + indices[0].size // MOST_VOXELS
    return tuple(axis[::step] for axis in indices)


def _neighbourhood(array: Floats, at: Indices) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the 3×3×3 voxels around each index, ``(n,)``."""
    flat = np.ravel_multi_index(at, array.shape)
    _, rows, columns = array.shape
    offsets = [(k * rows + j) * columns + i for k, j, i in np.ndindex(3, 3, 3)]
    middle = offsets[13]
    total = np.zeros(flat.size, np.float32)
    squares = np.zeros(flat.size, np.float32)
    values = array.ravel()
    for offset in offsets:
        value = values[flat + (offset - middle)]
        total += value
        squares += value * value
    mean = total / np.float32(27)
    variance = squares / np.float32(27) - mean * mean
    return mean, np.sqrt(np.maximum(variance, 0, dtype=np.float32))
