"""The page in a real browser, and that the files that are shipped are those of its source."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from tests.conftest import REPOSITORY
from tests.dicom_factory import body_hu, ct_series, write_series

pytestmark = pytest.mark.slow
STATIC = REPOSITORY / "ctpet" / "serve" / "web" / "static"


@pytest.fixture(scope="module")
def web(tmp_path_factory, require_tool):
    """A copy of the page's source with its packages installed."""
    npm = require_tool("npm")
    folder = tmp_path_factory.mktemp("page") / "web"
    shutil.copytree(REPOSITORY / "web", folder, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run([npm, "ci", "--silent"], cwd=folder, check=True)
    return folder


@pytest.fixture
def origin():
    """A server of its own."""
    command = [sys.executable, "-m", "ctpet", "serve", "web", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield re.search(r"http://[^/]+", server.stdout.readline())[0]
    server.terminate()
    server.communicate()


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def test_what_is_shipped_is_what_the_source_builds(web):
    out = web.parent / "ctpet" / "serve" / "web" / "static"
    subprocess.run(["npm", "run", "--silent", "build"], cwd=web, check=True)
    assert files_of(out) == files_of(STATIC)


def test_the_page_is_small_and_asks_nobody_else():
    built = files_of(STATIC)
    assert sum(map(len, built.values())) < 3e6
    assert not re.search(rb'(src|href)="https?:', built["index.html"])


def test_a_ct_is_read_in_a_browser(web, origin, tmp_path, require_tool):
    node = require_tool("node")
    require_tool("chromium")
    folder = write_series(ct_series(body_hu((40, 64, 64)), spacing_mm=(3, 4, 4)), tmp_path / "ct")
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
    command = [node, web / "tests" / "read.mjs", origin, archive, tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert (seen["foreign"], seen["errors"]) == ([], [])
    assert seen["violated"] == {"start": [], "study": [], "vietnamese": []}
    assert seen["lung"] == "lung"
    assert seen["banner"] == "ẢNH TỔNG HỢP – KHÔNG DÙNG ĐỂ CHẨN ĐOÁN"
    assert len(seen["marks"]) == 3
    assert (seen["kept"], seen["url"]) == (0, f"{origin}/")
    assert "Nguyễn" not in seen["title"]
    assert Path(tmp_path / "view.png").stat().st_size > 5000
    x, y, z, hu = map(
        float,
        re.match(r"x (\S+)\s+y (\S+)\s+z (\S+) mm .*?(-?[\d.,]+) HU", seen["readout"]).groups(),
    )
    ct = read_ct(discover(folder).series[0]).volume
    k, j, i = ct.geometry.lps_to_index((x, y, z)).round().astype(int)
    around = ct.array[k - 1 : k + 2, j - 1 : j + 2, i - 1 : i + 2]
    assert hu in around  # the place is told in whole mm
