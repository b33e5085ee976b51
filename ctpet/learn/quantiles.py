"""Three quantiles of a code that cannot cross: a median, and distances that are never negative."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

OUTPUTS = 3
"""Channels of a network with bounds: the median, the lower and the upper bound, in this order."""

LEAST_DISTANCE = 1e-6
"""Of a bound from the median, in codes, where a distance is turned back into a channel."""


def ordered(channels: Tensor) -> Tensor:
    """Return codes of the median and of what lies below and above it, in the order of outputs.

    Of channels (m, a, b) these are m, m − softplus(a) and m + softplus(b): ordered whatever the
    weights are. A single channel is a median already.

    Args:
        channels: of a backbone's head, (N, 1 or 3, K, J, I).
    """
    if channels.shape[1] != OUTPUTS:
        return channels
    median, below, above = channels.chunk(OUTPUTS, dim=1)
    return torch.cat([median, median - softplus(below), median + softplus(above)], dim=1)


def unordered(codes: Tensor) -> Tensor:
    """Return the channels of codes; undoes :func:`ordered`."""
    if codes.shape[1] != OUTPUTS:
        return codes
    median, low, high = codes.chunk(OUTPUTS, dim=1)
    distances = torch.cat([median - low, high - median], dim=1).clamp_min(LEAST_DISTANCE)
    return torch.cat([median, distances + torch.log(-torch.expm1(-distances))], dim=1)
