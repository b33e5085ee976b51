"""Tar archives: unpacked for as long as they are looked at."""

import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctpet.errors import InputRefused

ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
_DAMAGED = (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError)


def is_archive(path: Path) -> bool:
    """Tell whether a file is a tar archive by its name."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """Give a folder that holds what is in the archive; it is removed afterwards.

    Raises:
        InputRefused: ``archive-damaged``.
    """
    with tempfile.TemporaryDirectory(prefix="ctpet-") as folder:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        except _DAMAGED as error:
            raise InputRefused(
                "archive-damaged",
                f"The archive cannot be unpacked ({type(error).__name__})",
                remedy="Copy it again, or unpack it and give the folder",
            ) from error
        yield Path(folder)
