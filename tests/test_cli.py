"""The command line as other programs meet it: pipes, character sets, JSON, help."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ctpet.cli import app
from tests.dicom_factory import ct_series, write_series

COMMANDS = [command.callback.__name__ for command in app.registered_commands]


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    """A CT whose description no code page of the West can show."""
    slices = ct_series()
    for ds in slices:
        ds.SeriesDescription = "Ngực – bụng ắ"
    return write_series(slices, tmp_path_factory.mktemp("cli") / "ct")


def ctpet(*arguments, encoding="utf-8", **options):
    return subprocess.run(
        [sys.executable, "-m", "ctpet", *map(str, arguments)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
        **options,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command):
    outcome = CliRunner().invoke(app, [command, "--help"])
    assert outcome.exit_code == 0
    assert f"Example: ctpet {command}" in outcome.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_is_valid_and_whole_in_every_character_set(ct, encoding):
    ended = ctpet("scan", ct, "--json", encoding=encoding)
    assert (ended.returncode, ended.stderr) == (0, b"")
    (series,) = json.loads(ended.stdout.decode(encoding))["series"]
    assert series["description"] == "Ngực – bụng ắ"


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
def test_text_survives_a_poor_character_set(ct, tmp_path, encoding):
    assert b"Ng?c" in ctpet("scan", ct, encoding=encoding).stdout
    ended = ctpet("synthesize", ct, "-o", tmp_path / "out", encoding=encoding)
    assert ended.returncode == 0
    assert b"NOT FOR DIAGNOSIS" in ended.stdout


def test_quiet_is_silent(ct, tmp_path):
    ended = ctpet("synthesize", ct, "-o", tmp_path / "out", "--quiet")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


@pytest.mark.skipif(os.name == "nt", reason="pipes are POSIX")
def test_a_reader_that_leaves_early_is_no_defect(ct):
    run = subprocess.Popen(
        [sys.executable, "-m", "ctpet", "scan", ct, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    run.stdout.close()
    assert b"defect" not in run.stderr.read()
    run.stderr.close()
    assert run.wait() == 1
