"""Nothing is told to anyone, and nothing is left in the user's home."""

import ast
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.dicom_factory import ct_series, write_series


def test_onnxruntime_is_imported_in_one_place():
    for path in (REPOSITORY / "ctpet").rglob("*.py"):
        if path.name == "runtime.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            assert "onnxruntime" not in [name.split(".")[0] for name in names], path


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
