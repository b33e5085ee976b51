import copy
import re
from dataclasses import replace

import pytest
from omegaconf import OmegaConf

from ctpet.contract import TrainingData, hash_patient
from ctpet.learn.export.card import Measured, card_text, digital_patients
from ctpet.learn.export.parity import Parity, ParityRow
from ctpet.learn.export.tiling import Tiling
from ctpet.phantom.domain import phantom_patient_id
from tests.case_factory import SALT
from tests.learn.export.tiny import tiny_contract

PHANTOMS = tuple(sorted(hash_patient(phantom_patient_id(seed), SALT) for seed in (5, 1000)))


@pytest.fixture
def measured():
    row = ParityRow("onnxruntime", "CPU", "1.32.0", "cpu", "fp32", 3e-7, 2e-8, 0.0)
    parity = Parity("torch 2.13", "case-01", 221184, (row,), ("OpenVINO: not Intel",))
    tiling = Tiling(24, 36, (64, 64, 64), (232, 125, 125), {16: 0.03, 24: 0.011})
    return Measured(parity, tiling, 18_530_461)


def contract(hashes=PHANTOMS, **changes):
    data = TrainingData(
        "2 digital patients of ctpet, no persons", "A. Author", "CC0-1.0", SALT, hashes
    )
    return tiny_contract(**{"name": "tiny", "trained_on": (data,), **changes})


def test_it_says_all_that_a_person_must_know(trained, measured):
    card = card_text(trained, contract(), measured, None)
    for needed in (
        "# tiny 1.0.0",
        "SYNTHETIC – NOT FOR DIAGNOSIS",
        "a grid of 4 × 4 × 4 mm",
        "Tests.",
        "Not evaluated.",
        "2 patients, out of 2 digital patients of ctpet, no persons.",
        "All that it learnt from are digital patients: the network has never seen a person.",
        "120 steps in 2 epochs: ",
        "voxels a crop 96 × 96 × 96",
        "target pet",
        "The averaged weights are shipped.",
        "torch 2.",
        "`f1n6e`",
        "| onnxruntime 1.32.0 | cpu | fp32 | 3e-07 | 2e-08 |",
        "Not compared: OpenVINO: not Intel.",
        "a halo of 24 voxels, 36 windows of 64 × 64 × 64 voxels",
        "Smaller halos: 16: 0.03 SUV",
        "18.5 MB",
        "start_from=checkpoints/tiny.safetensors",
        "Data: CC0-1.0. A. Author",
    ):
        assert needed in card, needed
    assert "{" not in card


def test_nothing_is_claimed_before_an_evaluation(trained, measured):
    card = card_text(trained, contract(), measured, None)
    assert "## Error\n\nNot evaluated: nothing is claimed.\n\n##" in card


def test_an_evaluation_stands_under_error(trained, measured):
    table = "| prediction | MAE |\n|---|---|\n| nothing | {1.6} |\n"
    card = card_text(trained, contract(), measured, table)
    assert f"## Error\n\n{table}\n## " in card


@pytest.mark.parametrize("kind", ["baseline", "regression", "appearance"])
def test_no_model_is_called_clinical(trained, measured, kind):
    card = card_text(trained, contract(kind=kind), measured, None)
    assert re.findall(r".{,6}clinical", card, re.IGNORECASE) == ["not a clinical"]


def test_digital_patients_are_counted_by_hash_not_by_what_is_said(trained, measured):
    mixed = contract(tuple(sorted((*PHANTOMS, "ab" * 32))))
    assert digital_patients(mixed) == 2
    card = card_text(trained, mixed, measured, None)
    assert "2 of them are digital patients." in card
    assert "never seen a person" not in card
    real = contract(("ab" * 32,))
    assert "of them are digital" not in card_text(trained, real, measured, None)


def test_several_data_sets_stand_there_each_with_its_own(trained, measured):
    drawn = contract().trained_on[0]
    crops = TrainingData("35 sarcoma patients.", "B. Author", "CC-BY-3.0", "11", ("ab", "cd"))
    card = card_text(trained, contract(trained_on=(drawn, crops)), measured, None)
    assert "2 patients, out of 2 digital patients of ctpet, no persons." in card
    assert "2 patients, out of 35 sarcoma patients. 2 of all 4 are digital patients." in card
    assert "Data: CC0-1.0; CC-BY-3.0. A. Author B. Author" in card


def test_a_mixture_is_told_with_its_targets_and_fingerprints(trained, measured):
    config = copy.deepcopy(trained.config)
    drawn = {"dataset": "cases-a", "share": 0.7, "target": "typical"}
    OmegaConf.update(config, "data.datasets", {"drawn": drawn, "real": {"dataset": "cases-b"}})
    prints = {"real": "f2", "drawn": "f1"}
    provenance = {**trained.provenance, "data_fingerprint": prints}
    mixed = replace(trained, config=config, provenance=provenance)
    card = card_text(mixed, contract(), measured, None)
    assert "target typical of drawn (share 0.7) + pet of real (share 1)" in card
    assert "Datasets: drawn `f1`, real `f2` (fingerprint)" in card
    assert "data.dataset=CASES data.datasets=null start_from=" in card


def test_training_on_goes_to_the_measured_pet(trained, measured):
    trained.config.data.crops.target = "typical"
    try:
        card = card_text(trained, contract(), measured, None)
    finally:
        trained.config.data.crops.target = "pet"
    assert "data.crops.target=pet start_from=" in card
