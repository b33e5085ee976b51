"""Whether a model saw a patient."""

from ctpet.contract import TrainingData, hash_patient
from ctpet.evaluate.overlap import in_training
from ctpet.phantom.domain import phantom_patient_id

SALT = "0a1b"


def trained_on(*identifiers):
    hashes = tuple(sorted(hash_patient(each, SALT) for each in identifiers))
    return TrainingData("made", "", "", SALT, hashes)


def test_a_patient_is_recognised_by_the_salted_hash():
    seen = trained_on("BN-1", "BN-2")
    assert in_training(["BN-2"], [seen])
    assert in_training(["other", " BN-2 "], [seen])
    assert not in_training(["BN-3"], [seen])
    assert not in_training(["BN-2"], [TrainingData("made", "", "", "ff", seen.patient_hashes)])


def test_a_digital_patient_is_recognised_by_its_seed_whatever_it_is_called():
    seen = trained_on(phantom_patient_id(1007))
    assert in_training(["phantom-1007"], [seen])
    assert in_training(["PHANTOM-1007"], [seen])
    assert not in_training(["phantom-7"], [seen])
    assert in_training(["phantom-0007"], [trained_on(phantom_patient_id(7))])
    assert in_training(["phantom-0007"], [trained_on("phantom-0007")])
