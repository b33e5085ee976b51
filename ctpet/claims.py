"""Who works on an output: a lock beside it, and the scratch folders of those who were killed.

The lock is the operating system's, so that it ends with the process, however that ends; process
numbers could be given out again, and mean nothing in another container.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctpet.errors import InputRefused

_MARK = ".partial-"
_LOCK = f"{_MARK}lock"
_TEMPORARY, _TEMPORARY_LOCK = "ctpet-", ".lock"


class CannotLock(OSError):
    """The file system has no locks."""


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Keep others from working on an output, and remove what a killed run left beside it.

    On a file system without locks nothing is claimed and nothing removed.

    Args:
        out: file or folder, there or not; its parents are made, and taken away if nothing came
            into them.

    Raises:
        InputRefused: ``out-claimed``: another run works on it.
        OSError: nothing can be written beside it.
    """
    with _parents(out):
        yield from _claim(out)


@contextmanager
def _parents(out: Path) -> Iterator[None]:
    """Make the folders that an output lies in; in the end remove those made that are empty."""
    absent = [folder for folder in out.parents if not folder.exists()]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for folder in absent:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _claim(out: Path) -> Iterator[None]:
    lock = lock_of(out)
    try:
        descriptor = _acquire(lock)
    except CannotLock:
        lock.unlink(missing_ok=True)
        yield
        return
    if descriptor is None:
        raise InputRefused(
            "out-claimed",
            f"Another run is making {out} now",
            remedy="Wait for it, or name another folder",
        )
    try:
        for left in _scratch_of(out):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        _release(lock, descriptor)


def refuse_inside(out: Path, *inputs: Path | None) -> None:
    """Refuse an output that would lie among the files of an input: the next run would read it.

    Raises:
        InputRefused: ``out-in-input``.
    """
    for given in inputs:
        if given is not None and given.resolve() in out.resolve().parents:
            raise InputRefused(
                "out-in-input",
                f"The output {out} lies inside the input {given}, and would be read with it",
                remedy="Name a place outside of it",
            )


def lock_of(out: Path) -> Path:
    """Return where the lock of an output is."""
    return out.parent / f".{out.name}{_LOCK}"


@contextmanager
def scratch_beside(out: Path) -> Iterator[Path]:
    """Give a private folder on the disk of ``out``, which has been claimed; it is removed.

    Raises:
        OSError: it cannot be made.
    """
    holder = Path(tempfile.mkdtemp(prefix=f".{out.name}{_MARK}", dir=out.parent))
    try:
        yield holder
    finally:
        shutil.rmtree(holder, ignore_errors=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a private folder among the system's temporary ones; it is removed.

    Those of killed processes are removed first: they may hold a patient's images.

    Raises:
        OSError: it cannot be made.
    """
    for left in left_among_temporary():
        shutil.rmtree(left, ignore_errors=True)
    holder = Path(tempfile.mkdtemp(prefix=_TEMPORARY))
    descriptor = None
    try:
        with contextlib.suppress(CannotLock):
            descriptor = _acquire(holder / _TEMPORARY_LOCK)
        inside = holder / "inside"
        inside.mkdir()
        yield inside
    finally:
        if descriptor is not None:
            os.close(descriptor)
        shutil.rmtree(holder, ignore_errors=True)


def left_among_temporary() -> tuple[Path, ...]:
    """Return the temporary folders of this user that nobody works in."""
    found = Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*/{_TEMPORARY_LOCK}")
    return tuple(sorted(lock.parent for lock in found if _is_free(lock)))


def left_behind(folder: Path) -> tuple[Path, ...]:
    """Return scratch folders in a folder, and in those directly inside it, that nobody works in."""
    found: dict[Path, Path] = {}
    with contextlib.suppress(OSError):
        for pattern in (f".*{_MARK}*", f"*/.*{_MARK}*"):
            found |= {path.resolve(): path for path in folder.glob(pattern) if path.is_dir()}
    return tuple(sorted(path for path in found.values() if not _is_claimed(path)))


def is_ours(name: str) -> bool:
    """Tell whether a file or folder is called as locks and scratch folders of outputs are."""
    return name.startswith(".") and _MARK in name


def _scratch_of(out: Path) -> list[Path]:
    """Return the scratch folders of an output, and none of one called OUT.partial-something."""
    start = f".{out.name}{_MARK}"
    return [
        path
        for path in out.parent.iterdir()
        if path.name.startswith(start) and "." not in path.name[len(start) :] and path.is_dir()
    ]


def _is_claimed(scratch: Path) -> bool:
    """Tell whether the run that made a scratch folder may be alive."""
    lock = scratch.with_name(scratch.name.rpartition(_MARK)[0] + _LOCK)
    return lock.exists() and not _is_free(lock)


def _is_free(lock: Path) -> bool:
    """Tell whether a lock can be had; it is not kept."""
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except OSError:
        return False
    try:
        return _try_lock(descriptor)
    except CannotLock:
        return False
    finally:
        os.close(descriptor)


def _acquire(lock: Path) -> int | None:
    """Return a descriptor that holds the lock; None if another has it.

    Who ends removes the file, so that the one that was locked may be gone from the folder by then.

    Raises:
        CannotLock: there are no locks here.
        OSError: the file cannot be made.
    """
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _try_lock(descriptor):
                os.close(descriptor)
                return None
            if _is_at(descriptor, lock):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _release(lock: Path, descriptor: int) -> None:
    if sys.platform == "win32":  # an open file cannot be removed there
        os.close(descriptor)
        with contextlib.suppress(OSError):
            lock.unlink()
    else:
        with contextlib.suppress(OSError):
            lock.unlink()
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        except OSError as error:
            raise CannotLock(*error.args) from error
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise CannotLock(*error.args) from error
        return True
