"""Tiny networks of MONAI, as a configuration describes them."""

import torch
from hydra.utils import instantiate
from torch import nn

from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.network import SuvNetwork

UNET = {
    "_target_": "monai.networks.nets.UNet",
    "spatial_dims": 3,
    "in_channels": 2,
    "out_channels": 1,
    "channels": [2, 4, 4],
    "strides": [2, 2],
    "norm": "batch",
}
DYNUNET = {
    "_target_": "monai.networks.nets.DynUNet",
    "spatial_dims": 3,
    "in_channels": 2,
    "out_channels": 1,
    "kernel_size": [3, 3, 3, 3],
    "strides": [1, 2, 2, 1],
    "upsample_kernel_size": [2, 2, 1],
    "filters": [2, 4, 4, 4],
    "norm_name": "batch",
}


def network(backbone):
    """A network around a backbone, or around what a configuration makes, the same every time."""
    torch.manual_seed(4)
    if not isinstance(backbone, nn.Module):
        backbone = instantiate(backbone)
    return SuvNetwork(HuChannels([[-1024, 1024], [-160, 240]]), backbone, 25.0)
