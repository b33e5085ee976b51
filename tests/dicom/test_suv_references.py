"""Real and reference objects of others: IBSI-SUV, its missing variants rebuilt, STS, NEMA IQ.

The objects are CC BY 4.0, oncoray/suv_computation (IBSI); the rest is named in the data's README.
"""

import tarfile

import numpy as np
import pydicom
import pytest
from pydicom.sequence import Sequence

from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.suv_report import suv_report
from ctpet.errors import InputRefused
from tests.dicom_factory import write_series
from tests.pet_factory import add_private, code_item, mean_time_s, set_all, set_injection

F18_S = 6586.2
DOSE_BQ = 368.08e6
FACTOR = 70e3 / (DOSE_BQ * 2 ** (-3600 / F18_S))
"""SUVbw per Bq/mL of object 0_0: 368.08 MBq at 10:00, 70 kg, scanned at 11:00."""

RULES = {
    "0_0": "bqml-start-agreed",
    "1_0": "bqml-start-agreed",
    "2_0": "gml-bw",
    "2_4": "cnts-philips-suv",
    "3_1": "bqml-admin",
    "3_2": "bqml-start-frame-reference",
    "4_1": "bqml-start-agreed",
    "4_2": "bqml-start-agreed",
}


def unpack(archive, folder):
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


def assert_reference(folder):
    """Minimum, median and maximum within the object are 0.20, 1.00 and 4.00."""
    report = suv_report(folder)
    assert not report.refused, report.text()
    reading = read_pet(report.series)
    inside = reading.volume.array[reading.volume.array > 0]
    found = inside.min(), np.median(inside), inside.max()
    assert found == pytest.approx((0.20, 1.00, 4.00), abs=0.03)
    return reading.audit


@pytest.fixture
def dro(shared_data, tmp_path):
    """The slices of object 0_0, to make the variants from that are not at hand."""
    folder = unpack(shared_data / "suv-dro" / "DRO_0_0.tar.xz", tmp_path / "source")
    return [pydicom.dcmread(file) for file in sorted(folder.rglob("*.dcm"))]


def rescale(headers, factor):
    """Make the stored values mean something else: multiply the slopes."""
    for ds in headers:
        ds.RescaleSlope = f"{float(ds.RescaleSlope) * factor:.10g}"


@pytest.mark.parametrize("name", RULES)
def test_reference_object(shared_data, tmp_path, name):
    folder = unpack(shared_data / "suv-dro" / f"DRO_{name}.tar.xz", tmp_path)
    assert assert_reference(folder).rule == RULES[name]


@pytest.mark.parametrize("name", ["0_0", "3_2", "4_2"])
def test_single_slice_of_a_reference_object(shared_data, tmp_path, name):
    folder = unpack(shared_data / "suv-dro" / f"DRO_{name}.tar.xz", tmp_path)
    for file in (min(folder.rglob("*.dcm")), max(folder.rglob("*.dcm"))):
        assert suv_report(file).factor == pytest.approx(FACTOR, rel=1e-4)


def test_2_1_lean_mass_james128_male(dro, tmp_path):
    set_all(dro, Units="GML", SUVType="LBMJAMES128", PatientSex="M")
    rescale(dro, FACTOR * (1.1 * 70 - 128 * (70 / 175) ** 2) / 70)
    assert_reference(write_series(dro, tmp_path / "dro"))


def test_2_2_ideal_weight_of_other_sex(dro, tmp_path):
    set_all(dro, Units="GML", SUVType="IBW", PatientSex="O")
    rescale(dro, FACTOR * ((48 + 1.06 * 23) + (45.5 + 0.91 * 23)) / 2 / 70)
    audit = assert_reference(write_series(dro, tmp_path / "dro"))
    assert "sex-averaged" in {finding.code for finding in audit.findings}


def test_2_3_body_surface(dro, tmp_path):
    set_all(dro, Units="CM2ML", SUVType="BSA")
    rescale(dro, FACTOR * 71.84 * 70**0.425 * 175**0.725 / 70e3)
    assert_reference(write_series(dro, tmp_path / "dro"))


def test_2_5_philips_activity_factor(dro, tmp_path):
    set_all(dro, Units="CNTS", Manufacturer="Philips Medical Systems")
    rescale(dro, 1 / 3)
    add_private(dro, 0x7053, "Philips PET Private Group", 0x00, "DS", "0.0")
    add_private(dro, 0x7053, "Philips PET Private Group", 0x09, "DS", "3")
    audit = assert_reference(write_series(dro, tmp_path / "dro"))
    assert audit.rule == "cnts-philips-activity-start-agreed"


def test_3_0_dose_in_mbq(dro, tmp_path):
    set_injection(dro, RadionuclideTotalDose="368.08")
    assert_reference(write_series(dro, tmp_path / "dro"))


def test_3_3_ge_private_time(dro, tmp_path):
    set_all(dro, Manufacturer="GE MEDICAL SYSTEMS", SeriesTime="113000", AcquisitionTime="111500")
    add_private(dro, 0x0009, "GEMS_PETD_01", 0x0D, "DT", "20250101110000.00")
    audit = assert_reference(write_series(dro, tmp_path / "dro"))
    assert audit.rule == "bqml-start-vendor-private"


@pytest.mark.parametrize("vr", ["DT", "UN"])
def test_3_3_ge_private_time_without_its_creator(dro, tmp_path, vr):
    set_all(dro, Manufacturer="GE MEDICAL SYSTEMS", SeriesTime="113000", AcquisitionTime="111500")
    for ds in dro:
        ds.add_new(0x0009100D, vr, "20250101110000.00" if vr == "DT" else b"20250101110000.00 ")
    audit = assert_reference(write_series(dro, tmp_path / "dro"))
    assert audit.rule == "bqml-start-vendor-private"
    assert "private-creator-missing" in {finding.code for finding in audit.findings}


def test_3_4_no_decay_correction_and_two_beds(dro, tmp_path):
    set_all(dro, DecayCorrection="NONE", CorrectedImage=["ATTN"])
    for k, ds in enumerate(dro):
        late_s = 300 if k >= 10 else 0
        ds.AcquisitionTime = "110500" if late_s else "110000"
        uncorrected = 2 ** (-(late_s + mean_time_s(300)) / F18_S)
        rescale([ds], uncorrected)
    audit = assert_reference(write_series(dro, tmp_path / "dro"))
    assert len(set(audit.factors)) == 2


def test_4_0_datetime_of_injection_alone(dro, tmp_path):
    set_injection(dro, RadiopharmaceuticalStartTime=None)
    assert_reference(write_series(dro, tmp_path / "dro"))


def test_5_0_gallium(dro, tmp_path):
    gallium = Sequence([code_item("C-131A3", "SRT", "^68^Gallium")])
    set_injection(dro, RadionuclideHalfLife="4062.6", RadionuclideCodeSequence=gallium)
    rescale(dro, 2 ** (-3600 / 4062.6) / 2 ** (-3600 / F18_S))
    audit = assert_reference(write_series(dro, tmp_path / "dro"))
    assert {finding.code for finding in audit.findings} == {"tracer-not-fdg"}


def test_weight_in_grams(dro, tmp_path):
    set_all(dro, PatientWeight="70000")
    assert_reference(write_series(dro, tmp_path / "dro"))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Units": "PROPCNTS"}, "units-unsupported"),
        ({"PatientWeight": None}, "weight-missing"),
        ({"DecayCorrection": None}, "decay-correction-unknown"),
        ({"RescaleIntercept": "-10"}, "pet-intercept"),
        ({"RadiopharmaceuticalInformationSequence": None}, "injection-missing"),
    ],
)
def test_what_must_be_refused(dro, tmp_path, values, code):
    set_all(dro, **values)
    report = suv_report(write_series(dro, tmp_path / "dro"))
    assert report.refused
    assert report.findings[-1].code == code
    with pytest.raises(InputRefused):
        read_pet(report.series)


def assert_suvbw_already(archive, folder):
    """GML is not multiplied again, though dose, weight and times are all there.

    The crops state the number of slices that they were cut from.
    """
    with tarfile.open(archive) as tar:
        members = [each for each in tar.getmembers() if "/PET/" in each.name and each.isfile()]
        tar.extractall(folder, members, filter="data")
    report = suv_report(folder)
    assert (report.factor, report.rule) == (1.0, "gml-bw")
    assert {finding.code for finding in report.findings} <= {"header-warning", "images-absent"}
    volume = read_pet(report.series).volume
    assert volume.array.min() >= 0
    assert 1 < volume.array.max() < 60


def test_sts_pet_is_suvbw_already(shared_data, tmp_path):
    assert_suvbw_already(shared_data / "sts" / "STS_002.tar.xz", tmp_path)


@pytest.mark.slow
def test_every_sts_pet_is_suvbw_already(shared_data, tmp_path):
    archives = sorted((shared_data / "sts").glob("*.tar.xz"))
    assert len(archives) == 35
    for archive in archives:
        assert_suvbw_already(archive, tmp_path / archive.name)


def test_nema_phantom_without_units_is_refused_by_name(shared_data, tmp_path):
    folder = unpack(shared_data / "pet-nema-iq" / "pet_recon_1.tar.xz", tmp_path)
    report = suv_report(folder)
    (error,) = [each for each in report.findings if each.severity == "error"]
    assert error.code == "units-missing"
    for name in ("Units (0054,1001)", "Patient's Weight (0010,1030)", "Decay Correction"):
        assert name in error.message
