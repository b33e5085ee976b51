import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from ctpet.dicom.uid import derived_uid

PARTS = st.lists(st.text() | st.binary(), min_size=1, max_size=4)


def test_a_uid_is_the_same_in_every_version_of_ctpet() -> None:
    assert derived_uid("ctpet", "x") == "2.25.218721676817212914771867309806933880962"


@given(PARTS)
def test_every_uid_is_legal_and_a_legal_uuid_stands_behind_it(parts: list[str | bytes]) -> None:
    uid = derived_uid(*parts)
    assert UID(uid).is_valid
    assert len(uid) <= 64
    number = uuid.UUID(int=int(uid.removeprefix("2.25.")))
    assert number.version == 8
    assert number.variant == uuid.RFC_4122


@given(PARTS, PARTS)
def test_different_parts_give_different_uids(
    one: list[str | bytes], two: list[str | bytes]
) -> None:
    as_bytes = [[p.encode() if isinstance(p, str) else p for p in parts] for parts in (one, two)]
    assert (derived_uid(*one) == derived_uid(*two)) == (as_bytes[0] == as_bytes[1])


def test_where_one_part_ends_matters() -> None:
    assert derived_uid("ab", "c") != derived_uid("a", "bc")
    assert derived_uid("a") != derived_uid("a", "")


def test_nothing_has_no_uid() -> None:
    with pytest.raises(ValueError, match="at least one part"):
        derived_uid()
