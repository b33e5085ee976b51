"""The guard on real CTs, with the model that is shipped."""

import tarfile

import numpy as np
import pytest

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.infer.guard import guard_ct, judge_ct
from ctpet.infer.model import load_model
from ctpet.infer.shipped import find_model
from ctpet.nifti import read_nifti_ct
from ctpet.volume import Volume

ALWAYS = {"extent-not-seen", "truncated"}
"""Of crops around a tumour of a limb, longer than the boxes that the model saw."""


@pytest.fixture(scope="module")
def contract():
    return load_model(find_model("tissue-lookup")).contract


def read_archive(archive, folder):
    with tarfile.open(archive) as tar:
        tar.extractall(folder, [m for m in tar if "/CT/" in m.name], filter="data")
    return read_ct(discover(folder).series[0]).volume


@pytest.mark.slow
def test_every_sarcoma_patient_passes_and_spoilt_is_refused(shared_data, tmp_path, contract):
    """One pass, because unpacking takes most of the time."""
    archives = sorted((shared_data / "sts").glob("STS_*.tar.xz"))
    assert len(archives) == 35
    for archive in archives:
        ct = read_archive(archive, tmp_path / archive.stem)
        found = guard_ct(ct, contract)
        assert {finding.code for finding in found} == ALWAYS, archive.name
        for code, spoil in SPOILT.items():
            told = judge_ct(Volume(spoil(ct.array), ct.geometry, "HU"), contract)
            assert told[-1].code == code, archive.name


SPOILT = {
    "eight-bit": lambda hu: np.rint((np.clip(hu, -160, 240) + 160) * np.float32(255 / 400)),
    "offset-missing": lambda hu: hu + 1024,
    "inverted": lambda hu: -hu,
    "air-misplaced": lambda hu: hu * np.float32(0.5),
    "darker-than-air": lambda hu: hu * 10,
    "clipped-above": lambda hu: np.clip(hu, -1000, 400),
    "tissue-misplaced": lambda hu: hu - 200,
}


def test_a_trunk_with_metal_and_without_contrast_agent(shared_data, contract):
    """A hip with screws, cut at both sides; its kidneys and aorta have 38 HU."""
    ct = read_nifti_ct(shared_data / "ct-organs" / "example_ct.nii.gz").volume
    found = {finding.code: finding.message for finding in guard_ct(ct, contract)}
    assert set(found) == ALWAYS | {"metal"}
    assert "covers 336 mm" in found["extent-not-seen"]
    assert "7.4 mL" in found["metal"]


@pytest.mark.parametrize("name", ["gantry-tilt", "missing-slice"])
def test_noise_in_eight_bits_is_no_body(shared_data, contract, name):
    """The pixels of these test files were replaced by random bytes, 0 to 254."""
    for series in discover(shared_data / "ct-odd" / name).series:
        ct = read_ct(series).volume
        errors = [f.code for f in judge_ct(ct, contract) if f.severity == "error"]
        assert errors == ["slices-too-few", "no-body"]
