"""Weights that are trained on remember whom they have seen, and what they are for."""

import json
from dataclasses import replace

import pytest

from ctpet.contract import TrainingData, contract_from_json, hash_patient
from ctpet.errors import CtpetError
from ctpet.evaluate.overlap import in_training
from ctpet.learn.command import train_with
from ctpet.learn.lineage import read_parent, refuse_another_kind
from ctpet.learn.mixture import DataSet
from ctpet.learn.together import OpenDataSet, seen_before
from ctpet.phantom.domain import phantom_patient_id
from ctpet.prepare.cases import list_cases
from ctpet.prepare.dataset import read_dataset
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, TINY
from tests.onnx_factory import a_contract

pytestmark = LIGHTNING_TALKS
GRANDPARENT = TrainingData("sarcoma patients", "Credit them.", "CC-BY-3.0", "aa", ("h1", "h2"))


def train(place, dataset, name, *overrides):
    train_with(
        [f"paths.runs={place}", f"data.dataset={dataset}", f"name={name}", "trainer.max_epochs=1",
         *TINY, *overrides]
    )  # fmt: skip
    return place / name / "checkpoints" / "last.ckpt"


def contract_of(checkpoint):
    return contract_from_json((checkpoint.parent.parent / "contract.json").read_text())


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    """A run that itself went on from weights fitted on sarcoma patients."""
    place = tmp_path_factory.mktemp("parent")
    checkpoint = train(place, make_dataset(place / "cases"), "first")
    file = checkpoint.parent.parent / "contract.json"
    file.write_text(replace(contract_of(checkpoint), ancestors=(GRANDPARENT,)).to_json())
    return checkpoint


def test_a_child_lists_everybody_its_weights_have_seen(tmp_path, parent):
    dataset = make_dataset(tmp_path / "others", count=6)
    child = train(tmp_path, dataset, "child", f"start_from={parent}")
    contract = contract_of(child)
    assert contract.ancestors == (*contract_of(parent).trained_on, GRANDPARENT)
    assert set(contract.trained_on[0].patient_hashes) != set(contract.ancestors[0].patient_hashes)


def test_held_out_patients_that_the_weights_have_seen_are_told(tmp_path, parent, capsys):
    dataset = parent.parent.parent.parent / "cases"  # the parent held fold 0 out
    train(tmp_path, dataset, "child", f"start_from={parent}", "data.fold=1")
    told = "2 of 2 patients held out in data were learned from by the weights it starts from"
    assert told in capsys.readouterr().err
    train(tmp_path, dataset, "same", f"start_from={parent}", "data.fold=0")
    assert "were learned from" not in capsys.readouterr().err


def test_digital_patients_are_known_under_any_salt(tmp_path):
    dataset = make_dataset(tmp_path, salt="22")
    case = list_cases(dataset)[0]
    drawn = replace(case, case_id="phantom-00007")
    info = DataSet("", dataset, 0, None, None)
    opened = OpenDataSet(info, read_dataset(dataset), (), (drawn,))
    seen = TrainingData("b", "", "", "aa", (hash_patient(phantom_patient_id(7), "aa"),))
    assert len(list(seen_before([opened], [seen]))) == 1
    assert not list(seen_before([replace(opened, held_out=(case,))], [seen]))


def test_the_same_data_again_are_no_ancestor(tmp_path, parent):
    dataset = parent.parent.parent.parent / "cases"
    assert contract_of(train(tmp_path, dataset, "again", f"start_from={parent}")).ancestors == (
        GRANDPARENT,
    )


def test_a_patient_of_an_ancestor_was_seen():
    parent = TrainingData("a", "", "", "s", ())
    seen = TrainingData("b", "", "", "aa", (hash_patient("BN-1", "aa"),))
    contract = a_contract(trained_on=(parent,), ancestors=(seen,))
    assert in_training(["BN-1"], contract.ever_seen)
    assert not in_training(["BN-1"], contract.trained_on)


def test_a_contract_without_ancestors_is_read_by_older_versions():
    assert "ancestors" not in json.loads(a_contract().to_json())
    written = a_contract(ancestors=(GRANDPARENT,))
    assert contract_from_json(written.to_json()) == written


def test_weights_that_say_nothing_are_refused(tmp_path, parent):
    alone = tmp_path / "alone" / "checkpoints" / "last.ckpt"
    alone.parent.mkdir(parents=True)
    alone.write_bytes(parent.read_bytes())
    with pytest.raises(CtpetError, match="does not say whom its weights have seen"):
        read_parent(alone)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"spacing_mm": (8, 8, 8)}, r"spacing_mm \[4.0, 4.0, 4.0\], now \[8.0, 8.0, 8.0\]"),
        ({"tracer": "PSMA"}, 'tracer "FDG", now "PSMA"'),
        ({"hu_range": (-160.0, 240.0)}, "hu_range"),
    ],
)
def test_weights_for_something_else_are_asked_for_by_name(changes, told):
    parent = a_contract(spacing_mm=(4, 4, 4))
    child = replace(parent, **changes)
    with pytest.raises(CtpetError, match=told):
        refuse_another_kind(parent, child, ())
    refuse_another_kind(parent, child, tuple(changes))
    refuse_another_kind(parent, parent, ())


def test_what_may_differ_is_a_known_list():
    with pytest.raises(CtpetError, match="start_differs holds grid"):
        refuse_another_kind(a_contract(), a_contract(), ("grid",))


def test_another_grid_is_refused_before_a_step(tmp_path, parent):
    file = parent.parent.parent / "contract.json"
    before = file.read_text()
    file.write_text(replace(contract_of(parent), spacing_mm=(8.0, 8.0, 8.0)).to_json())
    try:
        with pytest.raises(CtpetError, match=r"start_differs=\[spacing_mm\]"):
            train(tmp_path, make_dataset(tmp_path / "cases"), "child", f"start_from={parent}")
    finally:
        file.write_text(before)
    assert not (tmp_path / "child" / "config.yaml").exists()
