"""Which model made some predictions."""

import json

import pytest

from ctpet.errors import InputRefused
from ctpet.evaluate.files import CaseFiles
from ctpet.evaluate.made_by import find_maker
from ctpet.infer.model import load_model
from ctpet.infer.shipped import find_model

LOOKUP = find_model("tissue-lookup")


def cases(tmp_path, *digests):
    """Write a prediction and its record for each digest; none for an empty one."""
    found = []
    for number, digest in enumerate(digests):
        pet = tmp_path / str(number) / "pet"
        pet.mkdir(parents=True)
        if digest:
            record = {"model": {"digest_sha256": digest}}
            (pet.parent / "run.json").write_text(json.dumps(record), "utf-8")
        found.append(CaseFiles(str(number), str(number), {"predicted": pet}))
    return found


def test_a_shipped_model_is_found_by_the_digest_in_the_records(tmp_path):
    digest = load_model(LOOKUP).digest
    found = find_maker(cases(tmp_path, digest, digest), None)
    assert found.contract.name == "tissue-lookup"


@pytest.mark.parametrize("digests", [("",), ("00",), ("00", "lookup"), ("", "lookup")])
def test_without_one_known_digest_the_model_is_not_known(tmp_path, digests):
    known = [load_model(LOOKUP).digest if each == "lookup" else each for each in digests]
    assert find_maker(cases(tmp_path, *known), None) is None


def test_the_model_that_is_named_must_be_the_one_in_the_records(tmp_path):
    digest = load_model(LOOKUP).digest
    (tmp_path / "same").mkdir()
    assert find_maker(cases(tmp_path / "same", digest, ""), LOOKUP).digest == digest
    with pytest.raises(InputRefused) as refused:
        find_maker(cases(tmp_path, digest, "00"), LOOKUP)
    assert refused.value.code == "model-differs"
