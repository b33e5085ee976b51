"""What can go wrong, told to a person: one line with what, where, limit and remedy."""

import errno
import re

_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")
"""How numpy tells of it, without a number of the system's."""


class CtpetError(Exception):
    """A failure that is explained in one line.

    The message is complete: it needs no traceback to be understood. ``exit_code`` is what the
    command line returns for it (0 done, 1 failure, 2 usage, 3 input refused).
    """

    exit_code = 1


class BackendUnavailable(CtpetError):
    """A device, provider or precision was asked for that this machine does not have."""


class ModelInvalid(CtpetError):
    """A model file without a readable contract, or whose graph does not keep it."""


class InputRefused(CtpetError):
    """The input cannot be trusted, so nothing is computed from it.

    Args:
        code: stable kebab-case name of the rule, such as ``missing-slices``; tests and
            machine-readable reports use it.
        message: one sentence saying what was seen, where, and the limit it breaks.
        remedy: what the user can do about it.
    """

    exit_code = 3

    def __init__(self, code: str, message: str, *, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}" if remedy else message)
        self.code = code
        self.message = message
        self.remedy = remedy


def is_disk_full(error: OSError) -> bool:
    """Tell whether a write failed for want of space, on the disk or in the user's quota."""
    short = error.errno is None and _SHORT_WRITE.fullmatch(str(error))
    return error.errno in (errno.ENOSPC, errno.EDQUOT) or bool(short)


def told_by_system(error: OSError) -> tuple[str, str]:
    """Return what the operating system refused, and the remedy; neither is a defect of ours."""
    where = str(error.filename or "")
    where = f"{where[:60]}…: " if len(where) > 80 else where and f"{where}: "
    if is_disk_full(error):
        return f"{where}The disk is full", "Free some space, and give the same command again."
    told = error.strerror or str(error) or type(error).__name__
    return f"{where}{told}", "Check the path, its disk, and what you may do there."
