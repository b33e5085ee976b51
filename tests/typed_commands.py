"""What a user types, run as a process of its own without importing the lab each time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

SERVER = """
import json, os, sys, traceback
import ctpet.learn.command, ctpet.learn.export.run, ctpet.cli, monai.networks.nets
import torch
torch.set_num_threads(1)
print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(asked["cwd"])
        for number, name in ((1, "stdout"), (2, "stderr")):
            file = os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, number)
        code = 0
        try:
            sys.argv = ["ctpet", *asked["argv"]]
            ctpet.cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        except BaseException:
            traceback.print_exc()
            code = 99
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@dataclass(frozen=True)
class Done:
    """What a typed command left: its exit code and what it wrote."""

    code: int
    stdout: str
    stderr: str


class Typist(Protocol):
    """Runs `ctpet ARGUMENTS` in a folder."""

    def __call__(self, arguments: Sequence[str | Path], cwd: Path) -> Done: ...


@contextmanager
def typist(scratch: Path) -> Iterator[Typist]:
    """Start the process that the others are forked from."""
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVER],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert server.stdout
    assert server.stdin
    assert server.stdout.readline() == "ready\n"

    def type_(arguments: Sequence[str | Path], cwd: Path) -> Done:
        assert server.stdout
        assert server.stdin
        files = {name: str(scratch / name) for name in ("stdout", "stderr")}
        asked = {"argv": [str(one) for one in arguments], "cwd": str(cwd), **files}
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return Done(code, *(Path(files[name]).read_text("utf-8") for name in ("stdout", "stderr")))

    try:
        yield type_
    finally:
        server.communicate()
