"""What the numbers of a label map are called."""

import pickle

import pytest

from ctpet.errors import InputRefused
from ctpet.evaluate.label_names import label_names
from ctpet.phantom.labels import LABELS


def test_names_beside_the_maps_are_taken_and_made_plain(tmp_path):
    (tmp_path / "labels.json").write_text(
        '{"5": "Right  Kidney", "300": "far", "0": "air"}', "utf-8"
    )
    assert label_names(None, tmp_path) == {5: "right_kidney"}
    assert label_names(None, tmp_path / "one.nii.gz") == {5: "right_kidney"}


def test_a_file_that_is_named_goes_before(tmp_path):
    (tmp_path / "labels.json").write_text('{"5": "liver"}', "utf-8")
    (tmp_path / "mine.json").write_text('{"5": "spleen"}', "utf-8")
    assert label_names(tmp_path / "mine.json", tmp_path) == {5: "spleen"}


def test_digital_patients_need_no_names_and_theirs_go_to_other_processes(tmp_path):
    (tmp_path / "phantom-0001").mkdir()
    (tmp_path / "phantom-0001" / "phantom.json").write_text("{}", "utf-8")
    found = label_names(None, tmp_path)
    assert pickle.dumps(found)
    assert found[LABELS["liver"]] == "liver"
    assert 0 not in found


def test_without_names_there_are_none(tmp_path):
    assert label_names(None, tmp_path) == {}
    assert label_names(None, None) == {}


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"five": "liver"}',
        '{"5": 5}',
        "{}",
        '{"-1": "liver"}',
        '{"5": " "}',
        "[" * 10**5,
    ],
)
def test_what_names_nothing_is_refused(tmp_path, text):
    (tmp_path / "mine.json").write_text(text, "utf-8")
    with pytest.raises(InputRefused) as refused:
        label_names(tmp_path / "mine.json", None)
    assert refused.value.code == "names-unreadable"
