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


def test_models_of_other_patients_are_not_averaged(checkpoint, another):
    contract = another.parent.parent / "contract.json"
    told = json.loads(contract.read_text())
    told["trained_on"]["patient_hashes"] = ["ab"]
    contract.write_text(json.dumps(told))
    with pytest.raises(CtpetError, match="cannot be averaged"):
        read_average([checkpoint, another])
