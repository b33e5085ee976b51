import numpy as np
import pytest
import torch
from torch import nn

from ctpet.errors import CtpetError
from ctpet.infer.embed import write_contract
from ctpet.learn.export.graph import build_graph
from ctpet.learn.export.tiling import (
    LIMIT_SUV,
    MOST_PASSES,
    many_windows,
    smallest_halo,
)
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.network import SuvNetwork
from tests.infer.bodies import torso
from tests.learn.export.tiny import tiny_contract
from tests.onnx_factory import a_contract, a_model, convolution_bytes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ct():
    return torso((96, 56, 64))


def test_a_network_with_batch_normalisation_tiles(model, ct):
    tiling = smallest_halo(model, ct)
    assert tiling.halo_voxels in (16, 24)
    assert tiling.windows > 4
    assert tiling.shape == ct.shape
    assert tiling.max_difference_suv[tiling.halo_voxels] <= LIMIT_SUV


def test_the_smallest_halo_that_keeps_the_limit_is_taken(model, ct):
    tiling = smallest_halo(model, ct, halos=(0, 2, 16, 24))
    assert tiling.halo_voxels == 16
    assert set(tiling.max_difference_suv) == {0, 2, 16}
    assert tiling.max_difference_suv[0] > LIMIT_SUV


def test_a_halo_that_covers_the_reach_changes_nothing(tmp_path, ct):
    model = a_model(tmp_path, convolution_bytes())
    tiling = smallest_halo(model, ct, halos=(2,))
    assert tiling.max_difference_suv[2] <= 1e-5


def test_a_network_with_instance_normalisation_is_refused(tmp_path, ct):
    torch.manual_seed(0)
    backbone = nn.Sequential(
        nn.Conv3d(1, 4, 3, padding=1),
        nn.InstanceNorm3d(4, affine=True),
        nn.ReLU(),
        nn.Conv3d(4, 1, 3, padding=1),
    )
    network = SuvNetwork(HuChannels([[-1024, 1024]]), backbone, 25.0).eval()
    nn.init.constant_(backbone[3].bias, 1.0)
    contract = tiny_contract()
    model = write_contract(
        build_graph(network, (4, 4, 4), ["pet_suvbw"]), contract, tmp_path / "m.onnx"
    )
    with pytest.raises(CtpetError, match=r"test-model does not tile: .* limit is 0\.02") as refusal:
        smallest_halo(model, ct, remedy="Do this.")
    assert str(refusal.value).endswith("limit is 0.02. Do this.")


def test_a_case_too_small_to_cut_proves_nothing(model):
    with pytest.raises(CtpetError, match="too small to be cut"):
        smallest_halo(model, np.zeros((24, 24, 24), np.float32))


@pytest.mark.parametrize("halo", [8, 16, 32])
def test_many_windows_cost_a_few_passes(halo):
    contract = a_contract(size_multiple=(8, 8, 8), halo_voxels=(halo,) * 3)
    plan = many_windows((232, 125, 125), contract)
    computed = plan.count * np.prod(plan.size)
    assert plan.count > 8
    assert computed <= MOST_PASSES * np.prod(plan.shape)
    assert all(len(cuts) > 1 for cuts in plan.cuts)
