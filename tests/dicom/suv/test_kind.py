"""Series that call themselves PT and are not plain attenuation-corrected FDG-PET."""

import pytest
from pydicom.sequence import Sequence

from ctpet.dicom.suv.audit import audit_suv
from ctpet.dicom.suv.kind import NOT_FOR_TRAINING, kind_findings
from ctpet.errors import InputRefused
from tests.pet_factory import code_item, pet_series, set_all, set_injection


@pytest.fixture
def pet():
    return pet_series(beds=1)


def codes(headers):
    return {finding.code for finding in kind_findings(headers)}


def tracer(pet, name, code=None):
    set_injection(pet, Radiopharmaceutical=name)
    if code is not None:
        set_injection(pet, RadiopharmaceuticalCodeSequence=Sequence([code]))
    return codes(pet)


def test_plain_series(pet):
    assert codes(pet) == set()


@pytest.mark.parametrize(
    "values",
    [
        {"SeriesType": ["WHOLE BODY", "REPROJECTION"]},
        {"ImageType": ["DERIVED", "PRIMARY", "MIP"]},
        {"ImageType": ["DERIVED", "SECONDARY", "PROJECTION IMAGE"]},
        {"SeriesDescription": "WB_MIP_01"},
        {"SeriesDescription": "PET rMIP"},
    ],
)
def test_projection(pet, values):
    set_all(pet, **values)
    assert codes(pet) == {"projection"}
    assert "projection" in {finding.code for finding in audit_suv(pet).findings}


@pytest.mark.parametrize("text", ["Chimpanzee", "IMIPRAMINE study", "WB AC"])
def test_words_that_hold_mip_are_no_projection(pet, text):
    set_all(pet, SeriesDescription=text)
    assert codes(pet) == set()


@pytest.mark.parametrize(
    ("flags", "method", "code"),
    [
        (["NORM", "DECY"], None, "not-attenuation-corrected"),
        (["NORM", "DECY"], "CT", "not-attenuation-corrected"),
        (None, "NONE", "not-attenuation-corrected"),
        (None, None, "attenuation-correction-unknown"),
    ],
)
def test_attenuation(pet, flags, method, code):
    set_all(pet, CorrectedImage=flags, AttenuationCorrectionMethod=method)
    assert codes(pet) == {code}


def test_attenuation_told_by_its_method(pet):
    set_all(pet, CorrectedImage=None, AttenuationCorrectionMethod="measured, CTAC")
    assert codes(pet) == set()


def test_transmission(pet):
    set_all(pet, CountsSource="TRANSMISSION")
    assert codes(pet) == {"transmission"}


def test_synthetic_series_is_told(pet):
    for ds in pet:
        ds.add_new(0x0008001C, "CS", "YES")
    assert codes(pet) == {"synthetic-pet"}


@pytest.mark.parametrize(
    "values",
    [
        {"CollimatorType": "PARA"},
        {"SeriesDescription": "SPECT AC"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.20"},
    ],
)
def test_spect(pet, values):
    set_all(pet, **values)
    assert codes(pet) == {"spect-coded-as-pt"}


def test_spect_by_its_nuclide(pet):
    technetium = Sequence([code_item("C-163A8", "SRT", "^99m^Technetium")])
    set_injection(pet, RadionuclideCodeSequence=technetium, RadionuclideHalfLife="21624")
    assert "spect-coded-as-pt" in codes(pet)


@pytest.mark.parametrize(
    "name",
    [
        "FDG",
        "fdg",
        "F-18 FDG",
        "18F-FDG",
        "FDG -- fluorodeoxyglucose",
        "Fluorodeoxyglucose",
        "Fluoro-deoxy-D-glucose",
        "FDG (fluorodeoxyglucose)",
    ],
)
def test_names_of_fdg(pet, name):
    assert tracer(pet, name) == set()


@pytest.mark.parametrize(
    "name", ["PSMA-1007", "FLT", "Fluorothymidine", "DOTATATE", "Choline", "NaF", "Fluoride"]
)
def test_other_tracers(pet, name):
    assert tracer(pet, name) == {"tracer-not-fdg"}


@pytest.mark.parametrize("name", [None, "", "Fluorine-18", "F18", "^18^Fluorine", "Solution"])
def test_tracer_that_cannot_be_told(pet, name):
    assert tracer(pet, name) == {"tracer-unknown"}


@pytest.mark.parametrize("value", ["C-B1031", "35321007"])
def test_code_of_fdg_decides(pet, value):
    assert tracer(pet, "Solution", code_item(value, "SRT", "")) == set()


def test_code_of_another_tracer_decides(pet):
    assert tracer(pet, "F18", code_item("C-B1043", "SRT", "Acetate C^11^")) == {"tracer-not-fdg"}


@pytest.mark.parametrize("half_life", ["4062.6", "1221.8"])
def test_half_life_that_is_not_fluorine(pet, half_life):
    set_injection(pet, RadionuclideHalfLife=half_life, RadionuclideCodeSequence=None)
    assert tracer(pet, None) == {"tracer-not-fdg"}


def test_fdg_of_another_nuclide_is_not_fdg(pet):
    carbon = Sequence([code_item("C-105A1", "SRT", "^11^Carbon")])
    set_injection(pet, RadionuclideCodeSequence=carbon)
    assert tracer(pet, "FDG") == {"tracer-not-fdg"}


def test_no_injection_at_all(pet):
    set_all(pet, RadiopharmaceuticalInformationSequence=None)
    assert codes(pet) == {"tracer-unknown"}


@pytest.mark.parametrize(
    "values",
    [
        {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"},
        {"PhotometricInterpretation": "PALETTE COLOR"},
    ],
)
def test_colours_are_refused(pet, values):
    set_all(pet, Units="GML", **values)
    with pytest.raises(InputRefused) as caught:
        audit_suv(pet)
    assert caught.value.code == "colour-image"


def test_what_stops_training_is_listed():
    assert {
        "projection",
        "not-attenuation-corrected",
        "attenuation-correction-unknown",
        "spect-coded-as-pt",
        "tracer-not-fdg",
        "tracer-unknown",
        "transmission",
        "synthetic-pet",
    } == NOT_FOR_TRAINING
