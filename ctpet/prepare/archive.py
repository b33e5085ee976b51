"""Tar archives: unpacked for as long as they are looked at."""

import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctpet.claims import temporary_folder
from ctpet.dicom.files import MAX_ARCHIVE_BYTES, MAX_MEMBER_BYTES, MAX_MEMBERS
from ctpet.errors import InputRefused, is_disk_full

ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
_DAMAGED = (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError)


def is_archive(path: Path) -> bool:
    """Tell whether a file is a tar archive by its name."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """Give a folder that holds what is in the archive; it is removed afterwards.

    Raises:
        InputRefused: ``archive-damaged``, ``archive-too-large``, ``disk-full``.
    """
    with temporary_folder() as folder:
        try:
            with tarfile.open(archive) as tar:
                _extract(tar, folder)
        except _DAMAGED as error:
            if isinstance(error, OSError) and is_disk_full(error):
                raise InputRefused(
                    "disk-full",
                    f"The disk of {tempfile.gettempdir()} is full; the archive is unpacked there",
                    remedy="Free some space, or unpack it and give the folder",
                ) from error
            raise InputRefused(
                "archive-damaged",
                f"The archive cannot be unpacked ({type(error).__name__})",
                remedy="Copy it again, or unpack it and give the folder",
            ) from error
        yield folder


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    """Unpack member by member, since only what is before a member has been looked at by then.

    Raises:
        InputRefused: ``archive-too-large``.
    """
    total = 0
    for number, member in enumerate(tar, start=1):
        total += member.size
        if number > MAX_MEMBERS or member.size > MAX_MEMBER_BYTES or total > MAX_ARCHIVE_BYTES:
            raise InputRefused(
                "archive-too-large",
                f"The archive holds more than {MAX_MEMBERS} files, or than "
                f"{MAX_MEMBER_BYTES // 1024**3} GiB in one or {MAX_ARCHIVE_BYTES // 1024**3} GiB "
                "in all",
                remedy="Unpack it and give the folder of one study",
            )
        tar.extract(member, folder, filter="data")
