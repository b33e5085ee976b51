"""Erase a folder when the process that started this one has ended, however it ended.

A server that is killed erases nothing itself; this process only waits for that.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TRIES, _BETWEEN_S = 50, 0.2


@contextmanager
def erased_in_the_end(folder: Path) -> Iterator[None]:
    """Start a process that erases a folder when this one ends, and wait for it in the end."""
    waiting = subprocess.Popen(  # noqa: S603  (our own module, by the running interpreter)
        [sys.executable, __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        waiting.communicate()


def main() -> None:
    """Wait for the end of standard input, then erase the folder that is named."""
    folder = Path(sys.argv[1])
    sys.stdin.read()
    for _ in range(_TRIES):  # what the server had started may still be writing
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(_BETWEEN_S)


if __name__ == "__main__":
    main()
