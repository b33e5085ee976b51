"""The CT that a job starts from: a DICOM series or a NIfTI file, read into one volume."""

from dataclasses import dataclass
from pathlib import Path

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.select import select_ct
from ctpet.dicom.series import SeriesInfo
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.job.usage import Stages
from ctpet.nifti import is_nifti_name, read_nifti_ct
from ctpet.progress import Progress
from ctpet.volume import Volume


@dataclass(frozen=True, eq=False)
class CtSource:
    """The CT of a job.

    Attributes:
        volume: HU.
        series: the DICOM series it came from; None for NIfTI.
        findings: what was seen and changed while reading.
    """

    volume: Volume
    series: SeriesInfo | None
    findings: tuple[Finding, ...]


def read_source(
    path: Path, series_instance_uid: str | None, stages: Stages, progress: Progress
) -> CtSource:
    """Read the one CT that ``path`` holds.

    Args:
        path: a DICOM folder, a zip archive, a DICOM file, or a `.nii`/`.nii.gz` file.
        series_instance_uid: which series, if there are several.
        stages: gets the stages ``scan`` and ``read``.
        progress: told the same.

    Raises:
        InputRefused: if there is no such path, its CT cannot be trusted, or a series is to be
            chosen in a NIfTI file.
    """
    if is_nifti_name(path):
        if series_instance_uid is not None:
            raise InputRefused(
                "series-without-dicom",
                f"{path.name} is a NIfTI file, which holds no series {series_instance_uid}",
                remedy="Leave --series out, or give DICOM",
            )
        return _read_nifti(path, stages, progress)
    with stages.measure("scan"):
        series = select_ct(discover(path, progress=progress), series=series_instance_uid)
    with stages.measure("read") as stage:
        reading = read_ct(series, progress=progress)
        stage.bytes = reading.volume.array.nbytes
    return CtSource(reading.volume, series, reading.findings)


def _read_nifti(path: Path, stages: Stages, progress: Progress) -> CtSource:
    progress("read", 0.0)
    with stages.measure("read") as stage:
        reading = read_nifti_ct(path)
        stage.bytes = reading.volume.array.nbytes
    progress("read", 1.0)
    return CtSource(reading.volume, None, reading.findings)
