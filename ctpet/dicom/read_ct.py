"""Read a CT series into Hounsfield units."""

from dataclasses import dataclass

from pydicom import Dataset

from ctpet.dicom.assume_rescale import assume_rescale
from ctpet.dicom.check import has_rescale, header_findings
from ctpet.dicom.ct_units import REMEDY, described_as_map
from ctpet.dicom.quantify import Rescale
from ctpet.dicom.select import is_ct
from ctpet.dicom.series import SeriesInfo
from ctpet.dicom.stack import load_stack, refuse_errors
from ctpet.dicom.warned import collected_warnings
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.progress import Progress, silent
from ctpet.volume import Volume
from ctpet.volume.no_data import AIR_HU

DARKEST_WITHOUT_HU = -100.0
LEAST_DARK = 0.001
"""Part of a CT of a body that is darker than the middle of fat, without padding."""


@dataclass(frozen=True, eq=False)
class CtReading:
    """A CT series, read.

    Attributes:
        volume: HU, float32 (k, j, i), k along the slice normal (row × column).
        headers: the instances that were used, each once, in order along the normal.
        findings: everything seen and changed, those of the series' discovery first.
    """

    volume: Volume
    headers: tuple[Dataset, ...]
    findings: tuple[Finding, ...]


def read_ct(series: SeriesInfo, *, progress: Progress = silent) -> CtReading:
    """Read one CT series: decode, rescale to HU, order, and place in the patient.

    Everything that is changed on the way is a finding; see :func:`ctpet.dicom.stack.load_stack`.
    SyntheticData is not looked at: that is :func:`ctpet.dicom.select.select_ct`'s.

    Args:
        series: from :func:`ctpet.dicom.discover.discover`.
        progress: called with the stage ``"read"``.

    Raises:
        InputRefused: ``not-ct``; ``several-patients``, ``uid-missing`` and
            ``transfer-syntax-unsupported`` of :func:`ctpet.dicom.check.header_findings`;
            ``not-hu`` if a header says that the values are no Hounsfield units (see
            :mod:`ctpet.dicom.ct_units`), or nothing in the volume is above −1024 HU; those of
            :func:`ctpet.dicom.stack.load_stack` and
            :func:`ctpet.dicom.assume_rescale.assume_rescale`.
    """
    if not is_ct(series):
        raise InputRefused(
            "not-ct",
            f"The series' Modality (0008,0060) is {series.modality or 'absent'}, not CT",
            remedy="Give a CT series",
        )
    findings = [*series.findings, *header_findings(series)]
    refuse_errors(findings)
    assume: Rescale | None = None
    if not has_rescale(series):
        with collected_warnings():
            assume, finding = assume_rescale(series)
        findings.append(finding)
    stack = load_stack(series, quantity="HU", assume=assume, progress=progress)
    if stack.volume.array.max() <= AIR_HU:
        raise InputRefused(
            "not-hu",
            "Every voxel is padding or below −1500 HU, so the values are no Hounsfield units",
            remedy="Export the original CT images with their rescale",
        )
    _refuse_described_map(series, stack.volume)
    return CtReading(stack.volume, stack.headers, (*findings, *stack.findings))


def _refuse_described_map(series: SeriesInfo, ct: Volume) -> None:
    """Refuse what is described as a map and holds neither air nor fat; contrast CT has both."""
    told = described_as_map(series.first)
    dark = (ct.array > AIR_HU) & (ct.array < DARKEST_WITHOUT_HU) if told else None
    if dark is None or dark.mean() >= LEAST_DARK:
        return
    raise InputRefused(
        "not-hu",
        f"SeriesDescription (0008,103E) speaks of {told}, and {dark.mean():.2%} of the values lie "
        f"between {AIR_HU:g} and {DARKEST_WITHOUT_HU:g} (limit {LEAST_DARK:.1%}), where air and "
        "fat are in Hounsfield units",
        remedy=REMEDY,
    )
