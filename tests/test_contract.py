"""The contract: what is written is what is read, and nothing else is read."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctpet.contract import (
    CONTRACT_VERSION,
    SINCE_2,
    FamiliarityPromise,
    IntervalPromise,
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


promises = st.builds(
    lambda coverage, on, patients, bins: IntervalPromise(
        coverage, on, patients, tuple(sorted(bins))[1:], tuple(bins.values())
    ),
    coverage=st.floats(0.01, 0.99),
    on=words,
    patients=st.integers(1, 10**4),
    bins=st.dictionaries(st.floats(0, 100), st.floats(0.01, 100), min_size=1, max_size=5),
)

familiarities = st.builds(
    lambda on, patients, seen: FamiliarityPromise(on, patients, *seen),
    on=words,
    patients=st.integers(1, 10**4),
    seen=lengths(),
)

contracts = st.builds(
    ModelContract,
    sees=st.sampled_from(["field-of-view", "patient"]),
    interval=st.none() | promises,
    familiarity=st.none() | familiarities,
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


A_PROMISE = IntervalPromise(0.9, "Six patients.", 6, (0.5, 2.5), (1.1, 1.2, 0.9))


FAMILIAR = FamiliarityPromise("Thirty patients.", 30, 1.1, 1.6)


def test_familiarity_stands_in_a_contract_only_where_it_is_promised():
    without = a_contract(sees="patient")
    assert "familiarity" not in json.loads(without.to_json())
    told = json.loads(a_contract(familiarity=FAMILIAR).to_json())
    assert told["contract_version"] == 2
    assert told["familiarity"] == {
        "measured_on": "Thirty patients.",
        "patients": 30,
        "median": 1.1,
        "limit": 1.6,
    }
    for key in told["familiarity"]:
        inner = {k: v for k, v in told["familiarity"].items() if k != key}
        with pytest.raises(ModelInvalid, match=key):
            contract_from_json(json.dumps(told | {"familiarity": inner}))


@pytest.mark.parametrize(
    "told",
    [
        ("", 9, 1.0, 2.0),
        ("All.", 0, 1.0, 2.0),
        ("All.", 9, 2.0, 1.0),
        ("All.", 9, 1.0, float("inf")),
    ],
)
def test_a_familiarity_that_cannot_be_meant_is_refused(told):
    with pytest.raises(ValueError, match="must be"):
        FamiliarityPromise(*told)


def test_what_promises_nothing_new_is_written_as_version_1():
    assert set(SINCE_2) == {"sees", "interval", "familiarity"}
    old = json.loads(a_contract().to_json())
    assert old["contract_version"] == 1
    assert not set(old) & set(SINCE_2)
    for change in ({"sees": "patient"}, {"interval": A_PROMISE}):
        new = json.loads(a_contract(**change).to_json())
        assert new["contract_version"] == 2
        assert set(new) == set(old) | {"sees", "interval"}


@pytest.mark.parametrize("key", SINCE_2)
def test_version_1_cannot_say_what_came_later(key):
    later = a_contract(sees="patient", interval=A_PROMISE, familiarity=FAMILIAR).to_plain()
    data = json.loads(a_contract().to_json()) | {key: later[key]}
    with pytest.raises(ModelInvalid, match=key):
        contract_from_json(json.dumps(data))


def test_every_key_of_version_2_is_needed():
    data = json.loads(a_contract(sees="patient", interval=A_PROMISE).to_json())
    for key in ("sees", "interval"):
        with pytest.raises(ModelInvalid, match=key):
            contract_from_json(json.dumps({k: v for k, v in data.items() if k != key}))
    for key in data["interval"]:
        inner = {k: v for k, v in data["interval"].items() if k != key}
        with pytest.raises(ModelInvalid, match=key):
            contract_from_json(json.dumps(data | {"interval": inner}))


def test_the_outputs_follow_from_the_promise():
    assert a_contract().outputs == ("pet_suvbw",)
    assert a_contract(sees="patient").outputs == ("suv",)
    assert a_contract(interval=A_PROMISE).outputs == ("suv", "suv_low", "suv_high")
    assert a_contract(familiarity=FAMILIAR).outputs == ("suv", "unlike_training")
    both = a_contract(interval=A_PROMISE, familiarity=FAMILIAR)
    assert both.outputs == ("suv", "suv_low", "suv_high", "unlike_training")
    assert both.suv_outputs == ("suv", "suv_low", "suv_high")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("coverage", 0.0),
        ("coverage", 1),
        ("coverage", "most"),
        ("calibrated_on", " "),
        ("patients", 0),
        ("patients", 2.5),
        ("edges_suv", (2.5, 0.5)),
        ("edges_suv", (0.5, 0.5)),
        ("edges_suv", (0.5, float("nan"))),
        ("factors", (1.0,)),
        ("factors", (1.0, -1.0, 1.0)),
        ("factors", (1.0, 0.0, 1.0)),
    ],
)
def test_bounds_that_cannot_be_meant_are_refused(key, value):
    with pytest.raises(ValueError, match=key):
        replace(A_PROMISE, **{key: value})
    data = json.loads(a_contract(interval=A_PROMISE).to_json())
    data["interval"][key] = value
    with pytest.raises(ModelInvalid):
        contract_from_json(json.dumps(data))


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


@pytest.mark.parametrize("version", [0, 3, "1", True, 1.0, None, [1]])
def test_another_version_is_refused_and_named(version):
    with pytest.raises(ModelInvalid, match=rf"reads versions 1 to {CONTRACT_VERSION}"):
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
    ("sees", "everything"),
    ("sees", None),
    ("interval", 0.9),
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
