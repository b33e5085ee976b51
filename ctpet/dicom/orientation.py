"""Orientations of one stack that jitter: compared by angle, and replaced by their mean.

A normal that is off by 1.5e-3 moves a plane 1000 mm from the origin by 1.5 mm along it, so places
are taken along the mean normal.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ctpet.dicom.frames import Frame, Numbers
from ctpet.errors import InputRefused
from ctpet.findings import Finding

SAME_DEGREES = 0.5
"""Between two planes of a stack, and between one and the mean: 2.2 mm, a slice or two voxels, at
250 mm from the centre of the turn."""
JITTER_TOLD_DEGREES = 0.01


def degrees_apart(one: Numbers, other: Numbers) -> float:
    """Return the greater angle between the rows and between the columns of two orientations."""
    return float(_degrees(np.array([one]), np.array(other))[0])


def with_mean_orientation(frames: Sequence[Frame]) -> tuple[list[Frame], float]:
    """Give every frame the mean orientation, unless one lies too far from it.

    Returns:
        The frames, unchanged where one is more than :data:`SAME_DEGREES` away or all
        agree; and the greatest angle from the mean, in degrees.
    """
    told = [frame.orientation for frame in frames if frame.orientation is not None]
    if len(set(told)) < 2:
        return list(frames), 0.0
    mean = np.mean(told, axis=0)
    worst = float(_degrees(np.array(told), mean).max())
    if worst > SAME_DEGREES:
        return list(frames), worst
    orientation = tuple(map(float, mean))
    return [
        frame if frame.orientation is None else replace(frame, orientation=orientation)
        for frame in frames
    ], worst


def require_one_orientation(jitter_degrees: float) -> None:
    """Refuse frames of which one is too far from the mean.

    Raises:
        InputRefused: ``orientation-mixed``.
    """
    if jitter_degrees > SAME_DEGREES:
        raise InputRefused(
            "orientation-mixed",
            f"The images of this series differ in orientation: one is {jitter_degrees:.2f}° from "
            f"their mean; the limit is {SAME_DEGREES}°",
            remedy="Give one reconstruction; `ctpet scan` lists them apart",
        )


def jitter_findings(jitter_degrees: float) -> list[Finding]:
    """Tell of orientations that were averaged."""
    if jitter_degrees <= JITTER_TOLD_DEGREES:
        return []
    return [
        Finding(
            "orientation-jitters",
            "warning",
            f"ImageOrientationPatient (0020,0037) differs by up to {jitter_degrees:.2f}° from its "
            f"mean over the slices (limit {SAME_DEGREES}°); the mean is used",
        )
    ]


def _degrees(orientations: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angles in degrees, (n,): by chords, which are exact where angles are small."""
    ours, theirs = (_unit(one.reshape(-1, 2, 3)) for one in (orientations, other))
    chord = np.linalg.norm(ours - theirs, axis=2).max(axis=1)
    return np.asarray(np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
