"""Bounds beside the PET: legal series of their own, or NIfTI, and nothing where nobody asks."""

import json

import numpy as np
import pytest
import SimpleITK
from pydicom import dcmread
from typer.testing import CliRunner

from ctpet import api, cli
from ctpet.contract import IntervalPromise
from ctpet.dicom.bound import bounds_of
from ctpet.dicom.discover import discover
from ctpet.dicom.read_pet import read_pet
from ctpet.errors import InputRefused
from ctpet.nifti import write_nifti
from ctpet.texts import model_text, synthesis_text
from ctpet.volume import Geometry, Volume
from tests.dicom_factory import body_hu, ct_series, write_series
from tests.onnx_factory import a_model, identity_bytes, interval_bytes
from tests.validators import assert_valid_series

PROMISE = IntervalPromise(0.9, "12 patients of made cases", 12, (1.0,), (1.2, 1.4))
NAMES = ("pet", "pet_low", "pet_high")


@pytest.fixture(scope="module")
def bounded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    a_model(folder, interval_bytes(), suv_range=(0.0, 6.0), interval=PROMISE)
    return folder / "model.onnx"


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    return write_series(ct_series(), tmp_path_factory.mktemp("ct") / "ct")


@pytest.fixture(scope="module")
def job(tmp_path_factory, ct, bounded):
    out = tmp_path_factory.mktemp("job") / "out"
    return api.synthesize(ct, out, model=bounded, also=["interval", "nifti"])


@pytest.fixture(scope="module")
def plain(tmp_path_factory, ct, bounded):
    return api.synthesize(ct, tmp_path_factory.mktemp("plain") / "out", model=bounded)


def headers(job, name):
    return [dcmread(path) for path in sorted((job.out / name).glob("*.dcm"))]


def test_bounds_are_series_of_the_same_study_and_frame_of_reference(job, ct):
    pet, low, high = (headers(job, name) for name in NAMES)
    assert len(pet) == len(low) == len(high)
    uids = [one.SeriesInstanceUID for one in (pet[0], low[0], high[0])]
    record = job.record.output
    assert uids == [
        record.series_instance_uid,
        record.interval.lower_series_instance_uid,
        record.interval.upper_series_instance_uid,
    ]
    assert len({one.SOPInstanceUID for one in (*pet, *low, *high)}) == 3 * len(pet)
    assert len(set(uids)) == 3
    for same in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "Units", "SUVType"):
        assert len({str(getattr(one, same)) for one in (*pet, *low, *high)}) == 1
    source = dcmread(next(ct.glob("*.dcm")))
    assert low[0].StudyInstanceUID == source.StudyInstanceUID


def test_each_series_says_what_it_is_and_that_it_is_synthetic(job):
    told = [headers(job, name)[0].SeriesDescription for name in NAMES]
    assert told == [
        "SYNTHETIC FDG-PET SUVbw (AI from CT) NOT FOR DIAGNOSIS",
        "SYNTHETIC FDG-PET lower bound 5 % (AI) NOT FOR DIAGNOSIS",
        "SYNTHETIC FDG-PET upper bound 95 % (AI) NOT FOR DIAGNOSIS",
    ]
    for name, words in zip(NAMES[1:], ("lower bound 5 %", "upper bound 95 %"), strict=True):
        one = headers(job, name)[0]
        assert one.SyntheticData == "YES"
        assert f"shows={words}" in one.DerivationDescription
        assert "Not for diagnosis" in one.DerivationDescription
    numbers = [int(headers(job, name)[0].SeriesNumber) for name in NAMES]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("name", NAMES)
def test_validators_accept_each_series(job, ct, tmp_path, require_tool, name):
    assert_valid_series(job.out / name, ct, tmp_path / "copy", require_tool)


def test_dicom_and_nifti_hold_the_same_bounds_and_these_are_the_models(job):
    pet, low, high = (read_pet(discover(job.out / name).series[0]).volume for name in NAMES)
    np.testing.assert_allclose(low.array, pet.array / 2, atol=1e-3)
    np.testing.assert_allclose(high.array, pet.array * 2, atol=1e-3)
    assert high.array.max() > 1
    for name, volume in zip(NAMES, (pet, low, high), strict=True):
        nifti = SimpleITK.ReadImage(str(job.out / f"{name}.nii.gz"))
        np.testing.assert_allclose(SimpleITK.GetArrayFromImage(nifti), volume.array, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_nifti_bound_is_no_ct(job, tmp_path, name):
    with pytest.raises(InputRefused, match="synthetic"):
        api.synthesize(job.out / f"{name}.nii.gz", tmp_path / "out", model="tissue-lookup")


def test_a_nifti_ct_gives_nifti_bounds(tmp_path, bounded):
    hu = body_hu((12, 40, 48)).astype(np.float32)
    affine = np.eye(4)
    affine[:3, :3] = [[0, 0, 2.0], [0, 2.0, 0], [3.0, 0, 0]]
    write_nifti(Volume(hu, Geometry(hu.shape, affine), "HU"), tmp_path / "ct.nii.gz")
    result = api.synthesize(
        tmp_path / "ct.nii.gz", tmp_path / "out", model=bounded, also=["interval"]
    )
    files = (*(f"{name}.nii.gz" for name in NAMES), "preview.png", "run.json")
    assert result.record.output.files == files
    assert result.record.output.interval.lower_series_instance_uid == ""


def test_the_record_states_coverage_on_whom_and_what_is_outside(job):
    told = json.loads((job.out / "run.json").read_text("utf-8"))["output"]["interval"]
    assert (told["coverage"], told["patients"]) == (0.9, 12)
    assert told["calibrated_on"] == "12 patients of made cases"
    assert "Lesions that the CT does not show lie outside" in told["meaning"]
    text = synthesis_text(job)
    assert told["meaning"] in text
    assert "  pet_low/     " in text
    assert text.count("\n") < 30


def test_info_states_it_too(bounded):
    told = model_text(api.info(bounded))
    assert f"interval   {PROMISE.in_words}" in told
    assert "interval" not in model_text(api.info("tissue-lookup"))


def test_without_interval_nothing_is_there_of_it(plain, job):
    files = [path.relative_to(plain.out).as_posix() for path in plain.out.rglob("*.*")]
    assert not [name for name in files if "low" in name or "high" in name]
    assert "interval" not in json.loads((plain.out / "run.json").read_text("utf-8"))["output"]
    for path in (plain.out / "pet").iterdir():
        assert path.read_bytes() == (job.out / "pet" / path.name).read_bytes()


def test_the_preview_shows_the_width(plain, job):
    with_width, without = ((one.out / "preview.png").read_bytes() for one in (job, plain))
    assert with_width != without


@pytest.mark.parametrize("model", ["tissue-lookup", "own"])
def test_a_model_without_interval_is_refused_and_nothing_is_written(tmp_path, ct, model):
    if model == "own":
        a_model(tmp_path, identity_bytes())
        model = tmp_path / "model.onnx"
    out = tmp_path / "out"
    done = CliRunner().invoke(
        cli.app, ["synthesize", str(ct), "-o", str(out), "-m", str(model), "--interval"]
    )
    assert done.exit_code == 3
    assert done.stderr.count("\n") == 1
    assert "gives one SUV a voxel and no interval" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        (0.9, ("lower bound 5 %", "upper bound 95 %")),
        (0.95, ("lower bound 2.5 %", "upper bound 97.5 %")),
        (0.8, ("lower bound 10 %", "upper bound 90 %")),
        (0.999, ("lower bound 0.05 %", "upper bound 99.95 %")),
    ],
)
def test_quantiles_of_bounds_are_the_tails(coverage, words):
    told = tuple(one.in_words for one in bounds_of(coverage))
    assert told == words
    assert max(len(f"SYNTHETIC 1234567-PET {one} (AI) NOT FOR DIAGNOSIS") for one in told) <= 64
