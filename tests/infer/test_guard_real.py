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
from ctpet.volume import Geometry, Volume

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
        if archive.stem.startswith(("STS_002", "STS_013", "STS_020")):
            assert passed(crops(ct, 90), contract)[0] == 1.0, archive.name
        for code, spoil in SPOILT.items():
            told = judge_ct(Volume(spoil(ct.array), ct.geometry, "HU"), contract)
            assert told[-1].code == code, archive.name


def crops(ct, side_mm):
    """Every cube of a CT, side by side, of which a quarter is body."""
    counts = [round(side_mm / mm) for mm in ct.geometry.spacing_mm]
    for corner in np.ndindex(
        *(n // count for n, count in zip(ct.array.shape, counts, strict=True))
    ):
        box = tuple(slice(c * n, (c + 1) * n) for c, n in zip(corner, counts, strict=True))
        hu = np.ascontiguousarray(ct.array[box])
        if (hu > -500).mean() > 0.25:
            yield Volume(hu, Geometry(hu.shape, ct.geometry.affine), "HU")


def passed(cts, contract):
    """The part of CTs without an error, and the part that is not told to be unconfirmed either."""
    found = [judge_ct(ct, contract) for ct in cts]
    clean = [all(f.severity != "error" for f in one) for one in found]
    sure = [ok and all(f.code != "scale-unconfirmed" for f in one)
            for ok, one in zip(clean, found, strict=True)]  # fmt: skip
    return float(np.mean(clean)), float(np.mean(sure))


@pytest.mark.parametrize(("side_mm", "least"), [(60, 0.95), (90, 1.0), (120, 1.0)])
def test_small_fields_of_a_trunk_pass(shared_data, contract, side_mm, least):
    ct = read_nifti_ct(shared_data / "ct-organs" / "example_ct.nii.gz").volume
    fields = list(crops(ct, side_mm))
    assert len(fields) > 5
    assert passed(fields, contract)[0] >= least


@pytest.mark.parametrize("side_mm", [60, 90])
def test_spoilt_small_fields_are_refused_or_told(shared_data, contract, side_mm):
    ct = read_nifti_ct(shared_data / "ct-organs" / "example_ct.nii.gz").volume
    fields = list(crops(ct, side_mm))
    for code, spoil in SPOILT.items():
        spoilt = [Volume(spoil(one.array), one.geometry, "HU") for one in fields]
        if code != "clipped-above":  # without bone nothing is cut
            assert passed(spoilt, contract)[1] <= 0.02, code


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
