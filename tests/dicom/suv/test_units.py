"""Units: SUV of every kind, Philips counts, and what is refused by name."""

import warnings

import pytest

from ctpet.dicom.suv.audit import audit_suv
from ctpet.errors import InputRefused
from ctpet.suv import lean_mass_james120_kg, lean_mass_james128_kg, lean_mass_janmahasatian_kg
from tests.pet_factory import FACTOR, WEIGHT_KG, add_private, codes, pet_series, refused, set_all

PHILIPS = "Philips PET Private Group"


@pytest.fixture
def pet():
    return pet_series()


@pytest.mark.parametrize("suv_type", [None, "", "BW"])
def test_suvbw_is_not_multiplied_again(pet, suv_type):
    set_all(pet, Units="GML", SUVType=suv_type, PatientWeight=None)
    audit = audit_suv(pet)
    assert audit.factors == (1.0,) * 8
    assert audit.rule == "gml-bw"


@pytest.mark.parametrize(
    ("suv_type", "formula"),
    [
        ("LBMJAMES128", lean_mass_james128_kg),
        ("LBMJANMA", lean_mass_janmahasatian_kg),
        ("LBM", lean_mass_james120_kg),
    ],
)
@pytest.mark.parametrize("sex", ["M", "F", "O"])
def test_suv_by_lean_mass_is_converted(pet, suv_type, formula, sex):
    set_all(pet, Units="GML", SUVType=suv_type, PatientSex=sex)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(WEIGHT_KG / formula(WEIGHT_KG, 1.6, sex))
    assert audit.rule == f"gml-{suv_type.lower()}"
    assert ("sex-averaged" in codes(audit)) == (sex == "O")
    assert ("suv-type-lbm" in codes(audit)) == (suv_type == "LBM")


def test_plain_lbm_is_not_james128_for_men(pet):
    set_all(pet, Units="GML", SUVType="LBM", PatientSex="M")
    plain = audit_suv(pet).factor
    set_all(pet, SUVType="LBMJAMES128")
    assert plain < audit_suv(pet).factor


def test_suv_by_ideal_weight_is_converted(pet):
    set_all(pet, Units="GML", SUVType="IBW", PatientSex="F")
    assert audit_suv(pet).factor == pytest.approx(WEIGHT_KG / (45.5 + 0.91 * 8))


@pytest.mark.parametrize("suv_type", [None, "BSA"])
def test_suv_by_surface_is_converted(pet, suv_type):
    set_all(pet, Units="CM2ML", SUVType=suv_type)
    surface_cm2 = 71.84 * WEIGHT_KG**0.425 * 160**0.725
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(1000 * WEIGHT_KG / surface_cm2)
    assert audit.rule == "cm2ml-bsa"


@pytest.mark.parametrize(("units", "suv_type"), [("GML", "BSA"), ("CM2ML", "BW"), ("GML", "XYZ")])
def test_suv_type_that_contradicts_the_units_is_refused(pet, units, suv_type):
    set_all(pet, Units=units, SUVType=suv_type)
    assert refused(pet) == "suv-type-unsupported"


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("PatientSize", "size-missing"),
        ("PatientSex", "sex-missing"),
        ("PatientWeight", "weight-missing"),
    ],
)
def test_lean_mass_needs_the_body(pet, missing, code):
    set_all(pet, Units="GML", SUVType="LBMJANMA")
    set_all(pet, **{missing: None})
    assert refused(pet) == code


def test_size_in_centimetres(pet):
    set_all(pet, Units="GML", SUVType="LBMJANMA", PatientSize="160")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(70 / lean_mass_janmahasatian_kg(70, 1.6, "F"))
    assert "size-in-centimetres" in codes(audit)


def test_body_without_lean_mass_is_refused(pet):
    set_all(pet, Units="GML", SUVType="LBMJAMES128", PatientSize="0.6")
    assert refused(pet) == "body-implausible"


@pytest.mark.parametrize("units", ["PROPCNTS", "PROPCPS", "CPS", "PERCENT", "NONE", "1CM"])
def test_other_units_are_refused_by_name(pet, units):
    set_all(pet, Units=units)
    with pytest.raises(InputRefused, match=f"are {units},") as caught:
        audit_suv(pet)
    assert caught.value.code == "units-unsupported"


def test_missing_units_are_refused_and_what_else_is_missing_is_named(pet):
    set_all(pet, Units=None, PatientWeight="")
    with pytest.raises(InputRefused, match=r"0054,1001.*0010,1030") as caught:
        audit_suv(pet)
    assert caught.value.code == "units-missing"


@pytest.mark.parametrize("kind", ["130", "128.1"])
def test_enhanced_pet_is_refused_by_name(pet, kind):
    set_all(pet, Units=None, RescaleSlope=None, SOPClassUID=f"1.2.840.10008.5.1.4.1.1.{kind}")
    assert refused(pet) == "enhanced-pet"


def test_units_that_differ_by_slice_are_refused(pet):
    pet[5].Units = "GML"
    assert refused(pet) == "mixed-headers"


@pytest.mark.parametrize(
    "values", [{"Units": ["BQML", "GML"]}, {"DecayCorrection": ["START", "ADMIN"]}]
)
def test_two_values_of_one_attribute_are_refused(pet, values):
    set_all(pet, **values)
    assert refused(pet) == "mixed-headers"


@pytest.mark.parametrize(
    ("units", "correction"), [(" bqml ", "start"), (["BQML", "BQML"], "START")]
)
def test_small_letters_blanks_and_repetitions(pet, units, correction):
    with warnings.catch_warnings(action="ignore"):  # pydicom's, of what is no legal CS
        set_all(pet, Units=units, DecayCorrection=correction)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert audit.findings == ()


@pytest.mark.parametrize("size", ["5.9", "69", "1750", "0.2"])
def test_size_of_nobody_is_refused_where_it_is_needed(pet, size):
    set_all(pet, Units="GML", SUVType="LBMJANMA", PatientSize=size)
    assert refused(pet) in {"size-implausible", "body-implausible"}


def counts(pet, suv=None, activity=None):
    set_all(pet, Units="CNTS", Manufacturer="Philips Medical Systems")
    if suv is not None:
        add_private(pet, 0x7053, PHILIPS, 0x00, "DS", suv)
    if activity is not None:
        add_private(pet, 0x7053, PHILIPS, 0x09, "DS", activity)
    return pet


def test_philips_suv_factor(pet):
    set_all(pet, PatientWeight=None)
    audit = audit_suv(counts(pet, suv="0.0005", activity="2"))
    assert audit.factors == (0.0005,) * 8
    assert audit.rule == "cnts-philips-suv"
    assert codes(audit) == {"weight-missing"}


def test_philips_activity_factor(pet):
    audit = audit_suv(counts(pet, activity="2.5"))
    assert audit.factor == pytest.approx(2.5 * FACTOR)
    assert audit.rule == "cnts-philips-activity-start-agreed"
    assert audit.candidates[0].factor == pytest.approx(2.5 * FACTOR, rel=1e-3)


def test_philips_zero_means_absent(pet):
    audit = audit_suv(counts(pet, suv="0.0", activity="2.5"))
    assert audit.factor == pytest.approx(2.5 * FACTOR)


def test_philips_both_zero_is_refused(pet):
    assert refused(counts(pet, suv="0.0", activity="0.0")) == "philips-factor-missing"


def test_counts_without_factor_are_refused(pet):
    assert refused(counts(pet)) == "philips-factor-missing"


def test_philips_factor_is_found_in_any_block(pet):
    for ds in pet:
        ds.private_block(0x7053, "Somebody else", create=True).add_new(0x00, "DS", "9")
    audit = audit_suv(counts(pet, suv="0.0005"))
    assert audit.factor == 0.0005


def test_factor_of_another_creator_is_not_taken(pet):
    add_private(pet, 0x7053, "Somebody else", 0x00, "DS", "9")
    assert refused(counts(pet)) == "philips-factor-missing"


def test_philips_factor_without_creator_is_taken_with_a_finding(pet):
    counts(pet)
    for ds in pet:
        ds.add_new((0x7053, 0x1000), "DS", "0.0005")
    audit = audit_suv(pet)
    assert audit.factor == 0.0005
    assert "private-creator-missing" in codes(audit)
    set_all(pet, Manufacturer="SIEMENS")
    assert refused(pet) == "philips-factor-missing"


def test_philips_factor_left_as_bytes(pet):
    counts(pet)
    add_private(pet, 0x7053, PHILIPS, 0x00, "UN", b"0.0005 ")
    assert audit_suv(pet).factor == 0.0005


def test_philips_factor_by_slice(pet):
    counts(pet)
    for k, ds in enumerate(pet):
        add_private([ds], 0x7053, PHILIPS, 0x00, "DS", f"{1 + k}")
    audit = audit_suv(pet)
    assert audit.factors == (1, 2, 3, 4, 5, 6, 7, 8)
    assert audit.factor == 4.5
    assert codes(audit) == {"factor-by-slice"}
