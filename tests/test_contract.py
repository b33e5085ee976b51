"""The contract: what is written is what is read, and nothing else is read."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctpet.contract import (
    CONTRACT_VERSION,
    ModelContract,
    TrainingData,
    contract_from_json,
    hash_patient,
)
from ctpet.errors import ModelInvalid
from tests.onnx_factory import a_contract

finite = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(min_size=1).filter(str.strip)
header_words = words.filter(
    lambda text: len(text) <= 64 and text.isprintable() and "\\" not in text
)


@st.composite
def ranges(draw) -> tuple[float, float]:
    low, high = sorted((draw(finite), draw(finite)))
    return (low, high) if low < high else (0.0, 1.0)


@st.composite
def lengths(draw) -> tuple[float, float]:
    low, high = sorted(draw(st.tuples(*[st.floats(1e-3, 1e4)] * 2)))
    return (low, high)


contracts = st.builds(
    ModelContract,
    name=header_words,
    model_version=header_words,
    kind=st.sampled_from(["baseline", "regression", "appearance"]),
    tracer=header_words,
    radionuclide=st.just("F-18"),
    spacing_mm=st.tuples(*[st.floats(1e-3, 1e3) | st.integers(1, 9)] * 3),
    size_multiple=st.tuples(*[st.integers(1, 64)] * 3),
    halo_voxels=st.none() | st.tuples(*[st.integers(0, 999)] * 3),
    hu_range=ranges(),
    suv_range=ranges(),
    slice_spacing_seen_mm=lengths(),
    extent_seen_mm=lengths(),
    working_bytes_per_voxel=st.integers(1, 10**6),
    intended_use=words,
    limitations=st.text(),
    trained_on=st.lists(
        st.builds(
            TrainingData,
            description=words,
            attribution=st.text(),
            licence=st.text(),
            salt=st.text(),
            patient_hashes=st.lists(words, unique=True).map(lambda hashes: tuple(sorted(hashes))),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
)


@given(contracts)
def test_reading_is_the_inverse_of_writing(contract):
    text = contract.to_json()
    assert contract_from_json(text) == contract
    assert contract_from_json(text).to_json() == text
    assert "\n" not in text


@given(
    st.text() | st.binary().map(repr) | st.recursive(st.none() | finite, st.lists).map(json.dumps)
)
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(ModelInvalid) as caught:
        contract_from_json(text)
    assert str(caught.value).startswith("The model's contract ")


def changed(**changes) -> str:
    return json.dumps({**json.loads(a_contract().to_json()), **changes})


@pytest.mark.parametrize("key", json.loads(a_contract().to_json()))
def test_every_key_is_needed(key):
    data = json.loads(a_contract().to_json())
    del data[key]
    with pytest.raises(ModelInvalid, match=key if key != "contract_version" else "version None"):
        contract_from_json(json.dumps(data))


def test_unknown_keys_are_named():
    with pytest.raises(ModelInvalid, match=r"unknown keys \['colour'\]"):
        contract_from_json(changed(colour="red"))


def test_missing_keys_of_the_training_data_are_named():
    with pytest.raises(ModelInvalid, match=r"missing keys \['attribution', 'licence'"):
        contract_from_json(changed(trained_on={"description": "x"}))


@pytest.mark.parametrize("version", [0, 2, "1", True, None, [1]])
def test_another_version_is_refused_and_named(version):
    with pytest.raises(ModelInvalid, match=rf"reads version {CONTRACT_VERSION}"):
        contract_from_json(changed(contract_version=version))


IMPOSSIBLE = [
    ("name", "  "),
    ("name", None),
    ("name", "n" * 65),
    ("model_version", "1.0\n"),
    ("tracer", 18),
    ("tracer", "F\\D\\G"),
    ("radionuclide", "Tc-99m"),
    ("kind", "diffusion"),
    ("spacing_mm", (4.0, 4.0)),
    ("spacing_mm", (4.0, 0.0, 4.0)),
    ("spacing_mm", (4.0, float("nan"), 4.0)),
    ("spacing_mm", (4.0, "4", 4.0)),
    ("spacing_mm", (4.0, True, 4.0)),
    ("size_multiple", (0, 1, 1)),
    ("size_multiple", (1.5, 1, 1)),
    ("size_multiple", 8),
    ("halo_voxels", (-1, 0, 0)),
    ("halo_voxels", (None, 0, 0)),
    ("halo_voxels", "whole"),
    ("hu_range", (1000.0, -1000.0)),
    ("hu_range", (0.0, 0.0)),
    ("suv_range", (0.0, float("inf"))),
    ("suv_range", (0.0, float("nan"))),
    ("suv_range", (0.0, 1.0, 2.0)),
    ("suv_range", (0, 10**400)),
    ("slice_spacing_seen_mm", (0.0, 3.0)),
    ("slice_spacing_seen_mm", (3.0, 2.0)),
    ("slice_spacing_seen_mm", 3.0),
    ("extent_seen_mm", (96.0,)),
    ("extent_seen_mm", (-1.0, 96.0)),
    ("extent_seen_mm", (96.0, float("inf"))),
    ("working_bytes_per_voxel", 0),
    ("working_bytes_per_voxel", 1.5),
    ("contract_version", 2),
    ("trained_on", "everything"),
    ("trained_on", ()),
    ("trained_on", ("everything",)),
]


@pytest.mark.parametrize(("key", "value"), IMPOSSIBLE)
def test_what_cannot_be_meant_cannot_be_constructed(key, value):
    with pytest.raises((ValueError, TypeError), match=key):
        replace(a_contract(), **{key: value})


@pytest.mark.parametrize(("key", "value"), IMPOSSIBLE)
def test_what_cannot_be_meant_cannot_be_read(key, value):
    with pytest.raises(ModelInvalid):
        contract_from_json(changed(**{key: value}))


@pytest.mark.parametrize("hashes", [("b", "a"), ("a", "a"), ("",), (1,)])
def test_patient_hashes_are_sorted_unique_texts(hashes):
    with pytest.raises(ValueError, match="patient_hashes"):
        TrainingData("Data.", "", "", "00", hashes)


def test_whole_numbers_and_floats_make_the_same_contract():
    whole = a_contract(spacing_mm=(4, 4, 4), suv_range=(0, 25))
    same = a_contract(spacing_mm=(4.0, 4.0, 4.0), suv_range=(0.0, 25.0))
    assert whole.to_json() == same.to_json()


def test_a_patient_hash_is_sha256_of_salt_and_identifier():
    assert hash_patient("P1 ", "00") == hash_patient("P1", "00")
    assert hash_patient("P1", "00") != hash_patient("P1", "01")
    # printf '00:P1' | sha256sum
    assert hash_patient("P1", "00").startswith("878219cca088420f")


def data_set(description, *hashes, salt="00"):
    return TrainingData(description, f"By {description}", "CC0-1.0", salt, hashes)


def test_one_data_set_is_written_as_older_versions_read_it():
    one = a_contract(trained_on=(data_set("one"),))
    assert json.loads(one.to_json())["trained_on"]["description"] == "one"
    listed = json.loads(one.to_json())
    listed["trained_on"] = [listed["trained_on"]]
    assert contract_from_json(json.dumps(listed)) == one


def test_several_data_sets_are_a_list_and_all_of_them_were_seen():
    sets = data_set("one", "aa", "bb"), data_set("two", "bb"), data_set("three", "bb", salt="11")
    contract = contract_from_json(a_contract(trained_on=sets).to_json())
    assert [one["salt"] for one in json.loads(contract.to_json())["trained_on"]] == [
        "00",
        "00",
        "11",
    ]
    assert contract.ever_seen == contract.trained_on == sets
    assert contract.learned_from == "one; two; three"
    assert contract.patients == 3  # bb of one salt is one patient, whichever data set names it


def test_a_single_data_set_is_no_tuple_of_them():
    with pytest.raises(TypeError, match="trained_on must be a tuple"):
        a_contract(trained_on=data_set("one"))
