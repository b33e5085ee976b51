"""The job asks the guard before it predicts, and records what the guard found."""

import json

import pytest

from ctpet import api
from ctpet.errors import InputRefused
from ctpet.nifti import write_nifti
from tests.dicom_factory import ct_series, write_series
from tests.infer.bodies import bad_ct, torso, volume


def test_a_dicom_ct_without_its_offset_is_refused_and_leaves_nothing(tmp_path):
    slices = ct_series()
    for ds in slices:
        ds.RescaleIntercept = "0"
    ct = write_series(slices, tmp_path / "ct")
    with pytest.raises(InputRefused) as caught:
        api.synthesize(ct, tmp_path / "out")
    assert caught.value.code == "offset-missing"
    assert [path.name for path in tmp_path.iterdir()] == ["ct"]


def test_an_mr_as_nifti_is_refused_and_leaves_nothing(tmp_path):
    write_nifti(bad_ct("MR"), tmp_path / "ct.nii.gz")
    with pytest.raises(InputRefused) as caught:
        api.synthesize(tmp_path / "ct.nii.gz", tmp_path / "out")
    assert caught.value.code == "not-hu"
    assert [path.name for path in tmp_path.iterdir()] == ["ct.nii.gz"]


def test_findings_are_in_the_record_with_what_the_model_saw(tmp_path):
    hu = torso()
    hu[10:20, 40:45, 60:65] = 8000
    write_nifti(volume(hu, (5.0, 4.0, 4.0)), tmp_path / "ct.nii.gz")
    api.synthesize(tmp_path / "ct.nii.gz", tmp_path / "out", model="tissue-lookup")
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    told = {finding["code"]: finding["message"] for finding in record["findings"]}
    assert list(told) == ["slice-spacing-not-seen", "extent-not-seen", "metal"]
    assert "covers 200 mm" in told["extent-not-seen"]
    assert "tissue-lookup saw 96 mm at once (35 patients of the TCIA" in told["extent-not-seen"]
    assert record["model"]["extent_seen_mm"] == [96.0, 96.0]
    assert record["model"]["slice_spacing_seen_mm"] == [3.27, 3.27]
    assert {"name", "seconds", "bytes"} == set(record["stages"][2])
    assert record["stages"][2]["name"] == "guard"
