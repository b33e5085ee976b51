"""A training on several data sets: its metrics, its contract, and that it goes on as itself."""

import csv
import json
from dataclasses import replace

import pytest
import torch

from ctpet.contract import contract_from_json
from ctpet.errors import CtpetError
from ctpet.evaluate.overlap import in_training
from ctpet.learn.train import train
from ctpet.learn.validation import mean_errors
from ctpet.learn.weights import read_weights
from ctpet.prepare.dataset import About, read_dataset, write_dataset
from ctpet.prepare.run import PrepareRequest, run_prepare
from ctpet.prepare.splits import read_splits
from tests.case_factory import make_case, make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, config

pytestmark = LIGHTNING_TALKS

BOXES = "boxes:{side_mm:32,per_patient:2,seed:7}"


def mixed(runs, one, two, *overrides):
    """Two data sets: whole cases with three shares, boxes with one; one epoch unless told."""
    return config(
        runs, one, "data.dataset=null", "data.steps_per_epoch=4", "trainer.max_epochs=1",
        f"data.datasets={{a:{{dataset:{one},share:3}},b:{{dataset:{two},{BOXES}}}}}",
        *overrides,
    )  # fmt: skip


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    place = tmp_path_factory.mktemp("sets")
    one = make_dataset(place / "one", attribution="A. Author", licence="CC0-1.0")
    two = make_dataset(place / "two", first=10, salt="11", licence="CC-BY-3.0")
    write_dataset(two, replace(read_dataset(two), description="boxes of made cases"))
    return one, two


@pytest.fixture(scope="module")
def done(sets, tmp_path_factory):
    """A training of two epochs: its run folder and its metrics."""
    runs = tmp_path_factory.mktemp("runs")
    metrics = train(mixed(runs, *sets, "trainer.max_epochs=2", "data.validation_cases=null"))
    return runs / "made", metrics


def test_errors_go_by_name_and_their_mean_is_val_mae(done):
    run, metrics = done
    assert metrics["val/mae"] == pytest.approx((metrics["val/a/mae"] + metrics["val/b/mae"]) / 2)
    assert metrics["val/a/mae"] != metrics["val/b/mae"]
    with (run / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"val/mae", "val/a/mae", "val/b/mae", "val/b/bias"} <= rows[0].keys()
    assert float(rows[1]["val/a/mae"]) == pytest.approx(metrics["val/a/mae"], rel=1e-4)
    for name in "ab":
        assert len(list((run / "pictures" / name).glob("epoch-*.png"))) == 2


def test_the_mean_goes_by_the_weights_that_are_stated(sets, tmp_path, done):
    weighted = mixed(
        tmp_path, *sets, "trainer.max_epochs=2", "data.validation_cases=null",
        "+data.datasets.a.validation_weight=3",
    )  # fmt: skip
    metrics, plain = train(weighted), done[1]
    assert metrics["val/a/mae"] == plain["val/a/mae"]
    expected = 0.75 * metrics["val/a/mae"] + 0.25 * metrics["val/b/mae"]
    assert metrics["val/mae"] == pytest.approx(expected)


def test_the_contract_names_all_that_was_learned_from(done):
    contract = contract_from_json((done[0] / "contract.json").read_text())
    a, b = contract.trained_on
    assert (a.attribution, a.licence, a.salt) == ("A. Author", "CC0-1.0", "00ff")
    assert (b.description, b.licence, b.salt) == ("boxes of made cases", "CC-BY-3.0", "11")
    assert len(a.patient_hashes) == len(b.patient_hashes) == 2
    assert contract.extent_seen_mm == (32, 96)
    told = json.loads((done[0] / "provenance.json").read_text())["data_fingerprint"]
    assert set(told) == {"a", "b"}
    assert {len(each) for each in told.values()} == {64}
    assert not in_training(["nobody"], contract.ever_seen)


def test_a_data_set_that_is_only_judged_on_is_no_part_of_what_was_learned_from(sets, tmp_path):
    metrics = train(mixed(tmp_path, *sets, "+data.datasets.b.share=0"))
    assert "val/b/mae" in metrics
    contract = contract_from_json((tmp_path / "made" / "contract.json").read_text())
    assert [data.salt for data in contract.trained_on] == ["00ff"]


def test_a_run_that_goes_on_ends_with_the_same_bits(sets, tmp_path):
    def unscheduled(runs, *overrides):
        made = mixed(runs, *sets, *overrides)
        made.scheduler = None  # which would stretch over the length that a run is begun with
        train(made)
        return read_weights(runs / "made" / "checkpoints" / "last.ckpt")

    whole = unscheduled(tmp_path / "whole", "trainer.max_epochs=2")
    begun = unscheduled(tmp_path / "cut")
    ended = unscheduled(tmp_path / "cut", "trainer.max_epochs=2", "resume=auto")
    assert all(torch.equal(whole[key], ended[key]) for key in whole)
    assert not all(torch.equal(begun[key], ended[key]) for key in begun)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("data.datasets.a.share=2", "data.datasets.a.share was 3 and is 2"),
        ("data.datasets.b.boxes.side_mm=64", "data.datasets.b.boxes.side_mm was 32 and is 64"),
        ("+data.datasets.b.fold=1", "data.datasets.b.fold was None and is 1"),
        ("~data.datasets.b", "data.datasets.b"),
    ],
)
def test_another_mixture_is_another_run(sets, done, override, told):
    before = (done[0] / "config.yaml").read_bytes()
    with pytest.raises(CtpetError, match="holds another run") as refusal:
        train(mixed(done[0].parent, *sets, "trainer.max_epochs=3", "resume=auto", override))
    assert told in str(refusal.value)
    assert (done[0] / "config.yaml").read_bytes() == before


def test_other_cases_of_one_data_set_are_another_run_and_another_place_is_not(tmp_path):
    one = make_dataset(tmp_path / "one")
    two = make_dataset(tmp_path / "two", first=10, salt="11")
    train(mixed(tmp_path, one, two))
    moved = two.rename(tmp_path / "moved")
    train(mixed(tmp_path, one, moved, "trainer.max_epochs=2", "resume=auto"))
    make_case(moved, 17)
    with pytest.raises(CtpetError, match=r"the cases of data\.datasets\.b\.dataset are others"):
        train(mixed(tmp_path, one, moved, "trainer.max_epochs=3", "resume=auto"))


def test_a_callback_may_wait_for_one_data_set_and_for_no_other(sets, tmp_path):
    overrides = ["callbacks=best", "callbacks.stop=null"]
    train(mixed(tmp_path, *sets, *overrides, "callbacks.best.monitor=val/b/mae"))
    assert (tmp_path / "made" / "checkpoints" / "best.ckpt").exists()
    with pytest.raises(CtpetError, match=r"monitor is val/c/mae, and must be .* as val/a/mae"):
        train(mixed(tmp_path / "c", *sets, *overrides, "callbacks.best.monitor=val/c/mae"))


def test_another_tracer_than_the_contract_promises_is_refused(tmp_path):
    other = make_dataset(tmp_path / "cases", tracer="PSMA")
    with pytest.raises(CtpetError, match="tracer is FDG, and the data are of PSMA"):
        train(config(tmp_path, other, "trainer.max_epochs=1"))
    assert not (tmp_path / "made" / "contract.json").exists()


def test_a_mean_is_over_where_an_error_is_defined():
    assert mean_errors([{"mae": 1.0, "bias": 2.0}, {"mae": 3.0}]) == {"mae": 2.0, "bias": 2.0}
    assert mean_errors([{"mae": 1.0}, {"mae": 3.0}], [3, 1]) == {"mae": 1.5}
    assert mean_errors([{"mae": 1.0}, {"mae": 3.0}], [0, 1]) == {"mae": 3.0}
    assert mean_errors([]) == {}


@pytest.mark.slow
def test_real_sarcomas_are_learned_from_beside_digital_patients(shared_data, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for patient in ("STS_002", "STS_048"):
        (raw / f"{patient}.tar.xz").symlink_to(shared_data / "sts" / f"{patient}.tar.xz")
    about = About("two sarcoma patients", "Vallières et al.", "CC-BY-3.0")
    for name, source, said in (("sts", str(raw), about), ("drawn", "phantom:1-2", About())):
        request = PrepareRequest(source, tmp_path / name, (8.0, 8.0, 8.0), folds=2, about=said)
        assert run_prepare(request).info.known_tracer == "FDG"
    boxes = "boxes:{side_mm:96,per_patient:8,seed:20261122}"
    metrics = train(
        config(
            tmp_path, tmp_path, "data.dataset=null", "trainer.max_epochs=1",
            f"data.datasets={{drawn:{{dataset:{tmp_path}/drawn,target:typical}},"
            f"sts:{{dataset:{tmp_path}/sts,{boxes}}}}}",
        )
    )  # fmt: skip
    assert 0.1 < metrics["val/drawn/mae"] < 5
    assert 0.1 < metrics["val/sts/mae"] < 5
    contract = contract_from_json((tmp_path / "made" / "contract.json").read_text())
    assert contract.learned_from == "digital patients of ctpet, no persons; two sarcoma patients"
    assert contract.extent_seen_mm[0] == 96
    held_out = read_splits(tmp_path / "sts").folds[0]
    sts = contract.trained_on[1]
    assert sts.patient_hashes == read_splits(tmp_path / "sts").folds[1] != held_out
    assert sum(in_training([name], [sts]) for name in ("STS_002", "STS_048")) == 1
