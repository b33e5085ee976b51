"""Choose the one CT stack a job works on, or say why there is none. Never guess."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pydicom import Dataset

from ctpet.dicom.ct_units import not_hu
from ctpet.dicom.discover import Discovery
from ctpet.dicom.frames import instance_frames
from ctpet.dicom.part_words import part_words
from ctpet.dicom.series import SeriesInfo
from ctpet.errors import InputRefused


def select_ct(discovery: Discovery, *, series: str | None = None) -> SeriesInfo:
    """Return the CT stack to read; its findings are the discovery's, then its own.

    Args:
        discovery: what lies under the input path.
        series: a SeriesInstanceUID, or ``UID#n`` for the n-th stack of a series that was split
            (:attr:`SeriesInfo.key`); None: there must be one candidate only.

    Raises:
        InputRefused: ``no-dicom``, ``no-ct``, ``synthetic-input`` (SyntheticData (0008,001C)
            YES), ``several-patients``, ``several-series``, ``series-not-found``. No message holds
            a name, an identifier of a patient, or free text of a header.
    """
    if not (discovery.series or discovery.dropped):
        raise _no_dicom(discovery)
    chosen = _only(discovery) if series is None else _named(discovery, series)
    return replace(chosen, findings=(*discovery.findings, *chosen.findings))


def is_ct(series: SeriesInfo) -> bool:
    """Whether Modality (0008,0060) is CT."""
    return series.modality == "CT"


def is_synthetic(series: SeriesInfo) -> bool:
    """Whether any instance says SyntheticData (0008,001C) YES, as all our own output does."""
    return any(str(header.get("SyntheticData") or "") == "YES" for header in series.headers)


def patient_count(headers: Iterable[Dataset]) -> int:
    """Count the patients, by PatientID (0010,0020), or by name and birth date without one."""
    known = {_patient(header) for header in headers}
    return max(1, len(known - {("", "", "")}))


def describe(series: SeriesInfo) -> str:
    """One line about a stack, free of patient data: key, modality, images, spacing, kernel.

    A part of a series also says what tells it from the others.
    """
    first = next(instance_frames(series.first))
    kernel = series.first.get("ConvolutionKernel")
    parts = [
        series.modality or "no modality",
        f"{series.frame_count} images",
        "×".join(f"{value:.3g}" for value in first.spacing_mm) + " mm" if first.spacing_mm else "",
        f"slices {first.thickness_mm:.3g} mm" if first.thickness_mm else "",
        f"kernel {kernel}" if kernel else "",
        *(part_words(series) if series.part else ()),
    ]
    return f"{series.key} ({', '.join(part for part in parts if part)})"


def _patient(header: Dataset) -> tuple[str, str, str]:
    patient_id = str(header.get("PatientID") or "").strip()
    if patient_id:
        return patient_id, "", ""
    name = str(header.get("PatientName") or "").strip(" ^").casefold()
    return "", name, str(header.get("PatientBirthDate") or "")


def _only(discovery: Discovery) -> SeriesInfo:
    _refuse_several_patients(discovery.series, "under this path")
    acquired = [one for one in discovery.series if is_ct(one) and not is_synthetic(one)]
    candidates = [one for one in acquired if not not_hu(one.headers)] or acquired[:1]
    if not candidates:
        raise _no_candidate(discovery)
    if len(candidates) > 1:
        raise _several(candidates)
    return candidates[0]


def _named(discovery: Discovery, series: str) -> SeriesInfo:
    matches = [one for one in discovery.series if series in (one.key, one.series_instance_uid)]
    exact = [one for one in matches if one.key == series] or matches
    if not exact:
        dropped = [one for one in discovery.dropped if series in (one.key, one.series_instance_uid)]
        if dropped:
            raise InputRefused(
                "no-ct",
                f"Series {series} holds no slices: {dropped[0].findings[0].message}",
                remedy=_how_to_export(dropped) or "Give --series the UID of a CT series",
            )
        candidates = [one for one in discovery.series if is_ct(one)]
        raise InputRefused(
            "series-not-found",
            f"No series {series} lies under this path; {_listed(candidates)}",
            remedy="Give --series one of the UIDs that `ctpet scan` lists",
        )
    if len(exact) > 1:
        raise _several(exact)
    chosen = exact[0]
    if not is_ct(chosen):
        raise InputRefused(
            "no-ct",
            f"Series {chosen.key} is {chosen.modality or 'of no modality'}, not CT",
            remedy="Give --series the UID of a CT series; `ctpet scan` lists them",
        )
    if is_synthetic(chosen):
        raise _synthetic()
    study = [one for one in discovery.series if one.study_instance_uid == chosen.study_instance_uid]
    _refuse_several_patients(study, "in the study of this series")
    return chosen


def _refuse_several_patients(series: Sequence[SeriesInfo], where: str) -> None:
    count = patient_count(header for one in series for header in one.headers)
    if count > 1:
        raise InputRefused(
            "several-patients",
            f"{count} different patients lie {where}; the limit is 1",
            remedy="Give a folder that holds one patient's study",
        )


def _no_dicom(discovery: Discovery) -> InputRefused:
    seen = f"{discovery.other_count} other files" if discovery.other_count else "no file at all"
    return InputRefused(
        "no-dicom",
        f"No readable DICOM image lies under this path: {seen}{discovery.doubts}",
        remedy="Give the folder or zip archive that holds the CT study's DICOM files",
    )


def _no_candidate(discovery: Discovery) -> InputRefused:
    if any(is_synthetic(one) for one in discovery.series):
        return _synthetic()
    modalities = sorted({one.modality or "none" for one in discovery.series})
    seen = f"modalities seen: {', '.join(modalities)}" if modalities else "no image stack"
    counts = Counter[str]()
    for one in discovery.dropped:
        counts.update({finding.code: one.frame_count for finding in one.findings})
    if counts:
        told = (f"{code} ({count} images)" for code, count in sorted(counts.items()))
        seen += f"; left out: {', '.join(told)}"
    return InputRefused(
        "no-ct",
        f"No CT series lies under this path ({seen}{discovery.doubts})",
        remedy=_how_to_export(discovery.dropped) or "Give the folder that holds the CT images",
    )


def _how_to_export(dropped: Sequence[SeriesInfo]) -> str:
    """Return what to do about CT images that are no slices; empty where there is nothing to do."""
    remedies = (finding.remedy for one in dropped if is_ct(one) for finding in one.findings)
    return next(filter(None, remedies), "")


def _synthetic() -> InputRefused:
    return InputRefused(
        "synthetic-input",
        "The only series here is synthetic: SyntheticData (0008,001C) is YES",
        remedy="Give the acquired CT series, not a result of ctpet",
    )


def _several(candidates: Sequence[SeriesInfo]) -> InputRefused:
    return InputRefused(
        "several-series",
        f"{len(candidates)} CT series could be meant: {_listed(candidates)}",
        remedy="Name one with --series UID, or UID#n of a series that holds several",
    )


def _listed(candidates: Sequence[SeriesInfo]) -> str:
    return "; ".join(describe(one) for one in candidates) or "there is no CT series"
