"""The files under a folder, or in a zip archive, without unpacking anything to disk."""

import errno
import io
import os
import posixpath
import stat
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, NoReturn, Self, cast

from ctpet.claims import is_ours
from ctpet.dicom.lost import named
from ctpet.dicom.series import DicomFile
from ctpet.errors import InputRefused

MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 2 * 1024**3
MAX_ARCHIVE_BYTES = 16 * 1024**3
_LONGEST_TARGET = 4096
_ZIP = b"PK\x03\x04"
_ENCRYPTED = 0x1
_BUFFER_BYTES = 64 * 1024
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)
"""What reading from an opened file raises when the file, or its archive, is damaged or denied."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies under a path.

    Attributes:
        files: each once, whatever links lead to it, in an order that does not depend on the file
            system.
        broken_links: that lead nowhere, or in circles.
    """

    files: tuple[DicomFile, ...]
    broken_links: tuple[DicomFile, ...] = ()


def list_files(root: Path) -> tuple[DicomFile, ...]:
    """Return the files of :func:`listing`."""
    return listing(root).files


def listing(root: Path) -> Listing:
    """List every file under ``root``.

    Args:
        root: a folder (searched recursively; links are followed, but no folder is entered and no
            file is taken a second time), one file, or a zip archive.

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
        try:
            return _Walk().over(root)
        except OSError as error:
            _refuse_folder(error)
    if not stat.S_ISREG(kind):
        raise InputRefused(
            "path-missing",
            f"There is no file or folder at {root}",
            remedy="Give a folder of DICOM files, one DICOM file, or a zip archive of them",
        )
    return _members(root) if _is_archive(root) else Listing((DicomFile(root),))


class _Walk:
    """A walk that knows where it has been, by the numbers that a file system gives."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()
        self._links: deque[Path] = deque()
        self._files: list[DicomFile] = []
        self._broken: list[DicomFile] = []

    def over(self, root: Path) -> Listing:
        """List what lies under a folder; what is there without links comes before what is not.

        Raises:
            OSError: a folder cannot be listed, or what a link leads to not be looked at.
        """
        self._enter(root)
        while self._links:
            self._follow(self._links.popleft())
        return Listing(_sorted(self._files), _sorted(self._broken))

    def _enter(self, root: Path) -> None:
        folders = [root]
        while folders:
            folder = folders.pop()
            where = folder.stat()
            if not self._is_new(where.st_dev, where.st_ino):
                continue
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
            for entry in entries:
                if is_ours(entry.name):
                    continue  # an output is being made here, or was not finished
                if entry.is_symlink():
                    self._links.append(folder / entry.name)
                elif entry.is_dir():
                    folders.append(folder / entry.name)
                elif entry.is_file() and self._is_new(where.st_dev, entry.inode()):
                    self._files.append(DicomFile(folder / entry.name))

    def _follow(self, link: Path) -> None:
        try:
            target = link.stat()
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise
            self._broken.append(DicomFile(link))
            return
        if stat.S_ISDIR(target.st_mode):
            self._enter(link)
        elif stat.S_ISREG(target.st_mode) and self._is_new(target.st_dev, target.st_ino):
            self._files.append(DicomFile(link))

    def _is_new(self, device: int, number: int) -> bool:
        if not number:
            return True  # the file system gives none
        known = (device, number) in self._seen
        self._seen.add((device, number))
        return not known


def _sorted(files: Iterable[DicomFile]) -> tuple[DicomFile, ...]:
    return tuple(sorted(files, key=lambda file: (file.path, file.member or "")))


def _refuse_folder(error: OSError) -> NoReturn:
    where = named([DicomFile(Path(os.fsdecode(error.filename)))]) if error.filename else ""
    raise InputRefused(
        "path-unreadable",
        f"The input path, or a folder under it, cannot be listed ({error.strerror}){where}",
        remedy="Give ctpet the right to read the whole folder",
    ) from error


def _is_archive(path: Path) -> bool:
    """Tell whether a file is a zip archive, or was one before it was damaged."""
    try:
        with path.open("rb") as file:
            start = file.read(132)
    except OSError:
        return False  # who reads it says why it cannot be read
    if start[128:] == b"DICM":
        return False
    return start.startswith(_ZIP) or path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)


def _members(path: Path) -> Listing:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            links = {one.filename: _target(archive, one) for one in members if _is_link(one)}
    except UNREADABLE as error:
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
    names = {member.filename for member in members}
    places = names | {str(parent) for name in names for parent in PurePosixPath(name).parents}
    return Listing(
        _sorted(DicomFile(path, name) for name in names - links.keys()),
        _sorted(DicomFile(path, name) for name, target in links.items() if target not in places),
    )


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16) and member.file_size <= _LONGEST_TARGET


def _target(archive: zipfile.ZipFile, link: zipfile.ZipInfo) -> str:
    """Return the place in an archive that a link leads to."""
    if link.flag_bits & _ENCRYPTED:
        return ""
    text = archive.read(link).decode("utf-8", "replace")
    return posixpath.normpath(posixpath.join(posixpath.dirname(link.filename), text))


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
