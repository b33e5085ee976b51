"""Nothing is told to anyone, and nothing is left in the user's home."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.dicom_factory import ct_series, write_series


@pytest.mark.parametrize(
    ("engine", "place"), [("onnxruntime", "runtime.py"), ("openvino", "openvino_runtime.py")]
)
def test_an_engine_is_imported_in_one_place(engine, place):
    for path in (REPOSITORY / "ctpet").rglob("*.py"):
        if path.name == place:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            assert engine not in [name.split(".")[0] for name in names], path


def test_a_run_leaves_nothing_in_the_home_but_matplotlibs_fonts(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    ct = write_series(ct_series(), tmp_path / "ct")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ORT_"))}
    subprocess.run(
        [sys.executable, "-m", "ctpet", "synthesize", ct, "-o", tmp_path / "out", "-q"],
        env={**environment, "HOME": str(home), "USERPROFILE": str(home)},
        check=True,
    )
    left = {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
    assert {path for path in left if "matplotlib" not in Path(path).parts} == set()


def test_openvino_is_imported_without_what_reports_to_intel(tmp_path):
    """Its converter sends an event, and leaves a device identifier, when it is imported."""
    program = (
        "import sys\n"
        "from ctpet.infer.openvino_runtime import openvino_core\n"
        "core, absence = openvino_core()\n"
        "print([name for name in sys.modules if 'telemetry' in name or '.ovc' in name], absence)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "CI"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("[]"), done.stdout
    assert list(tmp_path.iterdir()) == []
