"""What `ctpet doctor` says follows from what is there."""

import importlib.metadata
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ctpet import api, doctor
from ctpet.cli import app
from ctpet.infer.backend import Execution
from ctpet.infer.engines import open_backend
from ctpet.infer.providers import Offered
from ctpet.infer.runtime import onnxruntime
from tests.dicom_factory import ct_series, write_series
from tests.onnx_factory import a_model, identity_bytes

PLAIN = Offered((), "CUDA: no driver", (), "OpenVINO: no plugin", 3, 4)


def check(report, name):
    (found,) = (item for item in report.checks if item.name == name)
    return found


def test_it_says_what_synthesize_will_use(tmp_path):
    report = doctor.examine(Path())
    backend = open_backend(a_model(tmp_path, identity_bytes()), (4, 4, 4), Execution())
    assert (report.provider, report.device, report.precision, report.threads) == (
        backend.info.provider,
        backend.info.device,
        backend.info.precision,
        backend.info.threads,
    )
    assert report.healthy
    assert 0 < report.model_memory_bytes < report.memory_bytes


def test_each_absence_has_a_remedy_and_each_presence_none():
    for item in doctor.examine(Path()).checks:
        assert bool(item.remedy) == (item.status != "ok"), item


def test_what_is_passed_over_is_told(monkeypatch):
    monkeypatch.setattr(doctor, "offered", lambda: PLAIN)
    report = doctor.examine(Path())
    assert report.provider == "CPUExecutionProvider"
    assert report.threads == 3
    assert report.why[:2] == ("CUDA: no driver", "OpenVINO: no plugin")
    assert check(report, "CUDA").detail == "no driver"


def test_onnxruntime_may_be_installed_under_another_name(monkeypatch, tmp_path):
    """As onnxruntime-gpu: there is no distribution onnxruntime then."""
    find = importlib.metadata.distribution

    def without(name):
        if name == "onnxruntime":
            raise importlib.metadata.PackageNotFoundError(name)
        return find(name)

    monkeypatch.setattr("importlib.metadata.distribution", without)
    assert doctor.examine(Path()).versions["onnxruntime"] == onnxruntime.__version__
    result = api.synthesize(write_series(ct_series(), tmp_path / "ct"), tmp_path / "out")
    assert result.record.versions["onnxruntime"] == onnxruntime.__version__


def test_a_gpu_and_openvino_are_shown(monkeypatch):
    machine = Offered((80 * 2**30,), "", ("fp32", "bf16"), "", 3, 4)
    monkeypatch.setattr(doctor, "offered", lambda: machine)
    report = doctor.examine(Path())
    assert (report.provider, report.device) == ("CUDAExecutionProvider", "cuda:0")
    assert check(report, "CUDA").detail == "1 devices with 80 GiB"
    assert check(report, "OpenVINO").detail == "computes in fp32 and bf16"


@pytest.mark.parametrize("damage", ["changed", "absent"])
def test_a_damaged_model_is_broken(monkeypatch, tmp_path, damage):
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  lookup.onnx\n")
    if damage == "changed":
        (tmp_path / "lookup.onnx").write_bytes(b"something else")
    monkeypatch.setattr(doctor, "resource_folder", lambda _: tmp_path)
    report = doctor.examine(Path())
    assert check(report, "lookup.onnx").status == "broken"
    assert not report.healthy
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1


def test_a_missing_decoder_is_broken(monkeypatch):
    monkeypatch.setitem(doctor.DECODERS, "ctpet-no-such-decoder", "JPEG Nothing")
    report = doctor.examine(Path())
    missing = check(report, "ctpet-no-such-decoder")
    assert (missing.status, missing.remedy) == ("broken", "pip install ctpet-no-such-decoder")


def test_the_command_reports_both_ways():
    told = CliRunner().invoke(app, ["doctor"])
    assert told.exit_code == 0
    assert "runs on" in told.stdout
    assert json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)["precision"] == "fp32"
