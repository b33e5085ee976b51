"""Choose the one PET series that is meant, or say why there is none. Never guess."""

from collections.abc import Sequence
from dataclasses import replace

from ctpet.dicom.discover import Discovery
from ctpet.dicom.select import describe
from ctpet.dicom.series import SeriesInfo
from ctpet.dicom.suv.kind import refuse_colour
from ctpet.errors import InputRefused


def select_pet(discovery: Discovery, *, series_uid: str | None = None) -> SeriesInfo:
    """Return the PET series to read; its findings are the discovery's, then its own.

    Args:
        discovery: what lies under the input path.
        series_uid: a SeriesInstanceUID, or ``UID#n`` for the n-th stack of a series that was
            split (:attr:`SeriesInfo.key`); None: there must be one PET only.

    Raises:
        InputRefused: ``no-pet``, ``colour-image``, ``several-series`` or ``series-not-found``.
    """
    candidates = [one for one in discovery.series if one.modality == "PT"]
    if series_uid is not None:
        named = [one for one in candidates if series_uid in (one.key, one.series_instance_uid)]
        candidates = [one for one in named if one.key == series_uid] or named
        if not candidates:
            raise _not_found(discovery, series_uid)
    if not candidates:
        raise _no_pet(discovery)
    if len(candidates) > 1:
        raise InputRefused(
            "several-series",
            f"{len(candidates)} PET series could be meant: {_listed(candidates)}",
            remedy="Name one with --series UID, or UID#n of a series that holds several",
        )
    chosen = candidates[0]
    return replace(chosen, findings=(*discovery.findings, *chosen.findings))


def _no_pet(discovery: Discovery) -> InputRefused:
    for one in discovery.dropped:
        if one.modality == "PT":
            refuse_colour(one.headers)
    modalities = sorted({one.modality or "none" for one in discovery.series})
    seen = f"modalities seen: {', '.join(modalities)}" if modalities else "no image stack"
    return InputRefused(
        "no-pet",
        f"No PET series lies under this path ({seen}{discovery.doubts})",
        remedy="Give a PET series as DICOM folder, zip archive or single slice",
    )


def _not_found(discovery: Discovery, series_uid: str) -> InputRefused:
    pets = [one for one in discovery.series if one.modality == "PT"]
    there = f"there are {_listed(pets)}" if pets else "there is no PET series"
    return InputRefused(
        "series-not-found",
        f"No PET series {series_uid} lies under this path; {there}",
        remedy="Give --series one of the UIDs that `ctpet scan` lists",
    )


def _listed(candidates: Sequence[SeriesInfo]) -> str:
    return "; ".join(describe(one) for one in candidates)
