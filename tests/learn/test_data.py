import numpy as np
import pytest
import torch
from monai.transforms import RandGaussianNoised

from ctpet.learn.data import CaseDataModule, CropSettings
from ctpet.learn.sampling import CropWeights
from ctpet.prepare.cases import CaseInvalid
from tests.case_factory import make_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("dataset"), count=4, folds=2)


def module(dataset, *, workers=0, fold=0, seed=1, augment=()):
    crops = CropSettings((16, 16, 16), CropWeights(0.2, 0.4, 0.4), "pet", seed, augment)
    data = CaseDataModule(
        dataset=str(dataset), fold=fold, crops=crops, steps_per_epoch=3, batch_size=2,
        validation_cases=1, workers=workers,
    )  # fmt: skip
    data.setup("fit")
    return data


def epoch_of(data, epoch=0):
    loader = data.train_dataloader()
    loader.sampler.set_epoch(epoch)
    return list(loader)


NOISE = (RandGaussianNoised(keys=["ct"], prob=1.0, std=10.0),)


def test_an_epoch_is_the_same_whoever_loads_it(dataset):
    alone = epoch_of(module(dataset, augment=NOISE))
    by_workers = epoch_of(module(dataset, workers=2, augment=NOISE))
    assert len(alone) == 3
    for a, b in zip(alone, by_workers, strict=True):
        assert a["case_id"] == b["case_id"]
        for key in ("ct", "target", "region"):
            assert a[key].shape == (2, 1, 16, 16, 16)
            torch.testing.assert_close(a[key], b[key], rtol=0, atol=0)


def test_epochs_and_seeds_differ(dataset):
    first = epoch_of(module(dataset))[0]["ct"]
    assert not torch.equal(first, epoch_of(module(dataset), epoch=1)[0]["ct"])
    assert not torch.equal(first, epoch_of(module(dataset, seed=2))[0]["ct"])


def test_noise_is_added_to_the_ct_alone_and_in_hu(dataset):
    clean, noisy = epoch_of(module(dataset)), epoch_of(module(dataset, augment=NOISE))
    spread = torch.cat([(b["ct"] - a["ct"]).flatten() for a, b in zip(clean, noisy, strict=True)])
    assert 1 < spread.std().item() < 10.5  # MONAI draws the deviation up to std
    torch.testing.assert_close(clean[0]["target"], noisy[0]["target"], rtol=0, atol=0)


def test_no_patient_is_on_both_sides(dataset):
    for fold in (0, 1):
        data = module(dataset, fold=fold)
        learned = {case.patient_hash for case in data.training_cases}
        judged = {case.patient_hash for case in data.validation_cases}
        assert len(learned) == 2
        assert len(judged) == 1
        assert not learned & judged


def test_without_a_fold_every_patient_is_trained_on(dataset):
    data = module(dataset, fold=None)
    assert len(data.training_cases) == 4
    assert data.validation_cases == ()


def test_a_fold_that_is_not_there_is_refused(dataset):
    with pytest.raises(CaseInvalid, match="no fold 5"):
        module(dataset, fold=5)


def test_a_damaged_case_is_refused_by_name(tmp_path):
    folder = make_dataset(tmp_path, count=2)
    np.save(folder / "cases" / "case-01" / "ct.npy", np.zeros((1, 1, 1), np.int16))
    loader = module(folder, fold=None).train_dataloader()
    with pytest.raises(CaseInvalid, match=r"ct\.npy of case case-01"):
        list(loader)


def test_extent_is_what_a_crop_or_a_validated_case_shows(dataset):
    assert module(dataset, fold=None).extent_mm == (64.0, 64.0)
    assert module(dataset).extent_mm == (64.0, 96.0)
