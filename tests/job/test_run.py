"""The main job: what it writes, and that it is true."""

import functools
import json
import re
import shutil

import numpy as np
import onnx
import pytest
import SimpleITK

from ctpet import api
from ctpet.contract import METADATA_KEY
from ctpet.dicom.discover import discover
from ctpet.dicom.read_pet import read_pet
from ctpet.errors import InputRefused
from ctpet.nifti import write_nifti
from ctpet.volume import Geometry, Volume
from tests.conftest import REPOSITORY
from tests.dicom_factory import body_hu, ct_series, write_series

synthesize = functools.partial(api.synthesize, model="tissue-lookup")


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A finished job on a small CT, with NIfTI."""
    folder = tmp_path_factory.mktemp("job")
    ct = write_series(ct_series(), folder / "ct")
    return synthesize(ct, folder / "out", also=["nifti"])


def test_everything_is_written(job):
    names = sorted(p.relative_to(job.out).as_posix() for p in job.out.rglob("*") if p.is_file())
    assert names == sorted(job.record.output.files)
    assert {"preview.png", "run.json", "pet.nii.gz", "pet/PET00001.dcm"} <= set(names)


def test_the_record_on_disk_is_the_record(job):
    written = json.loads((job.out / "run.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(job.record.to_json()))
    assert written["schema"] == "ctpet.run/1"


def test_the_record_says_what_ran(job):
    record = job.record
    assert record.execution["precision"] == "fp32"
    assert record.execution["windows"] == 1
    assert record.model["name"] == "tissue-lookup"
    assert len(record.input.sop_instance_uids) == 12
    assert [stage.name for stage in record.stages] == [
        *(
            "model",
            "scan",
            "read",
            "guard",
            "resample",
            "compile",
            "predict",
            "write",
            "nifti",
            "preview",
        )
    ]
    assert record.peak_memory_bytes > 50e6
    on_disk = sum(p.stat().st_size for p in (job.out / "pet").iterdir())
    assert next(s.bytes for s in record.stages if s.name == "write") == on_disk


def test_the_record_holds_no_patient_data(job):
    text = (job.out / "run.json").read_text("utf-8")
    for secret in ("Nguy", "Ánh", "BN-0042", "19610203", "20260105", str(job.out.parent)):
        assert secret not in text


def test_every_key_of_the_record_is_documented(job):
    documented = (REPOSITORY / "docs" / "run-record.md").read_text("utf-8")

    def keys(value, prefix=""):
        if not isinstance(value, dict):
            return
        for key, inner in value.items():
            yield key
            if prefix == "" and key in ("execution", "input", "output"):
                yield from keys(inner, key)

    for key in keys(job.record.to_json()):
        assert re.search(rf"[`.]{key}[`.]", documented), f"{key} is not in docs/run-record.md"


def test_dicom_and_nifti_hold_the_same_pet(job):
    pet = read_pet(discover(job.out / "pet").series[0]).volume
    nifti = SimpleITK.ReadImage(str(job.out / "pet.nii.gz"))
    np.testing.assert_allclose(nifti.GetOrigin(), pet.geometry.origin_mm, atol=1e-3)
    np.testing.assert_allclose(nifti.GetSpacing(), pet.geometry.spacing_mm[::-1], atol=1e-5)
    np.testing.assert_allclose(SimpleITK.GetArrayFromImage(nifti), pet.array, atol=1e-4)


def test_the_pet_covers_the_ct_and_shows_its_tissue(job):
    pet = SimpleITK.ReadImage(str(job.out / "pet.nii.gz"))
    assert pet.GetSpacing() == pytest.approx((4, 4, 4))

    def suv_at(i, j, k):
        """The PET at an index of the CT."""
        return pet[pet.TransformPhysicalPointToIndex((-60 + 2.0 * i, -50 + 2.0 * j, 10 + 3.0 * k))]

    assert 0.8 < suv_at(12, 20, 3) < 1.3
    assert 0 <= suv_at(1, 1, 6) < 0.1


def test_a_nifti_ct_gives_nifti_only_and_the_same_numbers(job, tmp_path):
    hu = body_hu((12, 40, 48)).astype(np.float32)
    affine = np.eye(4)
    affine[:3, :3] = [[0, 0, 2.0], [0, 2.0, 0], [3.0, 0, 0]]
    affine[:3, 3] = (-60, -50, 10)
    write_nifti(Volume(hu, Geometry(hu.shape, affine), "HU"), tmp_path / "ct.nii.gz")
    result = synthesize(tmp_path / "ct.nii.gz", tmp_path / "out")
    assert result.record.output.files == ("pet.nii.gz", "preview.png", "run.json")
    assert result.record.input.format == "nifti"
    np.testing.assert_array_equal(
        *(
            SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / "pet.nii.gz")))
            for out in (result.out, job.out)
        )
    )


def test_a_zip_gives_the_same_series_as_its_folder(job, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "study"), "zip", job.out.parent / "ct")
    again = synthesize(archive, tmp_path / "out")
    assert again.record.output.series_instance_uid == job.record.output.series_instance_uid


def test_another_model_gives_another_series(job, tmp_path):
    model = onnx.load(REPOSITORY / "checkpoints" / "tissue-lookup.onnx")
    for prop in model.metadata_props:
        if prop.key == METADATA_KEY:
            prop.value = prop.value.replace('"model_version": "1.0.0"', '"model_version": "1.0.1"')
    onnx.save(model, tmp_path / "other.onnx")
    again = synthesize(job.out.parent / "ct", tmp_path / "out", model=tmp_path / "other.onnx")
    assert again.record.output.series_instance_uid != job.record.output.series_instance_uid


def test_progress_runs_from_nothing_to_all(tmp_path):
    ct = write_series(ct_series(), tmp_path / "ct")
    seen: dict[str, list[float]] = {}
    synthesize(
        ct, tmp_path / "out", progress=lambda stage, done: seen.setdefault(stage, []).append(done)
    )
    assert list(seen) == ["scan", "read", "resample", "compile", "predict", "write", "preview"]
    for stage, fractions in seen.items():
        assert fractions == sorted(fractions), stage
        assert fractions[-1] == 1.0, stage


def test_a_refusal_leaves_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputRefused):
        synthesize(tmp_path / "empty", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]
