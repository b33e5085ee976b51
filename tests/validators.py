"""Independent judges of a written series: dicom3tools and dcmtk, from Debian.

`dciodvfy` prints to stderr and its exit code says little, so its lines are what counts. The
2022 dictionary it was built with does not know SyntheticData (0008,001C), which is taken out of
a copy first.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path

RequireTool = Callable[[str], str]


def assert_valid_series(
    folder: Path,
    source: Path,
    scratch: Path,
    require_tool: RequireTool,
    excused: Collection[str] = (),
) -> None:
    """Fail unless every file of a series is legal and agrees with the source's study.

    Args:
        folder: the series to judge, as ``*.dcm``.
        source: the folder of the series it was derived from.
        scratch: a folder that does not exist yet, for the copy.
        require_tool: the fixture of that name.
        excused: parts of complaints that the source gives cause to, such as an attribute's name.
            What dciodvfy says of the source itself is always excused.
    """
    files = _without_unknown(folder, scratch, require_tool)
    known = complaints(sorted(source.iterdir())[0], require_tool)
    for file in files:
        new = complaints(file, require_tool) - known
        wrong = sorted(line for line in new if not any(part in line for part in excused))
        assert not wrong, f"dciodvfy on {file.name}: {wrong}"
        answer = _run(require_tool("dcmftest"), file)
        assert answer.stdout.startswith("yes"), answer
    compared = _run(require_tool("dcentvfy"), *files, *sorted(source.iterdir()))
    errors = [line for line in _lines(compared) if line.startswith("Error")]
    assert compared.returncode == 0, errors
    assert not errors


def complaints(file: Path, require_tool: RequireTool) -> set[str]:
    """Return what dciodvfy calls an Error or a Warning in a file."""
    return {
        line
        for line in _lines(_run(require_tool("dciodvfy"), file))
        if re.search(r"\b(Error|Warning|Abort)\b", line)
    }


def _without_unknown(folder: Path, scratch: Path, require_tool: RequireTool) -> list[Path]:
    shutil.copytree(folder, scratch)
    files = sorted(scratch.glob("*.dcm"))
    assert files, f"no file in {folder}"
    edited = _run(require_tool("dcmodify"), "-nb", "-imt", "-ea", "(0008,001c)", *files)
    assert edited.returncode == 0, edited
    return files


def _run(*command: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _lines(answer: "subprocess.CompletedProcess[str]") -> list[str]:
    return [line.strip() for line in (answer.stdout + "\n" + answer.stderr).splitlines()]
