import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dicom.pet_writing import PROVENANCE, provenance

LINE = st.text(st.characters(codec="utf-8", exclude_characters="\\"), min_size=1, max_size=64)


@given(LINE.filter(str.isprintable), LINE.filter(str.isprintable))
def test_different_provenances_have_different_json(one: str, two: str) -> None:
    same = provenance(provider=one).to_json() == provenance(provider=two).to_json()
    assert same == (one == two)


def test_json_holds_everything() -> None:
    assert set(json.loads(PROVENANCE.to_json())) == set(PROVENANCE.__slots__)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_name": ""},
        {"model_name": "two\nlines"},
        {"model_name": "a\\b"},
        {"provider": "x" * 65},
        {"model_digest": "0123"},
        {"model_digest": "G" * 64},
        {"options": (("a", "1"), ("a", "2"))},
        {"options": (("a", "x" * 64),)},
    ],
)
def test_what_cannot_be_written_is_no_provenance(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be|twice"):
        provenance(**changes)


def test_options_are_sorted() -> None:
    assert provenance(options=(("b", "2"), ("a", "1"))).options == (("a", "1"), ("b", "2"))
