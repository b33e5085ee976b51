"""Files as they come in: streamed to disk under numbers; names stay in the browser.

A name may hold a patient's; and without names there is none to climb out of a folder by. What a
file is, its first bytes say. An archive is never unpacked.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from ctpet.serve.web.problem import Problem
from ctpet.serve.web.settings import GIB
from ctpet.serve.web.store import Store
from ctpet.serve.web.study import Study

_CHECKED_BYTES = 64 << 20
_NIFTI_SIZES = (348, 540)
_DICOM, _DICOM_AT = b"DICM", 128


async def receive(store: Store, study: Study, number: int, chunks: AsyncIterator[bytes]) -> None:
    """Write one file of a study; one that is sent again replaces itself.

    Raises:
        Problem: ``not-receiving``, ``study-too-large``, ``too-many-files``, ``disk-full``, or
            ``upload-silent``.
    """
    _refuse_late(study)
    if not 0 < number <= store.limits.study_files:
        raise _too_many(store.limits.study_files)
    store.refuse_full_disk()
    part = study.incoming / f".{number}.part"
    size = 0
    try:
        with part.open("wb") as file:
            async for chunk in _while_sending(chunks, store.limits.silence_s):
                size += len(chunk)
                study.bytes += len(chunk)
                _refuse_large(study, store.limits.study_bytes)
                file.write(chunk)
                if size % _CHECKED_BYTES < len(chunk):
                    store.refuse_full_disk()
        _refuse_late(study)
    except BaseException:
        study.bytes -= size
        part.unlink(missing_ok=True)
        raise
    for older in study.incoming.glob(f"{number:06d}.*"):
        study.bytes -= older.stat().st_size
        study.files -= 1
        older.unlink()
    part.rename(study.incoming / f"{number:06d}{suffix_of(part)}")
    study.files += 1


def suffix_of(path: Path) -> str:
    """Return how a file's name is to end, by its first bytes."""
    with path.open("rb") as file:
        start = file.read(_DICOM_AT + len(_DICOM))
    if start[_DICOM_AT:] == _DICOM:
        return ".dcm"
    if start.startswith(b"PK\x03\x04"):
        return ".zip"
    if start.startswith(b"\x1f\x8b"):
        return ".nii.gz"
    sizes = (int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big"))
    if any(size in _NIFTI_SIZES for size in sizes):
        return ".nii"
    return ".dcm"


async def _while_sending(chunks: AsyncIterator[bytes], silence_s: float) -> AsyncIterator[bytes]:
    try:
        while True:
            async with asyncio.timeout(silence_s):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield chunk
    except TimeoutError as error:
        raise Problem(
            408,
            "upload-silent",
            f"Nothing was sent for {silence_s:g} s. Send the file again.",
            f"Không nhận được gì trong {silence_s:g} giây. Hãy gửi lại tệp.",
        ) from error


def _refuse_late(study: Study) -> None:
    if study.phase != "receiving":
        raise Problem(
            409,
            "not-receiving",
            "This study takes no more files. Open a new one.",
            "Lần chụp này không nhận thêm tệp. Hãy mở lần chụp mới.",
        )


def _refuse_large(study: Study, limit: int) -> None:
    if study.bytes > limit:
        raise Problem(
            413,
            "study-too-large",
            f"The files have more than {limit / GIB:g} GiB together. Send one series of a study.",
            f"Tổng dung lượng các tệp vượt quá {limit / GIB:g} GiB. Hãy gửi một chuỗi ảnh của một "
            "lần chụp.",
        )


def _too_many(limit: int) -> Problem:
    return Problem(
        413,
        "too-many-files",
        f"There are more than {limit} files. Send one series of one study.",
        f"Có hơn {limit} tệp. Hãy gửi một chuỗi ảnh của một lần chụp.",
    )
