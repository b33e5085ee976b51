"""What is said of a network that does not tile can be done about that network."""

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn

from ctpet.learn.export.remedy import WHOLE, tiling_remedy
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.network import SuvNetwork

UNET = {
    "_target_": "monai.networks.nets.UNet",
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": 1,
    "channels": [2, 4],
    "strides": [2],
}
DYNUNET = {
    "_target_": "monai.networks.nets.DynUNet",
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": 1,
    "kernel_size": [3, 3, 3],
    "strides": [1, 2, 2],
    "upsample_kernel_size": [2, 2],
    "filters": [2, 4, 4],
}
SEGRESNET = {"_target_": "monai.networks.nets.SegResNet", "in_channels": 1, "out_channels": 1}
ATTENTION = {**UNET, "_target_": "monai.networks.nets.AttentionUnet"}


def remedy(backbone):
    config = OmegaConf.create({"network": {"backbone": backbone}})
    network = SuvNetwork(HuChannels([[-1024, 1024]]), instantiate(config.network.backbone), 25.0)
    return tiling_remedy(network, config)


@pytest.mark.parametrize(
    ("backbone", "kind", "key"),
    [
        (UNET, "InstanceNorm3d", "+network.backbone.norm=batch"),
        ({**UNET, "norm": "instance"}, "InstanceNorm3d", "network.backbone.norm=batch"),
        (SEGRESNET, "GroupNorm", "+network.backbone.norm=batch"),
        (DYNUNET, "InstanceNorm3d", "+network.backbone.norm_name=batch"),
    ],
)
def test_a_network_that_can_take_batch_normalisation_is_told_the_key(backbone, kind, key):
    told = remedy(backbone)
    assert told == (
        f"{kind} takes its statistics from the piece that it sees: train with {key}, or {WHOLE}."
    )
    name = key.rsplit(".", 1)[-1].removesuffix("=batch")
    changed = instantiate({**backbone, name: "batch"})
    assert not any(isinstance(one, nn.InstanceNorm3d | nn.GroupNorm) for one in changed.modules())


def test_a_key_is_found_however_deep_the_network_lies():
    nested = {
        "_target_": "torch.nn.Sequential",
        "_args_": [{"_target_": "torch.nn.Identity"}, UNET],
    }
    assert "train with +network.backbone._args_.1.norm=batch, or" in remedy(nested)


def test_built_in_normalisation_is_not_told_to_be_changed():
    told = remedy(ATTENTION)
    assert told == (
        "InstanceNorm3d takes its statistics from the piece that it sees, and is built into this "
        f"network: {WHOLE}, or train another network."
    )


def test_a_network_without_such_statistics_sees_too_far():
    assert remedy({**UNET, "norm": "batch"}).startswith("It sees too far: ")
