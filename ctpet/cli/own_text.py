"""Nothing but our own text reaches the terminal: what libraries have to say, they say to nobody.

What concerns the input is a finding by then; see :mod:`ctpet.dicom.warned`.
"""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hushed() -> Iterator[None]:
    """Keep warnings and log messages of Python libraries from being shown."""
    before = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(before)


def divert_libraries() -> None:
    """Send to nowhere what is written past Python: by C libraries, and by worker processes.

    It holds until the process ends, since such text may be written when it does. Our own text goes
    through ``sys.stdout`` and ``sys.stderr``, which lead to copies of the descriptors.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            number = stream.fileno()
        except (AttributeError, OSError):
            continue  # there is no terminal, or something in its place
        stream.flush()
        own = os.fdopen(
            os.dup(number), "w", buffering=1, encoding=stream.encoding, errors=stream.errors
        )
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
        setattr(sys, name, own)
