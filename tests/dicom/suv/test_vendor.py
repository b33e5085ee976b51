"""Private elements of the makers, with and without the creator that reserved their block."""

from datetime import datetime, timedelta

import pytest

from ctpet.dicom.suv.audit import audit_suv
from ctpet.dicom.suv.vendor import (
    GE_SCAN_TIME,
    PHILIPS_ACTIVITY_FACTOR,
    PHILIPS_SUV_FACTOR,
    SIEMENS_DECAY_TIME,
    vendor_values,
)
from tests.pet_factory import (
    FACTOR,
    HALF_LIFE_S,
    add_private,
    codes,
    pet_series,
    refused,
    set_all,
)

EARLIER = "20260105104000.00"
EARLIER_FACTOR = FACTOR * 2 ** (-1200 / HALF_LIFE_S)
TIMES = [(GE_SCAN_TIME, "GE MEDICAL SYSTEMS"), (SIEMENS_DECAY_TIME, "SIEMENS")]
FACTORS = [PHILIPS_SUV_FACTOR, PHILIPS_ACTIVITY_FACTOR]


@pytest.fixture
def pet():
    return pet_series()


def orphan(pet, element, value, *, block=0x10, vr="UN"):
    """Put a private value whose creator was stripped into every slice."""
    value = value.encode() if vr == "UN" else value
    for ds in pet:
        ds.add_new((element.group, (block << 8) | element.element), vr, value)


@pytest.mark.parametrize(("element", "maker"), TIMES)
@pytest.mark.parametrize("vr", ["UN", "DT", "LO"])
@pytest.mark.parametrize("block", [0x10, 0x13, 0xFF])
def test_time_without_creator_is_read_where_the_maker_agrees(pet, element, maker, vr, block):
    set_all(pet, Manufacturer=maker)
    orphan(pet, element, EARLIER, vr=vr, block=block)
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-vendor-private"
    assert audit.factor == pytest.approx(EARLIER_FACTOR)
    assert "private-creator-missing" in codes(audit)


@pytest.mark.parametrize(
    "maker",
    ["GE MEDICAL SYSTEMS", "GE Healthcare", "ge medical systems", "GEMS", "General Electric"],
)
def test_names_of_ge(pet, maker):
    set_all(pet, Manufacturer=maker)
    orphan(pet, GE_SCAN_TIME, EARLIER)
    assert audit_suv(pet).factor == pytest.approx(EARLIER_FACTOR)


@pytest.mark.parametrize("maker", [None, "", "SIEMENS", "Philips", "Generic", "Gesellschaft"])
def test_time_without_creator_of_another_maker_is_not_read_and_told(pet, maker):
    set_all(pet, Manufacturer=maker)
    orphan(pet, GE_SCAN_TIME, EARLIER)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"private-creator-unknown"}


def test_what_is_no_time_is_neither_read_nor_told(pet):
    set_all(pet, Manufacturer="GE MEDICAL SYSTEMS", FrameReferenceTime=None)
    orphan(pet, GE_SCAN_TIME, "PET_HEAD")
    assert codes(audit_suv(pet)) == set()


@pytest.mark.parametrize("creator", ["GEMS_PETD_01  ", "gems_petd_01", b"GEMS_PETD_01 "])
def test_creator_with_blanks_small_letters_or_as_bytes(pet, creator):
    for ds in pet:
        ds.add_new((0x0009, 0x0011), "UN" if isinstance(creator, bytes) else "LO", creator)
        ds.add_new((0x0009, 0x110D), "UN", EARLIER.encode())
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(EARLIER_FACTOR)
    assert "private-creator-missing" not in codes(audit)


def test_creator_that_was_emptied_counts_as_stripped(pet):
    set_all(pet, Manufacturer="GE MEDICAL SYSTEMS")
    orphan(pet, GE_SCAN_TIME, EARLIER)
    for ds in pet:
        ds.add_new((0x0009, 0x0010), "LO", "")
    assert "private-creator-missing" in codes(audit_suv(pet))


def test_block_of_another_creator_is_not_read_even_of_the_maker(pet):
    set_all(pet, Manufacturer="GE MEDICAL SYSTEMS", FrameReferenceTime=None)
    add_private(pet, 0x0009, "GEMS_IDEN_01", 0x0D, "LO", EARLIER)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == set()


def test_the_reserved_block_goes_before_a_stripped_one(pet):
    set_all(pet, Manufacturer="GE MEDICAL SYSTEMS")
    orphan(pet, GE_SCAN_TIME, "20260105090000")
    for ds in pet:
        ds.add_new((0x0009, 0x0012), "LO", "GEMS_PETD_01")
        ds.add_new((0x0009, 0x120D), "DT", EARLIER)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(EARLIER_FACTOR)
    assert "private-creator-missing" not in codes(audit)


def test_two_blocks_of_one_creator_give_the_first_value(pet):
    for ds in pet:
        for block, value in ((0x10, ""), (0x20, EARLIER), (0x30, "20260105090000")):
            ds.add_new((0x0009, block), "LO", "GEMS_PETD_01")
            ds.add_new((0x0009, (block << 8) | 0x0D), "DT", value)
    assert audit_suv(pet).factor == pytest.approx(EARLIER_FACTOR)


@pytest.mark.parametrize("element", FACTORS)
@pytest.mark.parametrize("maker", ["Philips Medical Systems", "PHILIPS", "philips"])
def test_factor_without_creator_is_read_where_the_maker_agrees(pet, element, maker):
    set_all(pet, Manufacturer=maker, Units="CNTS")
    orphan(pet, element, "0.0005", block=0x22)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(0.0005 * (1 if element is FACTORS[0] else FACTOR))
    assert "private-creator-missing" in codes(audit)


@pytest.mark.parametrize("element", FACTORS)
@pytest.mark.parametrize("maker", [None, "GE MEDICAL SYSTEMS"])
def test_refusal_says_that_a_factor_without_creator_was_left(pet, element, maker):
    set_all(pet, Manufacturer=maker, Units="CNTS")
    orphan(pet, element, "0.0005")
    assert refused(pet) == "philips-factor-missing"
    with pytest.raises(Exception, match=r"no private creator.*was not read"):
        audit_suv(pet)


@pytest.mark.parametrize(("element", "maker"), TIMES)
def test_slices_of_which_some_kept_their_creator(pet, element, maker):
    set_all(pet, Manufacturer=maker)
    add_private(pet[:3], element.group, element.creator, element.element, "DT", EARLIER)
    orphan(pet[3:], element, EARLIER)
    assert audit_suv(pet).factor == pytest.approx(EARLIER_FACTOR)


@pytest.mark.parametrize("days", [-400, -1, 1, 3000])
def test_private_date_that_de_identification_missed_is_replaced(pet, days):
    shifted = datetime(2026, 1, 5, 10, 40) + timedelta(days=days)
    add_private(pet, 0x0071, "SIEMENS MED PT", 0x22, "DT", shifted.strftime("%Y%m%d%H%M%S"))
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(EARLIER_FACTOR)
    assert "private-date-replaced" in codes(audit)


def test_values_are_parallel_to_the_slices(pet):
    add_private(pet[2:3], 0x7053, "Philips PET Private Group", 0x00, "DS", "7")
    values, findings = vendor_values(pet, PHILIPS_SUV_FACTOR, lambda value, _: float(value))
    assert values == (None, None, 7.0, None, None, None, None, None)
    assert findings == ()
