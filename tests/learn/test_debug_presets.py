"""What debug= is for: a rate, a network that can learn, a recipe in a minute; and no model."""

import csv
import json

import pytest
from hydra.utils import instantiate

from ctpet.errors import CtpetError
from ctpet.learn.command import compose, train_with
from ctpet.learn.export.trained import read_trained
from ctpet.learn.runs import list_runs
from ctpet.resources import config_choices
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, TINY_NETWORK

pytestmark = [
    LIGHTNING_TALKS,
    pytest.mark.filterwarnings("ignore:.*(num_training|max_steps|tqdm|IProgress)"),
]
COMMON = ["trainer.precision=32-true", "data.crops.size_voxels=[16,16,16]", "name=made"]
FOUR = ["contract.size_multiple=[4,4,4]"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("dataset"))


def typed(tmp_path, dataset, *overrides):
    return [f"paths.runs={tmp_path}", f"data.dataset={dataset}", *COMMON, *FOUR, *overrides]


def rows(path):
    with path.open(newline="") as file:
        return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]


def test_a_rate_is_suggested_by_a_curve_and_no_weights_are_left(tmp_path, dataset, capsys):
    find = ["debug=lr_find", "callbacks.find_rate.steps=30", *TINY_NETWORK]
    train_with(typed(tmp_path, dataset, *find))
    run = tmp_path / "made"
    curve = rows(run / "lr-find.csv")
    assert 11 < len(curve) <= 31
    rates = [row["optimizer.lr"] for row in curve]
    assert rates == sorted(rates)
    assert rates[0] == pytest.approx(1e-7, rel=1)
    told = capsys.readouterr().err
    found = float(told.split("Suggested: optimizer.lr=")[1].split(",")[0])
    assert rates[0] <= found <= rates[-1]
    assert (run / "lr-find.png").stat().st_size > 1000
    assert not [*run.rglob("*.ckpt"), *run.rglob("curves.csv")]
    assert [one.state for one in list_runs(tmp_path)] == ["no checkpoint"]
    train_with(typed(tmp_path, dataset, "debug=two_steps", "~callbacks.progress", *TINY_NETWORK))


def test_an_objective_that_steps_by_itself_has_no_rate_to_find(tmp_path, dataset):
    own = ["objective=adversarial", "trainer.gradient_clip_val=null"]
    with pytest.raises(CtpetError, match=r"^debug=lr_find tries objective=regression alone"):
        train_with(typed(tmp_path, dataset, "debug=lr_find", *own, *TINY_NETWORK))


def test_one_case_is_learned_by_heart_and_exported_by_nobody(tmp_path, dataset):
    short = ["data.steps_per_epoch=15", "trainer.max_epochs=4", "optimizer.lr=1e-2"]
    train_with(
        typed(
            tmp_path, dataset, "debug=overfit_one_case", "data.only_case=case-01",
            "~callbacks.progress", *short, *TINY_NETWORK,
        )
    )  # fmt: skip
    run = tmp_path / "made"
    curve = rows(run / "curves.csv")
    assert curve[-1]["train/loss"] < 0.6 * curve[0]["train/loss"]
    contract = json.loads((run / "contract.json").read_text())
    assert contract["name"] == "overfit-one-case"
    assert contract["trained_on"]["patient_hashes"] == [f"{1:064x}"]
    assert "is no model" in contract["limitations"]
    with pytest.raises(CtpetError, match=r"one case by heart \(data.only_case=case-01\).*no model"):
        read_trained(run / "checkpoints" / "last.ckpt")


def test_the_case_that_is_learned_is_the_one_that_is_judged(dataset):
    whole = instantiate(compose(["name=x", f"data.dataset={dataset}"]).data)
    whole.setup("fit")
    learned, held_out = whole.training_cases[0].case_id, whole.validation_cases[0].case_id
    for told, case_id in (("first", learned), (held_out, held_out)):
        config = compose(
            ["name=x", f"data.dataset={dataset}", f"data.only_case={told}", "data.workers=0"]
        )
        data = instantiate(config.data)
        data.setup("fit")
        assert [case.case_id for case in data.training_cases] == [case_id]
        assert [case.case_id for case in data.validation_cases] == [case_id]
        assert next(iter(data.train_dataloader()))["case_id"] == [case_id]


def test_of_several_data_sets_the_one_of_the_case_alone_is_left(tmp_path, dataset):
    other = make_dataset(tmp_path, first=8, salt="11")
    sets = f"data.datasets={{a: {{dataset: {dataset}, share: 0}}, b: {{dataset: {other}}}}}"
    config = compose(["name=x", sets, "data.only_case=case-09", "data.steps_per_epoch=2"])
    data = instantiate(config.data)
    data.setup("fit")
    assert [one.settings.name for one in data.sets] == ["b"]
    assert [case.case_id for case in data.validation_cases] == ["case-09"]


def test_a_case_that_is_not_there_is_told_with_one_that_is(tmp_path, dataset):
    with pytest.raises(CtpetError, match=r"only_case is nobody, .* Such as case-0\d, or first"):
        train_with(typed(tmp_path, dataset, "data.only_case=nobody", *TINY_NETWORK))


@pytest.mark.parametrize("experiment", config_choices()["experiment"])
def test_small_shrinks_crops_and_network_of_any_experiment(experiment):
    made = compose([f"experiment={experiment}", "debug=small", "data.dataset=none"])
    weights = sum(each.numel() for each in instantiate(made.network).parameters())
    assert weights < 200_000
    assert list(made.data.crops.size_voxels) == [32, 32, 32]
    assert made.start_from is None
