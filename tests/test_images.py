"""One image at a path, and one of several series there."""

from pathlib import Path

import numpy as np
import pytest

from ctpet.errors import InputRefused
from ctpet.evaluate.table import table_cases
from ctpet.images import place_and_series, read_ct_image, read_pet_image
from ctpet.prepare.table_source import table_pairs
from tests.dicom.reading import ramp_series
from tests.dicom.test_acquisitions import RAMP, another
from tests.dicom_factory import write_series
from tests.pet_factory import FACTOR, pet_series, suv_pattern


@pytest.fixture
def study(tmp_path):
    """CT/ with two passes and PET/ with two time points, and the UIDs of both series."""
    ct = ramp_series(12)
    pet = pet_series()
    late = another(pet, FrameReferenceTime="600000", AcquisitionTime="111000.0")
    for ds in late:
        ds.RescaleSlope = "1"
    for ds in (*pet, *late):
        ds.PatientID = ct[0].PatientID
    write_series([*ct, *another(ct, AcquisitionNumber="2")], tmp_path / "CT")
    write_series([*pet, *late], tmp_path / "PET")
    return tmp_path, ct[0].SeriesInstanceUID, pet[0].SeriesInstanceUID


@pytest.mark.parametrize(
    ("path", "place", "series"),
    [
        ("a/b#1.2.3", "a/b", "1.2.3"),
        ("a/b#1.2.3#2", "a/b", "1.2.3#2"),
        ("a#7/b#1.2.3#12", "a#7/b", "1.2.3#12"),
        ("a/b", "a/b", None),
        ("a/b#notes", "a/b#notes", None),
    ],
)
def test_a_path_may_name_a_series(path, place, series):
    assert place_and_series(Path(path)) == (Path(place), series)


def test_what_is_there_is_taken_by_its_whole_name(tmp_path):
    (tmp_path / "b#1.2").mkdir()
    assert place_and_series(tmp_path / "b#1.2") == (tmp_path / "b#1.2", None)


def test_a_part_is_read_by_its_path(study):
    root, ct, pet = study
    assert read_ct_image(root / f"CT#{ct}#1").volume.array[:, 0, 0].tolist() == RAMP
    second = read_ct_image(root / f"CT#{ct}#2").volume.array
    assert second[:, 0, 0].tolist() == [value + 50 for value in RAMP]
    assert np.allclose(
        read_pet_image(root / f"PET#{pet}#1").volume.array, suv_pattern(), atol=FACTOR
    )


def test_without_a_name_it_is_refused_without_uids(study):
    root, ct, _ = study
    for path, code in ((root / "CT", "several-series"), (root / f"CT#{ct}#7", "series-not-found")):
        with pytest.raises(InputRefused, match="FOLDER#UID#n") as refused:
            read_ct_image(path)
        assert refused.value.code == code
        assert ct not in str(refused.value)


def test_a_table_of_pairs_names_parts(study):
    root, ct, pet = study
    table = root / "pairs.csv"
    table.write_text(f"patient,ct,pet\nA,CT#{ct}#2,PET#{pet}#1\nB,CTX#{ct}#2,PET#{pet}#1\n")
    (pair,), (refusal,) = table_pairs(table)
    assert refusal.code == "file-missing"
    assert len(list(pair.files())) == 24 + 16
    loaded = pair.load()
    assert loaded.ct.array[0, 0, 0] == 50
    assert np.allclose(loaded.pet.array, suv_pattern(), atol=FACTOR)


def test_a_table_of_cases_names_parts(study):
    root, _, pet = study
    table = root / "cases.csv"
    table.write_text(f"patient,predicted,reference\nA,PET#{pet}#2,PET#{pet}#1\n")
    (case,), refused = table_cases(table)
    assert not refused
    assert case.files["reference"] == root / f"PET#{pet}#1"
