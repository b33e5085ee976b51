"""What is told of the distances between slices."""

import numpy as np
from numpy.typing import NDArray

from ctpet.dicom.gaps import JITTER_MM, Gaps, beside_grid_mm
from ctpet.findings import Finding


def spacing_findings(gaps: Gaps, along_mm: NDArray[np.float64], step_mm: float) -> list[Finding]:
    """Say what was assumed, interpolated or resampled to make a regular grid.

    Args:
        gaps: how the slices fill the grid.
        along_mm: places of the slices along the normal, from 0.
        step_mm: from one slice of the grid to the next.
    """
    findings = []
    if gaps.spacings is not None:
        findings.append(
            Finding(
                "positions-rounded",
                "info",
                f"ImagePositionPatient (0020,0032) is rounded; the {len(along_mm)} slices are "
                f"taken as {step_mm:.3f} mm apart, which lies within its decimals",
            )
        )
    elif not gaps.varies:
        findings += _beside_the_grid(gaps, along_mm, step_mm)
    if gaps.hole is not None:
        findings.append(
            Finding(
                "slice-interpolated",
                "warning",
                f"One slice is missing between {along_mm[gaps.hole]:.2f} and "
                f"{along_mm[gaps.hole + 1]:.2f} mm above the first; it is interpolated from its "
                "neighbours",
            )
        )
    if gaps.varies:
        widths = np.diff(along_mm)
        findings.append(
            Finding(
                "slice-spacing-varies",
                "warning",
                f"The distance between slices varies from {widths.min():.3f} to "
                f"{widths.max():.3f} mm; {len(along_mm)} slices are resampled by their true "
                f"positions to {gaps.count} slices of {step_mm:.3f} mm",
            )
        )
    return findings


def _beside_the_grid(gaps: Gaps, along_mm: NDArray[np.float64], step_mm: float) -> list[Finding]:
    if gaps.count < 2:
        return []
    beside_mm = beside_grid_mm(along_mm, gaps.index)
    if beside_mm <= 2 * JITTER_MM:
        return []
    return [
        Finding(
            "slice-spacing-jitters",
            "info",
            f"Slices lie up to {beside_mm:.2f} mm beside a regular grid of {step_mm:.3f} mm; they "
            "are taken as on it",
        )
    ]
