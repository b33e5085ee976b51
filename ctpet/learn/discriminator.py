"""The judge of an adversarial training, and what its judgement costs either side.

A discriminator takes (N, channels, K, J, I) and returns a list of logits and a list of lists of
features, one of each a scale, as MONAI's ``MultiScalePatchDiscriminator`` does. Each logit judges
one patch: high for measured, low for predicted.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, relu
from torch.nn.utils.parametrizations import spectral_norm


def with_spectral_norm(discriminator: Callable[..., nn.Module], *, in_channels: int) -> nn.Module:
    """Make a discriminator whose 3D convolutions have weights of spectral norm 1.

    Each weight is divided by its largest singular value, which bounds how steep the judgement is
    (Miyato et al., ICLR 2018). The value is found by one step of power iteration a pass; its
    vectors are buffers and travel with checkpoints.

    Args:
        discriminator: makes it, of ``in_channels``.
        in_channels: of what it judges.
    """
    made = discriminator(in_channels=in_channels)
    for module in list(made.modules()):
        if isinstance(module, nn.Conv3d):
            spectral_norm(module)
    return made


def judging_loss(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Return the discriminator's side of the hinge.

    Mean over scales of ⟨max(0, 1 − D(real))⟩ + ⟨max(0, 1 + D(fake))⟩ (Lim and Ye, Geometric GAN,
    2017). MONAI's ``PatchAdversarialLoss`` is not used: it puts a tanh
    before the hinge, so that its margin is never reached.
    """
    scales = [
        relu(1 - r.float()).mean() + relu(1 + f.float()).mean()
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(scales).mean()


def fooling_loss(fake: Sequence[Tensor]) -> Tensor:
    """Return the generator's side of the hinge, mean over scales of −⟨D(fake)⟩."""
    return -torch.stack([f.float().mean() for f in fake]).mean()


def feature_distance(real: Sequence[Sequence[Tensor]], fake: Sequence[Sequence[Tensor]]) -> Tensor:
    """Return the mean over scales and layers of ⟨|feature(real) − feature(fake)|⟩.

    Feature matching of pix2pixHD (Wang et al., CVPR 2018, eq. 4); no gradient reaches ``real``.
    """
    layers = [
        l1_loss(f.float(), r.detach().float())
        for real_scale, fake_scale in zip(real, fake, strict=True)
        for r, f in zip(real_scale, fake_scale, strict=True)
    ]
    return torch.stack(layers).mean()
