"""Fixtures that every test may use."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Set before torch is imported: tests run beside each other, and threads would wait for threads."""

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data; skips by name where it is absent."""
    folder = Path(os.environ.get("CTPET_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("shared data is absent (set CTPET_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def require_tool():
    """Return a function that gives an external program's path, or skips by its name."""

    def require(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"{name} is not installed")
        return path

    return require


@pytest.fixture
def small_disk(request, tmp_path_factory) -> Iterator[Path]:
    """A file system of its own; as large as the test's mark ``disk_mib(N)`` says."""
    disk = tmp_path_factory.mktemp("disk")
    (size_mib,) = request.node.get_closest_marker("disk_mib").args
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", disk]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)
