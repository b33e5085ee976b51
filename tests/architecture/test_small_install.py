"""No command of the hospital so much as asks for a training framework."""

import json
import subprocess
import sys

import pytest

from tests.dicom_factory import ct_series, write_series

FRAMEWORKS = ("torch", "monai", "lightning", "hydra")

PROGRAM = f"""
import json, sys

asked = set()

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FRAMEWORKS}:
            asked.add(name)

sys.meta_path.insert(0, Watch())
from ctpet.cli import main
try:
    main()
except SystemExit as end:
    print(json.dumps({{"code": end.code, "asked": sorted(asked)}}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    return write_series(ct_series(), tmp_path_factory.mktemp("study") / "ct")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["synthesize", "{ct}", "-o", "{out}"], 0),
        (["scan", "{ct}"], 0),
        (["suv", "{ct}"], 3),
        (["prepare", "{ct}", "{out}"], 3),
        (["evaluate", "{ct}", "{ct}", "-o", "{out}"], 3),
        (["compare", "{ct}", "{ct}", "-o", "{out}.html"], 3),
        (["info", "tissue-lookup"], 0),
        (["doctor"], 0),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else str(value),
)
def test_command_imports_no_framework(arguments, code, ct, tmp_path):
    filled = [text.format(ct=ct, out=tmp_path / "out") for text in arguments]
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *filled], capture_output=True, text=True, check=False
    )
    seen = json.loads(run.stderr.strip().splitlines()[-1])
    assert seen == {"code": code, "asked": []}, run.stderr


def test_the_watch_sees_an_import():
    watched = "main = lambda: (__import__('hydra'), sys.exit(0))"
    program = PROGRAM.replace("from ctpet.cli import main", watched)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "hydra" in json.loads(run.stderr.strip().splitlines()[-1])["asked"]


def test_help_imports_nothing_heavy():
    program = (
        "import sys; sys.argv = ['ctpet', '--help']\n"
        "from ctpet.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pydicom', 'scipy', 'onnxruntime', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
