"""Several trainings as one network."""

import json
import shutil

import pytest
import torch
from hydra.utils import instantiate

from ctpet.errors import CtpetError
from ctpet.learn.export.trained import read_average, read_trained


@pytest.fixture
def another(checkpoint, tmp_path):
    """The tiny run again, with other weights."""
    run = shutil.copytree(checkpoint.parent.parent, tmp_path / "another")
    path = run / "checkpoints" / checkpoint.name
    state = torch.load(path, weights_only=False)
    state["state_dict"] = {
        name: value * 0.9 if value.is_floating_point() else value
        for name, value in state["state_dict"].items()
    }
    torch.save(state, path)
    return path


def test_one_checkpoint_is_itself(checkpoint, trained):
    assert read_average([checkpoint]).config == trained.config


def test_two_are_averaged_and_their_configuration_rebuilds_them(checkpoint, another):
    joined = read_average([checkpoint, another])
    ct = torch.randn(1, 1, 8, 8, 8) * 100
    members = [read_trained(path).network for path in (checkpoint, another)]
    wanted = (members[0](ct) + members[1](ct)) / 2
    torch.testing.assert_close(joined.network(ct), wanted, atol=1e-5, rtol=1e-5)
    assert len(joined.seeds) == 2
    again = instantiate(joined.config.network).eval()
    again.load_state_dict(joined.network.state_dict())
    torch.testing.assert_close(again(ct), joined.network(ct), rtol=0, atol=0)


def test_an_average_has_seen_what_all_have_seen(checkpoint, another):
    contract = another.parent.parent / "contract.json"
    told = json.loads(contract.read_text())
    low, high = told["extent_seen_mm"]
    told["extent_seen_mm"] = [low + 1, high + 50]
    contract.write_text(json.dumps(told))
    joined = read_average([checkpoint, another]).contract
    assert joined.extent_seen_mm == (low + 1, max(high, low + 1))


def change(checkpoint, **changed):
    """Rewrite the contract of the run that a checkpoint lies in; return what it was."""
    contract = checkpoint.parent.parent / "contract.json"
    told = json.loads(contract.read_text())
    contract.write_text(json.dumps(told | changed))
    return told


def test_an_average_of_folds_has_seen_everybody_whom_one_of_them_has(checkpoint, another):
    own = change(another)["trained_on"]
    change(another, trained_on={**own, "patient_hashes": ["ab"]}, slice_spacing_seen_mm=[1, 9])
    joined = read_average([checkpoint, another]).contract
    (data,) = joined.trained_on
    assert data.patient_hashes == tuple(sorted({"ab", *own["patient_hashes"]}))
    assert joined.slice_spacing_seen_mm == (1, 9)


def test_an_average_of_two_data_sets_names_both(checkpoint, another):
    own = change(another)["trained_on"]
    change(another, trained_on={**own, "description": "others", "patient_hashes": ["ab"]})
    joined = read_average([checkpoint, another]).contract
    assert [data.description for data in joined.trained_on] == [own["description"], "others"]
    assert joined.trained_on[1].patient_hashes == ("ab",)


def test_models_of_another_range_are_not_averaged(checkpoint, another):
    change(another, suv_range=[0, 7])
    with pytest.raises(CtpetError, match="cannot be averaged"):
        read_average([checkpoint, another])


@pytest.mark.parametrize(
    "content",
    [[1, 2], {}, {"state_dict": [1]}, {"state_dict": None}, "weights", 5],
    ids=lambda content: str(content)[:20],
)
def test_a_file_of_another_program_is_told_as_that(checkpoint, tmp_path, content):
    run = shutil.copytree(checkpoint.parent.parent, tmp_path / "run")
    path = run / "checkpoints" / checkpoint.name
    torch.save(content, path)
    with pytest.raises(CtpetError, match="holds no weights of a network"):
        read_trained(path)


def test_damaged_files_and_weights_without_progress_are_told(checkpoint, tmp_path):
    run = shutil.copytree(checkpoint.parent.parent, tmp_path / "run")
    path = run / "checkpoints" / checkpoint.name
    whole = path.read_bytes()
    state = torch.load(path, weights_only=False)
    for damaged in (b"", b"hello", whole[: len(whole) // 2], bytes(range(256))):
        path.write_bytes(damaged)
        with pytest.raises(CtpetError, match="holds no weights of a network"):
            read_trained(path)
    torch.save({"state_dict": state["state_dict"]}, path)
    with pytest.raises(CtpetError, match="cannot be read"):
        read_trained(path)
    path.write_bytes(whole)
    (run / "config.yaml").write_text("a: [1\nb: }{")
    with pytest.raises(CtpetError, match="does not lie in the folder of a training"):
        read_trained(path)
