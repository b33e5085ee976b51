"""All or nothing: results appear under OUT only when every one of them is whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ctpet.claims import claimed, scratch_beside
from ctpet.errors import CtpetError, InputRefused, is_disk_full


@contextmanager
def staged(out: Path, *, needed_bytes: int) -> Iterator[Path]:
    """Give a folder beside ``out`` to write into; it becomes ``out`` when the block ends well.

    On any exception, an interrupt included, the folder is removed and ``out`` is as it was.

    Args:
        out: the folder to create; it must not exist, or be empty. Of a link, its target is meant.
        needed_bytes: space that will be written, checked before any work is done.

    Raises:
        InputRefused: ``out-not-empty``, ``out-in-use``, ``out-claimed``, ``out-unwritable`` or
            ``disk-full``.
    """
    _check_absent_or_empty(out)
    _check_replaceable(out)
    target = out.resolve() if out.is_symlink() else out
    with _beside(target) as holder:
        folder = holder / "result"  # mkdtemp's own folder is private; this one has ordinary rights
        folder.mkdir()
        _check_absent_or_empty(out)  # another run may have ended before this one claimed it
        _check_space(folder, out, needed_bytes)
        yield folder
        _publish(folder, target)


@contextmanager
def staged_file(out: Path, *, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Give a path beside ``out`` to write one file to; it becomes ``out`` when the block ends well.

    A block that writes nothing leaves nothing.

    Args:
        out: the file to create; it must not exist. Of a link, its target is meant.
        suffixes: what its name may end in.

    Raises:
        InputRefused: ``out-name``, ``out-not-empty``, ``out-claimed``, ``out-unwritable`` or
            ``disk-full``.
    """
    _check_file_name(out, suffixes)
    _check_no_file(out)
    target = out.resolve() if out.is_symlink() else out
    with _beside(target) as holder:
        _check_no_file(out)
        written = holder / out.name
        yield written
        if written.exists():
            _rename(written, target)


def _check_file_name(out: Path, suffixes: tuple[str, ...]) -> None:
    suffix = next((one for one in sorted(suffixes, key=len) if out.name.endswith(one)), None)
    if suffix is None:
        raise InputRefused(
            "out-name",
            f"The output file {out} does not end in {' or '.join(suffixes)}",
            remedy="Name it so.",
        )
    stem = out.name.removesuffix(suffix)
    if not stem.strip(" .") or not out.name.isprintable():
        raise InputRefused(
            "out-name",
            f"The output file {out} has no name before its {suffix}, or one that cannot be shown",
            remedy="Name it in letters.",
        )


def _check_no_file(out: Path) -> None:
    try:
        there = out.exists()
    except OSError as error:
        raise _explain(error, out) from error
    if there:
        raise InputRefused(
            "out-not-empty",
            f"The output file {out} exists, and nothing is overwritten",
            remedy="Name a new file, or remove that one.",
        )


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Claim ``out`` and give a scratch folder on its disk, which is removed in the end."""
    with ExitStack() as stack:
        try:
            stack.enter_context(claimed(out))
            holder = stack.enter_context(scratch_beside(out))
        except OSError as error:
            raise _explain(error, out) from error
        try:
            yield holder
        except (OSError, CtpetError) as error:
            cause = error if isinstance(error, OSError) else error.__cause__
            if isinstance(cause, OSError) and is_disk_full(cause):
                raise _explain(cause, out) from error
            raise


def _check_absent_or_empty(out: Path) -> None:
    try:
        if not out.exists() and not out.is_symlink():
            return
        if out.is_dir() and not any(out.iterdir()):
            return
    except OSError as error:
        raise _explain(error, out) from error
    raise InputRefused(
        "out-not-empty",
        f"The output folder {out} already holds something, and nothing is overwritten",
        remedy="Name a new folder, or remove that one.",
    )


def _check_space(folder: Path, out: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise InputRefused(
            "disk-full",
            f"The disk of {out} has {free_bytes / 1e6:.1f} MB free and the result needs about "
            f"{needed_bytes / 1e6:.1f} MB",
            remedy="Free some space, or name a folder on another disk.",
        )


def _check_replaceable(out: Path) -> None:
    """Refuse an empty folder that cannot be taken away to put the result in its place."""
    try:
        if not out.is_dir():
            return
        held = "the current folder" if out.samefile(Path.cwd()) else ""
        held = "a mount point" if os.path.ismount(out) else held
    except OSError as error:
        raise _explain(error, out) from error
    if held:
        raise InputRefused(
            "out-in-use",
            f"The output folder {out} is {held}, which cannot be replaced by the result",
            remedy="Name a new folder inside it.",
        )


def _publish(folder: Path, out: Path) -> None:
    try:
        if out.is_dir():
            out.rmdir()
    except OSError as error:
        raise _explain(error, out) from error
    _rename(folder, out)


def _rename(whole: Path, out: Path) -> None:
    try:
        whole.replace(out)
    except OSError as error:
        raise _explain(error, out) from error


def _explain(error: OSError, out: Path) -> InputRefused:
    if is_disk_full(error):
        return InputRefused(
            "disk-full",
            f"The disk of {out} is full",
            remedy="Free some space, or name a folder on another disk.",
        )
    return InputRefused(
        "out-unwritable",
        f"Nothing can be written at {out}: {error.strerror or error}",
        remedy="Name a folder you may write to.",
    )
