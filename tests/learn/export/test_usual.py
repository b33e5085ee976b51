"""What is usual is learnt of whom the network saw, and measured on whom it has not seen."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ctpet.errors import CtpetError
from ctpet.infer.unlike import unlike_along
from ctpet.learn.export import usual
from ctpet.learn.export.trained import read_trained
from ctpet.learn.export.usual import learn_usual, limit_of
from ctpet.learn.torch_backend import TorchBackend, predict_array
from ctpet.prepare.cases import list_cases
from ctpet.progress import silent
from ctpet.volume.outline import body_of_ct
from tests.case_factory import make_dataset
from tests.learn.export.tiny import make_run

SIZES = (48, 48, 48)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return read_trained(make_run(tmp_path_factory.mktemp("seen"), count=4))


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("others"), count=9, shape=SIZES, first=50)


@pytest.fixture(scope="module")
def learnt(trained, others):
    return learn_usual(trained, trained.network, [others], silent)


def test_the_pet_stays_and_the_promise_is_of_the_held_out(trained, others, learnt):
    familiar, promise = learnt
    ct = torch.full((1, 1, 16, 16, 16), 40.0)
    with torch.inference_mode():
        both, alone = familiar(ct), trained.network(ct)
    assert torch.equal(both[:, :1], alone)
    assert promise.measured_on == "9 patients out of made cases, no persons"
    scores = [_score(familiar, case, trained.contract) for case in list_cases(others)]
    assert promise.patients == len(scores) == 9
    assert promise.median == pytest.approx(np.median(scores), rel=1e-5)
    assert promise.limit == pytest.approx(limit_of(scores), rel=1e-5)


def test_what_was_never_seen_lies_beyond_the_limit(trained, others, learnt):
    familiar, promise = learnt
    strange = _score(familiar, list_cases(others)[0], trained.contract, hu=lambda hu: hu * 3 + 900)
    assert strange > promise.limit


def _score(familiar, case, contract, hu=lambda hu: hu):
    ct = np.asarray(case.array("ct"), np.float32)
    ct = np.where(body_of_ct(ct, case.geometry), hu(ct), ct).astype(np.float32)
    unlike = predict_array(ct, TorchBackend(familiar, torch.device("cpu")), contract)[-1]
    return unlike_along(unlike, body_of_ct(ct, case.geometry), 4.0).max()


def test_too_few_held_out_patients_are_said(trained):
    with pytest.raises(CtpetError, match=r"from 8 held-out patients or more; there are [12]$"):
        learn_usual(trained, trained.network, (), silent)


def test_a_training_set_that_is_gone_is_said(trained, others):
    kept, trained.config.data.dataset = trained.config.data.dataset, "gone"
    try:
        with pytest.raises(CtpetError, match="gone"):
            learn_usual(trained, trained.network, [others], silent)
    finally:
        trained.config.data.dataset = kept


def test_a_ct_larger_than_is_needed_is_taken_at_its_middle(others, monkeypatch):
    monkeypatch.setattr(usual, "LARGEST_VOXELS", 40)
    seen = []
    monkeypatch.setattr(
        usual.Deepest,
        "forward",
        lambda _self, ct: (seen.append(ct.shape[2:]), (None, torch.zeros(1, 2, 5, 5, 5)))[1],
    )
    (case, *_) = list_cases(others)
    deepest = usual.Deepest.__new__(usual.Deepest)
    torch.nn.Module.__init__(deepest)
    deepest.step = (8, 8, 8)
    assert usual._features(case, deepest, (8, 8, 8)).shape[1] == 2
    assert seen == [(40, 40, 40)]


@pytest.mark.parametrize("count", [99, 250])
def test_of_many_the_limit_is_a_rank(count):
    scores = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    assert limit_of(scores) == np.ceil((count + 1) * 0.99)


def test_of_few_the_limit_lies_beyond_all_and_one_in_a_hundred_exceeds_it():
    rng, exceeded = np.random.default_rng(1), []
    for _ in range(4000):
        *scores, further = np.exp(rng.normal(0.2, 0.1, 11))
        exceeded.append(further > limit_of(scores))
    assert np.mean(exceeded) == pytest.approx(0.01, abs=0.005)


def test_cases_are_taken_of_each_data_set_in_turn(monkeypatch):
    monkeypatch.setattr(usual, "TAUGHT_BY", 5)
    sets = [[Path(f"a{n}") for n in range(9)], [Path("b0")], [Path(f"c{n}") for n in range(3)]]
    assert [p.name for p in usual._some_of_each(sets)] == ["a0", "b0", "c0", "a1", "c1"]
