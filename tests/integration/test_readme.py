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
VIETNAMESE = (REPOSITORY / "README.vi.md").read_text("utf-8")
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


def test_what_the_reader_is_told_to_run_is_run_here():
    """All but `make test`, which runs this, and the swap for a GPU that is not here."""
    demo, install, gpu, review = NOT_RUN
    assert demo.startswith("make demo")
    assert "python3 -m venv" in install
    assert "onnxruntime-gpu" in gpu
    assert review.startswith("ctpet phantom")


@pytest.mark.slow
def test_the_demonstration_runs(tmp_path):
    run = subprocess.run(
        ["make", "demo", f"DEMO_VENV={tmp_path / 'venv'}", f"PYTHON={sys.executable}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "A digital patient, no person" in run.stdout
    assert (REPOSITORY / "build" / "demo" / "comparison.png").is_file()
    installed = {path.name for path in (tmp_path / "venv").glob("lib/python*/site-packages/*")}
    assert not installed & {"torch", "monai", "lightning", "hydra"}


@pytest.mark.slow
def test_the_installation_and_the_review_run(tmp_path):
    """Word for word, with a home of one's own."""
    home = {**os.environ, "HOME": str(tmp_path)}
    code = f"{NOT_RUN[1]}\ncd {tmp_path}\n{NOT_RUN[3]}"
    run = subprocess.run(
        ["bash", "-e", "-c", code], cwd=REPOSITORY, env=home, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "runs on" in run.stdout
    assert "HU bins" in run.stdout
    assert "2 cases of 2 patients" in run.stdout
    for model in ("unet", "lookup"):
        assert {path.name for path in (tmp_path / f"report-{model}").iterdir()} == {
            "report.html",
            "cases.csv",
            "measurements.csv",
            "measurements-dictionary.csv",
            "checklist.csv",
            "summary.json",
        }
    assert "phantom-unet" in (tmp_path / "compare.html").read_text("utf-8")


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


def test_the_vietnamese_version_gives_the_same_commands():
    block = re.compile(r"<!-- test: run -->\n```sh\n(.*?)```", re.DOTALL)
    commands = [
        line.partition("#")[0].strip() for line in block.findall(VIETNAMESE)[0].splitlines()
    ]
    english = [line.partition("#")[0].strip() for line in block.findall(README)[0].splitlines()]
    assert commands == english


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README + VIETNAMESE))
def test_link_leads_somewhere(link):
    assert link.startswith("https://") or (REPOSITORY / link).exists()
