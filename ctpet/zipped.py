"""Files inside a zip archive, by paths that go on beyond it: ``study.zip/pet.nii.gz``."""

import zipfile
from pathlib import Path

from ctpet.errors import InputRefused

MOST_BYTES = 4 << 30
"""Of a member, unpacked; a whole body of 1 mm as float32 has a tenth."""

_BROKEN = (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)
"""RuntimeError: encrypted; NotImplementedError: a compression that Python does not know."""


def is_zip(path: Path) -> bool:
    """Tell whether a file is a zip archive."""
    return path.is_file() and zipfile.is_zipfile(path)


def members(archive: Path) -> list[Path]:
    """Return the files of an archive, without those that macOS adds, as paths below it.

    Raises:
        InputRefused: ``archive-unreadable``.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [one.filename for one in opened.infolist() if not one.is_dir()]
    except _BROKEN as error:
        raise _unreadable(archive, error) from error
    shown = [Path(name) for name in names]
    hidden = [any(part.startswith((".", "__MACOSX")) for part in one.parts) for one in shown]
    return sorted(archive / one for one, drop in zip(shown, hidden, strict=True) if not drop)


def read_member(path: Path) -> bytes | None:
    """Return the bytes of a file inside an archive; None if no part of the path is an archive.

    Raises:
        InputRefused: ``archive-unreadable``; ``archive-member-large``: above :data:`MOST_BYTES`.
    """
    archive = next((part for part in path.parents if part.is_file()), None)
    if archive is None or not is_zip(archive):
        return None
    try:
        with (
            zipfile.ZipFile(archive) as opened,
            opened.open(path.relative_to(archive).as_posix()) as member,
        ):
            data = member.read(MOST_BYTES + 1)
    except (*_BROKEN, KeyError) as error:
        raise _unreadable(archive, error) from error
    if len(data) > MOST_BYTES:
        raise InputRefused(
            "archive-member-large",
            f"{path.name} in {archive.name} has more than {MOST_BYTES >> 30} GiB",
            remedy="Unpack it, and give one volume",
        )
    return data


def _unreadable(archive: Path, error: Exception) -> InputRefused:
    reason = str(error).replace(str(archive), archive.name)
    return InputRefused(
        "archive-unreadable",
        f"{archive.name} cannot be read as a zip archive ({type(error).__name__}: {reason})",
        remedy="Unpack it and give the folder",
    )
