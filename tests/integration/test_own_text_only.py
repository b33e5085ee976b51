"""Nothing but our own text reaches the terminal, and no control character of a header anything."""

import json
import logging
import os
import re
import subprocess
import sys
import warnings

import pytest
from pydicom import dcmread

from tests.dicom_factory import ct_series, write_series
from tests.pet_factory import pet_series

BELL, COLOUR, TITLE, TURN, C1 = "\x07", "\x1b[31m", "\x1b]0;x\x07", "\u202e", "\x9b31m"


def ctpet(*arguments, code=0):
    """Run the command as a user does; return what it wrote, out and error."""
    command = [sys.executable, "-m", "ctpet", *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stderr
    return ran.stdout, ran.stderr


@pytest.fixture
def odd_study(tmp_path):
    """A CT and a PET with irregular UIDs and with texts that command a terminal."""
    ct = ct_series()
    pet = pet_series()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for ds in (*ct, *pet):
            ds.StudyInstanceUID = "1.2.840.0113.7"
            ds.SeriesInstanceUID = f"1.2.840.00.{ds.Modality == 'CT':d}"
            ds.SOPInstanceUID = f"1.2.840.000.{ds.SeriesInstanceUID[-1]}.{ds.InstanceNumber}"
            ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
            ds.SeriesDescription = f"Tho{BELL}rax{COLOUR} red{TURN} 3"
            ds.StudyDescription = f"Ngực{TITLE} bụng{C1}"
            ds.PatientID, ds.PatientBirthDate, ds.PatientSex = f"BN{BELL}-7", "19610203", "M"
            ds.PatientName = f"Nguyễn{BELL}^Văn{TURN} Ánh"
            ds.ConvolutionKernel = f"ST{COLOUR}D"
        write_series(ct, tmp_path / "study" / "ct")
        write_series(pet, tmp_path / "study" / "pet")
    return tmp_path / "study"


def commands_nothing(text):
    return not any(char in text for char in ("\x07", "\x1b", "\u202e", "\x9b"))


@pytest.mark.parametrize("options", [("-q",), (), ("--json",)])
def test_synthesize(odd_study, tmp_path, options):
    out, err = ctpet("synthesize", odd_study, "-o", tmp_path / "out", *options)
    assert "Warning" not in err
    assert commands_nothing(out + err)
    if options == ("-q",):
        assert (out, err) == ("", "")
    record = (tmp_path / "out" / "run.json").read_text("utf-8")
    assert commands_nothing(record)
    codes = {finding["code"] for finding in json.loads(record)["findings"]}
    assert {"uid-irregular", "control-characters"} <= codes
    for path in (tmp_path / "out" / "pet").iterdir():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pet = dcmread(path)
            assert pet.StudyInstanceUID == "1.2.840.0113.7"
            assert str(pet.PatientName) == "Nguyễn^Văn Ánh"
            assert pet.StudyDescription == "Ngực bụng"
            for element in pet.iterall():
                assert element.VR in ("SQ", "OW") or commands_nothing(str(element.value))


@pytest.mark.parametrize("as_json", [(), ("--json",)])
@pytest.mark.parametrize("command", ["scan", "suv"])
def test_commands_that_list(odd_study, command, as_json):
    out, err = ctpet(command, odd_study, *as_json)
    assert err == ""
    assert commands_nothing(out)
    assert "uid-irregular" in out
    assert "control-characters" in out
    if as_json:
        json.loads(out)


def test_prepare_and_its_workers(odd_study, tmp_path):
    out, err = ctpet("prepare", odd_study, tmp_path / "cases", "--workers", "2", "-q", code=3)
    assert out == ""
    assert re.fullmatch(r"ctpet: refused .+ they are not registered\n", err)


NOISY = """
import logging, os, subprocess, sys, warnings
from ctpet import api
def noisy(*a, **k):
    warnings.warn("a library warns")
    logging.getLogger("library").error("a library logs")
    os.write(1, b"C writes\\n"); os.write(2, b"C complains\\n")
    import ctypes
    subprocess.run([sys.executable, "-c", "import warnings; warnings.warn('a worker warns')"])
    return {"model": "x", "spacing_mm": ()}
api.info = noisy
from ctpet.cli import main
sys.argv = ["ctpet", "info", "--json", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("debug", [False, True])
def test_libraries_speak_only_when_asked(debug):
    options = ["--debug"] if debug else []
    ran = subprocess.run(
        [sys.executable, "-c", NOISY, *options], capture_output=True, text=True, check=False
    )
    if debug:
        for words in ("a library warns", "a library logs", "C complains", "a worker warns"):
            assert words in ran.stderr
        assert "C writes" in ran.stdout
    else:
        assert ran.stderr == ""
        assert json.loads(ran.stdout) == {"model": "x", "spacing_mm": []}


def test_an_error_is_still_told(tmp_path):
    out, err = ctpet("scan", tmp_path / f"ab{COLOUR}sent", code=3)
    assert out == ""
    assert err.startswith("ctpet: ")
    assert err.count("\n") == 1
    assert commands_nothing(err)


def test_silence_ends_with_the_command():
    from ctpet.cli.own_text import hushed

    filters = list(warnings.filters)
    with hushed():
        assert not logging.getLogger("pydicom").isEnabledFor(logging.CRITICAL)
        warnings.warn("nobody hears it", stacklevel=1)
    assert logging.getLogger("pydicom").isEnabledFor(logging.WARNING)
    assert warnings.filters == filters


def test_a_reader_that_goes_away_is_no_fault(tmp_path):
    (tmp_path / "empty").mkdir()
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        [sys.executable, "-m", "ctpet", "info"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr
