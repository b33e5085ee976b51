"""What `pip install` gives: the command, the models and the configs, away from the repository."""

import os
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import REPOSITORY
from tests.dicom_factory import ct_series, write_series

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder into which the wheel was unpacked, as pip does."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder / "dist", REPOSITORY], check=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed, *arguments):
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import ctpet; print(ctpet.__file__);"
        "from ctpet.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", program, str(installed), *map(str, arguments)],
        cwd=os.sep,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_runs_with_its_own_model(installed, tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    outcome = run(installed, "synthesize", ct, "-o", tmp_path / "out")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.startswith(str(installed))
    assert (tmp_path / "out" / "run.json").is_file()


def test_the_wheel_brings_what_it_must_and_no_more(installed):
    names = {p.relative_to(installed).as_posix() for p in installed.rglob("*") if p.is_file()}
    assert "ctpet/py.typed" in names
    assert "ctpet/_packaged/checkpoints/tissue-lookup.onnx" in names
    assert "ctpet/_packaged/checkpoints/tissue-lookup.md" in names
    assert not any(name.startswith(("tests/", "scripts/")) for name in names)
