"""The README is true: its commands run, and do what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.dicom_factory import ct_series, write_series
from tests.pet_factory import pet_series

README = (REPOSITORY / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"(<!-- test: run -->\n)?```(sh|python)\n(.*?)```", README, re.DOTALL)
RUN = [(language, code) for mark, language, code in BLOCKS if mark]
NOT_RUN = [code for mark, _, code in BLOCKS if not mark]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a study and a PET, where the README's reader sits."""
    folder = tmp_path_factory.mktemp("readme")
    write_series(ct_series(), folder / "study")
    write_series(pet_series(), folder / "pet")
    return folder


def test_only_installation_and_a_gpu_are_left_out():
    assert len(NOT_RUN) == 2
    assert "pip install ." in NOT_RUN[0]
    assert "onnxruntime-gpu" in NOT_RUN[1]


@pytest.mark.parametrize(("language", "code"), RUN, ids=[code.split()[1] for _, code in RUN])
def test_block_runs(language, code, place):
    shutil.rmtree(place / "result", ignore_errors=True)
    shutil.rmtree(place / "again", ignore_errors=True)
    (place / "suv.nii.gz").unlink(missing_ok=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["bash", "-e", "-c", code] if language == "sh" else [sys.executable, "-c", code]
    run = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_the_result_holds_what_the_table_says(place):
    subprocess.run(
        [sys.executable, "-m", "ctpet", "synthesize", "study/", "-o", "table/", "-q"],
        cwd=place,
        check=True,
    )
    listed = re.findall(r"^\| `([^`]+)` \|", README, re.MULTILINE)
    assert listed == ["pet/*.dcm", "preview.png", "run.json"]
    for pattern in listed:
        assert list((place / "table").glob(pattern)), pattern


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_link_leads_somewhere(link):
    assert link.startswith("https://") or (REPOSITORY / link).exists()
