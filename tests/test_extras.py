import subprocess
import sys

import pytest

from ctpet.errors import CtpetError
from ctpet.extras import needs_extra

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from ctpet.cli import main
main()
"""


def test_a_package_that_is_missing_names_the_extra():
    with pytest.raises(CtpetError, match=r"needs no_such_package.*ctpet\[train\]"):  # noqa: SIM117
        with needs_extra("train"):
            import no_such_package  # noqa: F401


def test_a_defect_of_our_own_is_not_a_missing_extra():
    with pytest.raises(ModuleNotFoundError), needs_extra("train"):
        import ctpet.no_such_module  # noqa: F401


@pytest.mark.parametrize(
    "arguments", [["train", "experiment=phantom"], ["export", "a.ckpt", "-o", "b.onnx"]]
)
def test_the_lab_without_torch_is_one_line(arguments):
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 1
    (line,) = run.stderr.strip().splitlines()
    assert "needs torch" in line
    assert "pip install 'ctpet[train]'" in line
