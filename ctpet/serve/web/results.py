"""What can be taken away: the series as a zip of DICOM, NIfTI, the preview and the record."""

import zipfile
from pathlib import Path
from typing import Literal

from ctpet.serve.web.problem import Problem
from ctpet.serve.web.study import Study

ResultName = Literal[
    "dicom.zip", "pet.nii.gz", "pet_low.nii.gz", "pet_high.nii.gz", "preview.png", "run.json"
]
TYPES = {
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".png": "image/png",
    ".json": "application/json",
}


def media_type(name: ResultName) -> str:
    """Return the media type of a result."""
    return TYPES[Path(name).suffix]


def result_file(study: Study, name: ResultName) -> Path:
    """Return a file of a result; an archive is made when it is first asked for.

    Raises:
        Problem: ``no-result``.
    """
    if study.phase != "done":
        raise _absent()
    path = _dicom_zip(study.out) if name == "dicom.zip" else study.out / name
    if not path.is_file():
        raise _absent()
    return path


def _dicom_zip(out: Path) -> Path:
    archive = out / "dicom.zip"
    slices = sorted(out.glob("pet*/*.dcm"))
    if slices and not archive.exists():
        part = archive.with_suffix(".part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            for path in slices:
                packed.write(path, path.relative_to(out).as_posix())
        part.replace(archive)
    return archive


def _absent() -> Problem:
    return Problem(
        404,
        "no-result",
        "There is no such result. Make a PET first; a NIfTI CT gives NIfTI only.",
        "Không có kết quả này. Hãy tạo PET trước; CT dạng NIfTI chỉ cho kết quả NIfTI.",
    )
