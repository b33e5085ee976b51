"""What the headers of one series say about whether it can be trusted."""

from pydicom import Dataset
from pydicom.datadict import dictionary_description
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000,
    JPEG2000MC,
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)

from ctpet.dicom.ct_units import not_hu, unusual_hu
from ctpet.dicom.frames import frames_of
from ctpet.dicom.layout import lay_out
from ctpet.dicom.select import is_ct, is_synthetic, patient_count
from ctpet.dicom.series import SeriesInfo
from ctpet.errors import InputRefused
from ctpet.findings import Finding

_LOSSY = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless, JPEG2000, JPEG2000MC})
_EITHER = frozenset({JPEG2000, JPEG2000MC})
_THICKNESS_DIFFERS = 0.1
_UIDS = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


def check_series(series: SeriesInfo) -> list[Finding]:
    """Return everything the headers of a series say against it, without decoding a pixel.

    A finding of severity ``error`` is what reading, or choosing, the series will be refused for;
    its code is that of the refusal. The findings of discovery come first.
    """
    findings = [*series.findings, *header_findings(series)]
    if is_synthetic(series):
        findings.append(
            Finding(
                "synthetic-input",
                "error",
                "SyntheticData (0008,001C) is YES",
                "Give the acquired CT series, not a result of ctpet",
            )
        )
    if is_ct(series) and not has_rescale(series):
        findings.append(
            Finding(
                "rescale-missing",
                "warning",
                "There is no RescaleSlope (0028,1053) or RescaleIntercept (0028,1052); Hounsfield "
                "units are assumed if air lies where it should",
            )
        )
    try:
        layout = lay_out(series)
    except InputRefused as refusal:
        findings.append(Finding(refusal.code, "error", refusal.message, refusal.remedy))
        return findings
    duplicates = sum(len(slot) - 1 for slot in layout.slots)
    if duplicates:
        findings.append(
            Finding(
                "duplicate-positions",
                "warning",
                f"{duplicates} images lie where another does; they are dropped if their pixels "
                "are the same, else the series is refused",
            )
        )
    findings += layout.findings
    findings += _thickness(series, layout.geometry.spacing_mm[0])
    return findings


def header_findings(series: SeriesInfo) -> list[Finding]:
    """Return what is known from single headers: patients, UIDs, transfer syntax, kind of image."""
    findings = []
    patients = patient_count(series.headers)
    if patients > 1:
        findings.append(
            Finding(
                "several-patients",
                "error",
                f"The images of this series belong to {patients} different patients; the limit "
                "is 1",
                "Send the series again from the scanner or archive",
            )
        )
    findings += _uid_findings(series)
    findings += _syntax_findings(series)
    findings += _kind_findings(series)
    return findings


def has_rescale(series: SeriesInfo) -> bool:
    """Whether any image has both RescaleSlope (0028,1053) and RescaleIntercept (0028,1052)."""
    return any(
        frame.slope is not None and frame.intercept is not None for frame in frames_of(series)
    )


def _uid_findings(series: SeriesInfo) -> list[Finding]:
    """Report images that nothing can refer to; their UIDs are of type 1 (PS3.3 C.12.1, C.7.3.1)."""
    findings = []
    for keyword in _UIDS:
        told = [header.get(keyword) for header in series.headers]
        count = sum(not (isinstance(uid, str) and uid) for uid in told)
        if count:
            findings.append(
                Finding(
                    "uid-missing",
                    "error",
                    f"{count} of {len(series.headers)} images have not one "
                    f"{dictionary_description(keyword)}, so nothing made from them can name them",
                    "Send the series again from the scanner or archive",
                )
            )
    return findings


def _syntax_findings(series: SeriesInfo) -> list[Finding]:
    syntaxes = {header.file_meta.TransferSyntaxUID for header in series.headers}
    findings = [
        Finding(
            "transfer-syntax-unsupported",
            "error",
            f"Transfer syntax {syntax.name} ({syntax}) cannot be decoded",
            "Export the series uncompressed (Explicit VR Little Endian)",
        )
        for syntax in sorted(one for one in syntaxes if not _can_decode(one))
    ]
    lossy = sum(_is_lossy(header) for header in series.headers)
    if lossy:
        findings.append(
            Finding(
                "lossy-compressed",
                "warning",
                f"{lossy} of {len(series.headers)} files are, or were, compressed with loss; HU "
                "values are not exact",
                "Use the original images where they still exist",
            )
        )
    return findings


def _is_lossy(header: Dataset) -> bool:
    """By LossyImageCompression (0028,2110), or a syntax that is lossy unless that says 00."""
    said = str(header.get("LossyImageCompression") or "")
    syntax = header.file_meta.TransferSyntaxUID
    if said == "00":
        return syntax in _LOSSY - _EITHER
    return said == "01" or syntax in _LOSSY


def _can_decode(syntax: UID) -> bool:
    if not syntax.is_valid:
        return False
    try:
        return bool(get_decoder(syntax).is_available)
    except NotImplementedError:
        return False


def _kind_findings(series: SeriesInfo) -> list[Finding]:
    findings = []
    if series.first.get("PhotometricInterpretation") == "MONOCHROME1":
        findings.append(
            Finding(
                "monochrome1",
                "info",
                "PhotometricInterpretation (0028,0004) is MONOCHROME1; only the display is "
                "inverted, HU are as stored",
            )
        )
    image_type = {str(value) for value in series.first.get("ImageType") or ()}
    if image_type & {"MIP", "MINIP", "PROJECTION IMAGE"}:
        findings.append(
            Finding(
                "projection",
                "warning",
                "ImageType (0008,0008) says that the images are projections, not slices",
                "Use the axial reconstruction",
            )
        )
    kernels = {str(header.get("ConvolutionKernel") or "") for header in series.headers}
    if len(kernels) > 1:
        findings.append(
            Finding(
                "kernel-varies",
                "warning",
                f"ConvolutionKernel (0018,1210) has {len(kernels)} values along the stack, so "
                "sharpness and noise may change within it",
                "Use a series of one reconstruction if there is one",
            )
        )
    if is_ct(series):
        refusal = not_hu(series.headers)
        findings += [refusal] if refusal else unusual_hu(series.first)
        findings += _joined(series)
    return findings


def _joined(series: SeriesInfo) -> list[Finding]:
    """Tell of acquisitions that lie end to end; a PET of several beds is nothing else."""
    frames = frames_of(series)
    numbers = {frame.acquisition for frame in frames} - {""}
    if not 1 < len(numbers) <= len(frames) // 2:
        return []
    return [
        Finding(
            "acquisitions-joined",
            "info",
            f"The stack is {len(numbers)} acquisitions (0020,0012) end to end; the patient may "
            "have moved or breathed in between",
        )
    ]


def _thickness(series: SeriesInfo, spacing_mm: float) -> list[Finding]:
    thickness = {frame.thickness_mm for frame in frames_of(series)}
    if thickness == {None}:
        text = "SliceThickness (0018,0050) is absent"
    elif all(one and abs(one - spacing_mm) <= _THICKNESS_DIFFERS for one in thickness):
        return []
    else:
        known = sorted(one for one in thickness if one is not None)
        ends = dict.fromkeys((f"{known[0]:g}", f"{known[-1]:g}"))
        text = f"SliceThickness (0018,0050) is {' to '.join(ends)} mm"
    return [
        Finding(
            "slice-thickness-differs",
            "info",
            f"{text}; the slices lie {spacing_mm:.3f} mm apart, which is what counts",
        )
    ]
