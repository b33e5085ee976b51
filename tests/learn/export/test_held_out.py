from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctpet.contract import TrainingData, hash_patient
from ctpet.errors import CtpetError
from ctpet.learn.export import held_out as module
from ctpet.learn.export.held_out import held_out
from ctpet.phantom.domain import phantom_patient_id
from ctpet.prepare.cases import CaseInvalid
from ctpet.prepare.phantoms import write_phantom_case
from tests.case_factory import SALT, make_case, make_dataset
from tests.learn.export.tiny import tiny_contract

pytestmark = pytest.mark.slow

COARSE_MM = (24.0, 24.0, 24.0)


def knowing(*hashes, **changes):
    trained_on = TrainingData("d", "", "", SALT, tuple(sorted(hashes)))
    return tiny_contract(trained_on=(trained_on,), **changes)


def test_of_long_cases_the_smallest_is_taken(tmp_path):
    dataset = make_dataset(tmp_path, count=1)
    for number, slices in ((4, 196), (5, 192), (6, 191), (7, 200)):
        make_case(dataset, number, shape=(slices, 16, 16))
    assert held_out(knowing(), None, [dataset]).name == "case-05"


def test_of_several_data_sets_all_that_are_here_are_looked_at(tmp_path):
    one = make_dataset(tmp_path / "one", count=1)
    other = make_dataset(tmp_path / "other", count=1, first=1, shape=(28, 32, 40), salt="11")
    folders = [one, tmp_path / "absent", other]
    assert held_out(knowing(), None, folders).name == "case-01"
    other_one = TrainingData("e", "", "", "11", (f"{1:064x}",))
    contract = knowing()
    known = replace(contract, trained_on=(*contract.trained_on, other_one))
    assert held_out(known, None, folders).name == "case-00"


def test_the_largest_case_that_was_not_trained_on(tmp_path):
    dataset = make_dataset(tmp_path, count=3)
    make_case(dataset, 7, shape=(28, 32, 40))
    make_case(dataset, 8, shape=(60, 32, 40))
    tried = held_out(knowing(f"{8:064x}"), None, [dataset])
    assert tried.name == "case-07"
    assert tried.ct_hu.shape == (28, 32, 40)
    assert tried.ct_hu.dtype == np.float32
    assert tried.ct_hu[0, 0, 0] == -1000


def test_the_named_dataset_counts_and_must_be_readable(tmp_path):
    configured = make_dataset(tmp_path / "a", count=2)
    named = make_dataset(tmp_path / "b", count=6)
    assert held_out(knowing(), named, [configured]).name == "case-05"
    with pytest.raises(CaseInvalid):
        held_out(knowing(), tmp_path / "absent", [configured])
    (named / "dataset.json").write_text('{"cut')
    with pytest.raises(CaseInvalid, match="is no dataset"):
        held_out(knowing(), named, [configured])


def test_a_named_dataset_of_patients_that_were_trained_on_is_refused(tmp_path):
    dataset = make_dataset(tmp_path, count=2)
    with pytest.raises(CtpetError, match="trained on every patient"):
        held_out(knowing(f"{0:064x}", f"{1:064x}"), dataset, [dataset])


def test_another_grid_is_refused(tmp_path):
    dataset = make_dataset(tmp_path, count=2)
    with pytest.raises(CtpetError, match="model's grid"):
        held_out(knowing(spacing_mm=(3.0, 4.0, 4.0)), None, [dataset])


def test_without_a_dataset_a_digital_patient_is_drawn_who_was_not_trained_on():
    first = hash_patient(phantom_patient_id(module.FIRST_SEED), SALT)
    tried = held_out(knowing(first, spacing_mm=COARSE_MM), None, [Path("absent")])
    assert tried.name == f"digital patient {module.FIRST_SEED + 1}"
    assert tried.ct_hu.min() < -900
    assert tried.ct_hu.max() > 100


def test_digital_patients_are_known_by_the_hash_that_preparation_gives_them(tmp_path):
    case = write_phantom_case(tmp_path / "c", seed=3, spacing_mm=COARSE_MM, salt=SALT)
    assert case.patient_hash == hash_patient(phantom_patient_id(3), SALT)
