"""Bad input gets one clear line, exit code 3 and nothing under OUT."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import nibabel
import pytest
from pydicom.uid import MRImageStorage, PositronEmissionTomographyImageStorage
from typer.testing import CliRunner

from ctpet.cli import app
from ctpet.dicom.files import FileOpener
from tests.dicom_factory import body_hu, ct_series, write_series
from tests.pet_factory import pet_series


@pytest.fixture
def synthesize(tmp_path):
    """Run `ctpet synthesize INPUT -o OUT …` and check what every refusal must keep."""

    def run(ct, *options, out=tmp_path / "out" / "result"):
        before = sorted(tmp_path.rglob("*"))
        outcome = CliRunner().invoke(app, ["synthesize", str(ct), "-o", str(out), "-q", *options])
        assert "Traceback" not in outcome.output
        assert sorted(p for p in tmp_path.rglob("*") if p != out.parent) == [
            p for p in before if p != out.parent
        ]
        return outcome

    return run


def refused(outcome, *words):
    """Check for exit code 3 and a single line that holds the words."""
    assert outcome.exit_code == 3, outcome.output
    assert outcome.stdout == ""
    assert outcome.stderr.count("\n") == 1
    for word in words:
        assert word in outcome.stderr
    return outcome.stderr


def with_modality(modality, sop_class):
    slices = ct_series()
    for ds in slices:
        ds.Modality = modality
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    return slices


def test_no_such_path(synthesize, tmp_path):
    refused(synthesize(tmp_path / "absent"), "absent")


def test_a_path_that_no_disk_can_hold(synthesize, tmp_path):
    refused(synthesize(tmp_path / ("a" * 300)), "name too long")


def test_images_that_nothing_can_name(synthesize, tmp_path):
    slices = ct_series()
    for ds in slices:
        ds.SOPInstanceUID = ""
    refused(synthesize(write_series(slices, tmp_path / "ct")), "12 of 12", "SOP Instance UID")


def test_empty_folder(synthesize, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(synthesize(tmp_path / "empty"), "DICOM")


def test_text_files_named_dcm(synthesize, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for n in range(3):
        (folder / f"{n}.dcm").write_text("not an image, whatever its name")
    refused(synthesize(folder), "DICOM")


def test_truncated_files(synthesize, tmp_path):
    folder = write_series(ct_series(), tmp_path / "ct")
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-1500])
    refused(synthesize(folder), "Slice 1 of 12", "ends early")


def test_mr_only(synthesize, tmp_path):
    refused(synthesize(write_series(with_modality("MR", MRImageStorage), tmp_path / "mr")), "MR")


def test_pet_only(synthesize, tmp_path):
    slices = with_modality("PT", PositronEmissionTomographyImageStorage)
    refused(synthesize(write_series(slices, tmp_path / "pet")), "PT")


def test_two_patients(synthesize, tmp_path):
    write_series(ct_series(), tmp_path / "study" / "a")
    other = ct_series()
    for ds in other:
        ds.PatientID, ds.PatientName = "BN-0043", "Trần^Thị Bình"
    write_series(other, tmp_path / "study" / "b")
    line = refused(synthesize(tmp_path / "study"), "2", "patients")
    assert "Bình" not in line
    assert "BN-0043" not in line


def test_two_candidate_series_are_listed_and_one_can_be_named(synthesize, tmp_path):
    first = ct_series()
    second = ct_series(body_hu((14, 40, 48)))
    for ds in second:
        ds.StudyInstanceUID = first[0].StudyInstanceUID
    write_series(first, tmp_path / "study" / "a")
    write_series(second, tmp_path / "study" / "b")
    refused(
        synthesize(tmp_path / "study"),
        "--series",
        first[0].SeriesInstanceUID,
        second[0].SeriesInstanceUID,
    )
    refused(synthesize(tmp_path / "study", "--series", "1.2.3"), "1.2.3")
    chosen = CliRunner().invoke(
        app,
        [
            *("synthesize", str(tmp_path / "study"), "-o", str(tmp_path / "out"), "--json"),
            *("--series", second[0].SeriesInstanceUID),
        ],
    )
    assert chosen.exit_code == 0, chosen.stderr
    record = json.loads(chosen.stdout)
    assert record["input"]["series_instance_uid"] == second[0].SeriesInstanceUID


def test_our_own_output(synthesize, tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    CliRunner().invoke(app, ["synthesize", str(ct), "-o", str(tmp_path / "first"), "-q"])
    refused(synthesize(tmp_path / "first"), "ynthetic")


def test_output_folder_in_use(synthesize, tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "kept.txt").write_text("kept")
    refused(synthesize(ct, out=tmp_path / "used"), "already holds")
    assert (tmp_path / "used" / "kept.txt").read_text() == "kept"


def test_unwritable_out(synthesize, tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    (tmp_path / "file").write_text("in the way")
    refused(synthesize(ct, out=tmp_path / "file" / "out"), "file")


@pytest.mark.disk_mib(70)
def test_disk_too_small(synthesize, tmp_path, small_disk):
    ct = write_series(ct_series(), tmp_path / "ct")
    (small_disk / "filler").write_bytes(bytes(60 * 2**20))
    refused(synthesize(ct, out=small_disk / "out"), "MB free", "needs")
    assert sorted(p.name for p in small_disk.iterdir()) == ["filler"]


@pytest.mark.disk_mib(70)
@pytest.mark.parametrize("left_bytes", [8192, 65536])
def test_disk_that_fills_half_way(synthesize, tmp_path, small_disk, monkeypatch, left_bytes):
    """First while the series is written, then while the preview is."""
    ct = write_series(ct_series(), tmp_path / "ct")
    (small_disk / "filler").write_bytes(bytes(70 * 2**20 - left_bytes))
    monkeypatch.setattr("ctpet.job.run.NEEDED_BYTES", 0)
    refused(synthesize(ct, out=small_disk / "out"), "full")
    assert sorted(p.name for p in small_disk.iterdir()) == ["filler"]


def test_a_nema_phantom_without_header_has_no_suv(shared_data, tmp_path):
    with tarfile.open(shared_data / "pet-nema-iq" / "pet_recon_1.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    outcome = CliRunner().invoke(app, ["suv", str(tmp_path), "--json"])
    assert outcome.exit_code == 3
    report = json.loads(outcome.stdout)
    assert report["factor"] is None
    assert any(f["severity"] == "error" and "nits" in f["message"] for f in report["findings"])


def test_unknown_model_is_a_failure_that_lists_the_shipped_ones(tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    outcome = CliRunner().invoke(app, ["synthesize", str(ct), "-o", str(tmp_path / "o"), "-m", "x"])
    assert outcome.exit_code == 1
    assert "tissue-lookup" in outcome.stderr
    assert not (tmp_path / "o").exists()


def test_absent_device_is_a_failure_and_nonsense_is_usage(tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    common = ["synthesize", str(ct), "-o", str(tmp_path / "o")]
    assert CliRunner().invoke(app, [*common, "--device", "tpu"]).exit_code == 2
    assert CliRunner().invoke(app, [*common, "--precision", "int3"]).exit_code == 2
    if shutil.which("nvidia-smi") is None:
        outcome = CliRunner().invoke(app, [*common, "--device", "cuda:0"])
        assert outcome.exit_code == 1
        assert "cuda" in outcome.stderr.lower()
    assert not (tmp_path / "o").exists()


def test_debug_shows_the_traceback_and_keeps_the_exit_code(tmp_path):
    (tmp_path / "empty").mkdir()
    outcome = CliRunner().invoke(
        app, ["synthesize", str(tmp_path / "empty"), "-o", str(tmp_path / "o"), "--debug"]
    )
    assert outcome.exit_code == 3
    assert "Traceback" in outcome.stderr
    assert outcome.stderr.splitlines()[-1].startswith("ctpet: ")


def test_more_threads_than_cores_is_a_failure(tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    outcome = CliRunner().invoke(
        app, ["synthesize", str(ct), "-o", str(tmp_path / "o"), "--threads", "5000"]
    )
    assert outcome.exit_code == 1
    assert "5000 threads" in outcome.stderr
    assert not (tmp_path / "o").exists()


def test_a_file_nobody_may_read_is_no_missing_slice(synthesize, tmp_path, monkeypatch):
    folder = write_series(ct_series(), tmp_path / "ct")
    opened = FileOpener.open

    def denied(self, file):
        if file.path.name == "IMG00005.dcm":
            raise PermissionError(errno.EACCES, "Permission denied", str(file.path))
        return opened(self, file)

    monkeypatch.setattr(FileOpener, "open", denied)
    refused(synthesize(folder), "Permission denied")


def test_a_damaged_archive(synthesize, tmp_path):
    folder = write_series(ct_series(), tmp_path / "ct")
    archive = Path(shutil.make_archive(str(tmp_path / "study"), "zip", folder))
    data = bytearray(archive.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    archive.write_bytes(data)
    refused(synthesize(archive), "zip")


def test_suv_is_no_ct_and_stays_marked(synthesize, tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    CliRunner().invoke(app, ["synthesize", str(ct), "-o", str(tmp_path / "first"), "-q"])
    ours, measured = tmp_path / "ours.nii.gz", tmp_path / "measured.nii.gz"
    CliRunner().invoke(app, ["suv", str(tmp_path / "first"), "-o", str(ours)])
    assert b"SYNTHETIC" in nibabel.load(ours).header["descrip"].item()
    refused(synthesize(ours), "synthetic")
    pet = write_series(pet_series(), tmp_path / "pet")
    CliRunner().invoke(app, ["suv", str(pet), "-o", str(measured)])
    refused(synthesize(measured), "SUV")


def test_a_refused_pet_gets_one_line(tmp_path):
    slices = pet_series()
    for ds in slices:
        ds.Units = "PROPCPS"
    outcome = CliRunner().invoke(app, ["suv", str(write_series(slices, tmp_path / "pet"))])
    refused(outcome, "PROPCPS")


def test_json_reports_a_refusal_too(tmp_path):
    (tmp_path / "empty").mkdir()
    outcome = CliRunner().invoke(
        app, ["synthesize", str(tmp_path / "empty"), "-o", str(tmp_path / "o"), "--json"]
    )
    assert outcome.exit_code == 3
    assert set(json.loads(outcome.stdout)["error"]) == {"code", "message", "remedy"}


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_half_way(tmp_path, stop):
    ct = write_series(ct_series(body_hu((80, 256, 256))), tmp_path / "ct")
    run = subprocess.Popen(
        [sys.executable, "-m", "ctpet", "synthesize", str(ct), "-o", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(stop, signal.SIG_DFL),  # noqa: PLW1509
    )
    for line in run.stderr:
        if line.startswith("scan"):
            break
    time.sleep(0.1)
    run.send_signal(stop)
    _, rest = run.communicate()
    assert run.returncode == 130
    assert "Traceback" not in rest
    assert "Stopped" in rest
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ct"]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_closing_terminal_does_not_stop_what_was_started_with_nohup(tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    run = subprocess.Popen(
        [sys.executable, "-m", "ctpet", "synthesize", str(ct), "-o", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),  # noqa: PLW1509
    )
    for line in run.stderr:
        if line.startswith("scan"):
            break
    run.send_signal(signal.SIGHUP)
    _, rest = run.communicate()
    assert run.returncode == 0, rest
    assert (tmp_path / "out" / "run.json").is_file()


def test_uids_never_depend_on_the_run(tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    for name in ("a", "b"):
        outcome = CliRunner().invoke(app, ["synthesize", str(ct), "-o", str(tmp_path / name), "-q"])
        assert outcome.exit_code == 0, outcome.stderr
    first = {p.name: p.read_bytes() for p in (tmp_path / "a" / "pet").iterdir()}
    second = {p.name: p.read_bytes() for p in (tmp_path / "b" / "pet").iterdir()}
    assert first == second
