"""What was sent: which path of it ctpet is to read."""

from pathlib import Path

from ctpet.errors import InputRefused
from ctpet.nifti import is_nifti_name
from ctpet.zipped import members


def sent_path(incoming: Path) -> Path:
    """Return the one path that holds the study: a folder, an archive, or a NIfTI file.

    Args:
        incoming: files named by what they are.

    Raises:
        InputRefused: ``nothing-sent``, ``several-archives`` or ``several-files``; those of
            :func:`ctpet.zipped.members`.
    """
    files = sorted(path for path in incoming.iterdir() if not path.name.startswith("."))
    archives = [path for path in files if path.suffix == ".zip"]
    niftis = [path for path in files if is_nifti_name(path)]
    if not files:
        raise InputRefused("nothing-sent", "No file was sent", remedy="Choose a folder or a file")
    if archives and len(files) > 1:
        raise InputRefused(
            "several-archives",
            f"{len(files)} files were sent, and {len(archives)} of them are zip archives",
            remedy="Send one archive, or the folder of the study",
        )
    if archives:
        return _inside(archives[0])
    if len(niftis) > 1:
        raise _several(len(niftis))
    return niftis[0] if niftis else incoming


def _inside(archive: Path) -> Path:
    niftis = [path for path in members(archive) if is_nifti_name(path)]
    if len(niftis) > 1:
        raise _several(len(niftis))
    return niftis[0] if niftis else archive


def _several(count: int) -> InputRefused:
    return InputRefused(
        "several-files",
        f"{count} NIfTI files were sent, and which of them is the CT cannot be known",
        remedy="Send the CT alone",
    )
