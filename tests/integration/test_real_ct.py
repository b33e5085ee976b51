"""The main job on a real CT: accepted by validators, and lying where the patient lies."""

import json
import subprocess
import sys
import tarfile

import numpy as np
import pytest
import SimpleITK

from tests.validators import assert_valid_series

PATIENT = "STS_002"


@pytest.fixture(scope="module")
def study(shared_data, tmp_path_factory):
    """The CT of one patient, and what `ctpet synthesize` made of it.

    By the lookup, whose PET is a function of the CT number, so that a shift can be seen.
    """
    folder = tmp_path_factory.mktemp("real")
    with tarfile.open(shared_data / "sts" / f"{PATIENT}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    ct, out = folder / PATIENT / "CT", folder / "out"
    subprocess.run(
        [
            *(sys.executable, "-m", "ctpet", "synthesize", ct, "-o", out),
            *("-m", "tissue-lookup", "--quiet"),
        ],
        check=True,
    )
    return ct, out


def read_with_itk(folder):
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return SimpleITK.Cast(reader.Execute(), SimpleITK.sitkFloat32)


def test_validators_accept_it(study, tmp_path, require_tool):
    ct, out = study
    excused = ("StudyID", "Study ID")
    assert_valid_series(out / "pet", ct, tmp_path / "copy", require_tool, excused=excused)


def test_it_covers_the_ct(study):
    ct, pet = (read_with_itk(folder) for folder in (study[0], study[1] / "pet"))
    for axis in range(3):
        half = [image.GetSpacing()[axis] / 2 for image in (ct, pet)]
        size = [image.GetSize()[axis] * image.GetSpacing()[axis] for image in (ct, pet)]
        low = [image.GetOrigin()[axis] - h for image, h in zip((ct, pet), half, strict=True)]
        assert low[1] <= low[0] + 1e-3
        assert low[1] + size[1] >= low[0] + size[0] - 1e-3
        assert size[1] < size[0] + pet.GetSpacing()[axis]


def test_it_lies_over_its_ct(study):
    """Another toolkit places both; a shift of one voxel any way makes them agree less."""
    ct, pet = (read_with_itk(folder) for folder in (study[0], study[1] / "pet"))
    smooth = SimpleITK.SmoothingRecursiveGaussian(ct, 3.0)
    hu = SimpleITK.GetArrayFromImage(SimpleITK.Resample(smooth, pet, defaultPixelValue=-1024))
    suv = SimpleITK.GetArrayFromImage(pet)
    there = explained(hu, suv, shift=0, axis=0)
    assert there > 0.95
    for axis in range(3):
        assert explained(hu, suv, shift=1, axis=axis) < there - 0.01
        assert explained(hu, suv, shift=-1, axis=axis) < there - 0.01


def explained(hu, suv, *, shift, axis):
    """The part of the PET's variance that the CT number explains, away from the border."""
    inner = (slice(3, -3),) * 3
    bins = np.digitize(np.roll(hu, shift, axis)[inner].ravel(), np.arange(-1000, 300, 20))
    values = suv[inner].ravel()
    means = np.bincount(bins, values) / np.maximum(np.bincount(bins), 1)
    return 1 - np.mean((values - means[bins]) ** 2) / values.var()


def test_the_run_is_recorded(study):
    record = json.loads((study[1] / "run.json").read_text("utf-8"))
    codes = {finding["code"] for finding in record["findings"]}
    assert "source-value-illegal" in codes
    assert record["input"]["grid"]["shape"] == [48, 143, 161]
    assert PATIENT not in (study[1] / "run.json").read_text("utf-8")
