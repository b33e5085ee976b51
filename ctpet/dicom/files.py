"""The files under a folder, or in a zip archive, without unpacking anything to disk."""

import io
import os
import stat
import zipfile
import zlib
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NoReturn, Self, cast

from ctpet.dicom.series import DicomFile
from ctpet.errors import InputRefused

MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 2 * 1024**3
MAX_ARCHIVE_BYTES = 16 * 1024**3
_ENCRYPTED = 0x1
_BUFFER_BYTES = 64 * 1024
UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError)
"""What reading from an opened file raises when the file, or its archive, is damaged or denied."""


def list_files(root: Path) -> tuple[DicomFile, ...]:
    """List every file under ``root``, in an order that does not depend on the file system.

    Args:
        root: a folder (searched recursively; links to folders are not followed), one file, or a
            zip archive.

    Raises:
        InputRefused: ``path-missing``, ``path-unreadable``; ``zip-damaged``, ``zip-encrypted``
            or ``zip-too-large`` for an archive that cannot, or should not, be read.
    """
    try:
        kind = root.stat().st_mode
    except FileNotFoundError:
        kind = 0
    except OSError as error:
        _refuse_folder(error)
    if stat.S_ISDIR(kind):
        walk = os.walk(root, onerror=_refuse_folder)
        found = (Path(folder, name) for folder, _, names in walk for name in names)
        return tuple(DicomFile(path) for path in sorted(found) if path.is_file())
    if not stat.S_ISREG(kind):
        raise InputRefused(
            "path-missing",
            f"There is no file or folder at {root}",
            remedy="Give a folder of DICOM files, one DICOM file, or a zip archive of them",
        )
    if zipfile.is_zipfile(root) and not _is_dicom(root):
        return _members(root)
    return (DicomFile(root),)


def _refuse_folder(error: OSError) -> NoReturn:
    raise InputRefused(
        "path-unreadable",
        f"The input path, or a folder under it, cannot be listed ({error.strerror})",
        remedy="Give ctpet the right to read the whole folder",
    ) from error


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def _members(path: Path) -> tuple[DicomFile, ...]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise InputRefused(
            "zip-damaged",
            f"The zip archive's directory cannot be read ({type(error).__name__})",
            remedy="Make the archive again, or give the folder it was made from",
        ) from error
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise InputRefused(
            "zip-encrypted",
            "The zip archive is encrypted",
            remedy="Unpack it with its password and give the folder",
        )
    total = sum(member.file_size for member in members)
    largest = max((member.file_size for member in members), default=0)
    if len(members) > MAX_MEMBERS or total > MAX_ARCHIVE_BYTES or largest > MAX_MEMBER_BYTES:
        raise InputRefused(
            "zip-too-large",
            f"The zip archive holds {len(members)} files of {total / 1024**3:.1f} GiB unpacked, "
            f"the largest {largest / 1024**3:.1f} GiB; the limits are {MAX_MEMBERS} files, "
            f"{MAX_ARCHIVE_BYTES // 1024**3} GiB and {MAX_MEMBER_BYTES // 1024**3} GiB a file",
            remedy="Unpack it and give the folder of one study",
        )
    return tuple(DicomFile(path, member) for member in sorted(m.filename for m in members))


def unreadable(error: Exception) -> InputRefused:
    """Return the refusal that one of :data:`UNREADABLE` means, once pixels are wanted."""
    return InputRefused(
        "file-unreadable",
        f"a file that cannot be read ({type(error).__name__})",
        remedy="Copy the files, or the archive, again",
    )


class FileOpener:
    """Opens many files, holding each archive open so that its directory is read once.

    Not for use by several threads at a time.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._archives: dict[Path, zipfile.ZipFile] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def open(self, file: DicomFile) -> AbstractContextManager[BinaryIO]:
        """Open one file; members of archives are unpacked as they are read, in memory.

        Raises:
            OSError: if the file cannot be opened.
            zipfile.BadZipFile, NotImplementedError: if the member is damaged or packed in a way
                Python does not know.
        """
        if file.member is None:
            return file.path.open("rb")
        archive = self._archives.get(file.path)
        if archive is None:
            archive = self._stack.enter_context(zipfile.ZipFile(file.path))
            self._archives[file.path] = archive
        raw = cast(io.RawIOBase, archive.open(file.member))
        return io.BufferedReader(raw, _BUFFER_BYTES)
