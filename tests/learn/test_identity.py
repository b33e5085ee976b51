"""A run that goes on is the run that was begun; what may differ is told."""

import json

import pytest

from ctpet.errors import CtpetError
from ctpet.learn.identity import may_change
from ctpet.learn.train import train
from tests.case_factory import make_case, make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, config

pytestmark = LIGHTNING_TALKS


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A finished run of one epoch beside its dataset."""
    place = tmp_path_factory.mktemp("begun")
    dataset = make_dataset(place / "cases")
    train(config(place, dataset, "trainer.max_epochs=1"))
    return place, dataset


def files(run):
    return {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("data.fold=1", "data.fold was 0 and is 1"),
        ("optimizer.lr=0.5", "optimizer.lr was 0.001 and is 0.5"),
        ("seed=5", "seed was 20261122 and is 5"),
        ("network.backbone.backbone.init_filters=16", "init_filters was 8 and is 16"),
        ("loss=sharp", "loss"),
        ("trainer.precision=64-true", "trainer.precision was 32-true and is 64-true"),
        ("callbacks.average.decay=0.5", "callbacks.average.decay was 0.995 and is 0.5"),
    ],
)
def test_another_run_is_refused_before_anything_is_written(begun, override, told):
    place, dataset = begun
    before = files(place / "made")
    with pytest.raises(CtpetError, match="holds another run") as refusal:
        train(config(place, dataset, "trainer.max_epochs=2", "resume=auto", override))
    assert told in str(refusal.value)
    assert files(place / "made") == before


def test_other_cases_behind_the_same_path_are_refused(tmp_path):
    dataset = make_dataset(tmp_path / "cases")
    train(config(tmp_path, dataset, "trainer.max_epochs=1"))
    before = files(tmp_path / "made")
    make_case(dataset, 7)
    with pytest.raises(CtpetError, match=r"the cases of data\.dataset are others"):
        train(config(tmp_path, dataset, "trainer.max_epochs=2", "resume=auto"))
    assert files(tmp_path / "made") == before


def test_what_may_change_is_told_and_kept(tmp_path, capsys):
    dataset = make_dataset(tmp_path / "cases")
    train(config(tmp_path, dataset, "trainer.max_epochs=1"))
    moved = dataset.rename(tmp_path / "moved")
    train(config(tmp_path, moved, "trainer.max_epochs=2", "resume=auto"))
    assert "Goes on with trainer.max_epochs=2, begun with 1." in capsys.readouterr().err
    provenance = json.loads((tmp_path / "made" / "provenance.json").read_text())
    (resumed,) = provenance["resumed"]
    assert resumed["changed"]["trainer.max_epochs"] == [1, 2]
    assert "data.dataset" in resumed["changed"]
    assert len((tmp_path / "made" / "curves.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("key", "may"),
    [
        ("trainer.max_epochs", True),
        ("trainer.gradient_clip_val", False),
        ("data.workers", True),
        ("data.fold", False),
        ("data.dataset_of_another", False),
        ("callbacks.average.decay", False),
        ("callbacks.stop.patience", True),
        ("start_from", False),
        ("augment", False),
    ],
)
def test_what_a_run_is(key, may):
    assert may_change(key) is may
