import pytest
import torch

from ctpet.learn.half_resolution import HalfResolution
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.network import SuvNetwork

WINDOWS = [[-1024, 1024], [-160, 240]]


def test_channels_are_the_windows_clipped_to_0_and_1():
    hu = torch.tensor([-2000.0, -1024.0, -160.0, 40.0, 240.0, 1024.0, 3000.0])
    found = HuChannels(WINDOWS)(hu.reshape(1, 1, 7, 1, 1)).squeeze()
    wide = [0, 0, 864 / 2048, 1064 / 2048, 1264 / 2048, 1, 1]
    torch.testing.assert_close(found[0], torch.tensor(wide))
    torch.testing.assert_close(found[1], torch.tensor([0, 0, 0, 0.5, 1, 1, 1]))


def test_hu_range_is_what_any_window_sees():
    assert HuChannels([[-160, 240], [0, 1600]]).hu_range == (-160, 1600)


@pytest.mark.parametrize("windows", [[], [[10, 10]], [[0, -1]]])
def test_windows_must_grow(windows):
    with pytest.raises(ValueError, match="windows_hu"):
        HuChannels(windows)


def test_decoding_undoes_encoding_inside_the_range_and_clips_outside():
    network = SuvNetwork(HuChannels(WINDOWS), torch.nn.Identity(), suv_max=25)
    suv = torch.tensor([-1.0, 0.0, 0.25, 4.0, 25.0, 90.0])
    torch.testing.assert_close(network.encode(suv)[2:4], torch.tensor([0.5, 2.0]))
    wanted = torch.tensor([0, 0, 0.25, 4, 25, 25])
    torch.testing.assert_close(network.decode(network.encode(suv)), wanted)


def test_a_negative_code_is_no_uptake_and_not_its_square():
    network = SuvNetwork(HuChannels(WINDOWS), torch.nn.Identity(), suv_max=25)
    assert network.decode(torch.tensor([-3.0])).item() == 0


def test_half_resolution_loses_no_voxel():
    """With identity folds, every voxel comes back at its own place."""
    net = HalfResolution(torch.nn.Identity(), channels=1, inner_in=8, inner_out=8)
    with torch.no_grad():
        net.fold.weight.copy_(torch.eye(8).reshape(8, 1, 2, 2, 2))
        net.unfold.weight.copy_(torch.eye(8).reshape(8, 1, 2, 2, 2))
        net.fold.bias.zero_()
        net.unfold.bias.zero_()
    volume = torch.rand(1, 1, 4, 6, 8)
    torch.testing.assert_close(net(volume), volume)
