"""Hounsfield units without a rescale in the header: decided by where air and tissue lie."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.dicom.files import UNREADABLE, FileOpener, unreadable
from ctpet.dicom.frames import frames_of
from ctpet.dicom.pixels import decode
from ctpet.dicom.quantify import Rescale
from ctpet.dicom.series import SeriesInfo
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.volume.no_data import PADDING_BELOW_HU

_SAMPLED = 5
_AIR_WIDTH = 100
_TISSUE_WIDTH = 200
_SHARE = 0.01


def assume_rescale(series: SeriesInfo) -> tuple[Rescale, Finding]:
    """Decide what the stored values of a CT without rescale are, from up to five slices.

    They are HU if at least 1 % of them lie within 100 of −1000 (air) and 1 % within 200 of 0
    (tissue); they are HU + 1024 if at least 1 % lie within 100 of 0 and 1 % within 200 of 1024,
    and none between −1500 and −100. Values below −1500 are padding and do not count.

    Raises:
        InputRefused: ``rescale-missing`` if neither holds; ``file-unreadable``; those of
            :func:`ctpet.dicom.pixels.decode`.
    """
    stored = _sample(series)
    stored = stored[stored >= PADDING_BELOW_HU]
    air, tissue = _share(stored, -1000, _AIR_WIDTH), _share(stored, 0, _TISSUE_WIDTH)
    if min(air, tissue) >= _SHARE:
        return Rescale(1, 0), _assumed("HU, because air lies near −1000")
    air, tissue = _share(stored, 0, _AIR_WIDTH), _share(stored, 1024, _TISSUE_WIDTH)
    if min(air, tissue) >= _SHARE and stored.min() >= -_AIR_WIDTH:
        return Rescale(1, -1024), _assumed("HU + 1024, because air lies near 0")
    raise InputRefused(
        "rescale-missing",
        "There is no RescaleSlope (0028,1053) or RescaleIntercept (0028,1052), and the stored "
        "values show no air near −1000 or 0 with tissue 1000 above it",
        remedy="Export the original CT images with their rescale",
    )


def _sample(series: SeriesInfo) -> NDArray[np.float64]:
    frames = frames_of(series)
    chosen = {frames[int(n)] for n in np.linspace(0, len(frames) - 1, min(_SAMPLED, len(frames)))}
    values: list[NDArray[Any]] = []
    with FileOpener() as opener:
        for frame in sorted(chosen, key=lambda one: (one.instance, one.number)):
            try:
                with opener.open(series.files[frame.instance]) as stream:
                    values += [plane.values.ravel() for plane in decode(stream, [frame.number])]
            except UNREADABLE as error:
                refusal = unreadable(error)
                raise InputRefused(
                    refusal.code, f"The series has {refusal.message}", remedy=refusal.remedy
                ) from error
    return np.concatenate(values).astype(np.float64)


def _share(values: NDArray[np.float64], centre: float, width: float) -> float:
    return float(np.mean(np.abs(values - centre) <= width)) if values.size else 0.0


def _assumed(what: str) -> Finding:
    return Finding(
        "rescale-assumed",
        "warning",
        f"There is no rescale (0028,1052 and 0028,1053); the stored values are taken as {what}",
    )
