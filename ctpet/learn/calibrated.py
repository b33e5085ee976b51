"""A network whose bounds are moved by the factors of its calibration: what is exported."""

import math

from torch import Tensor, cat, nn

from ctpet.contract import IntervalPromise
from ctpet.learn.network import SuvNetwork
from ctpet.learn.quantiles import OUTPUTS

RAMP = 0.1
"""Over which codes a factor goes over into the next bin's; less than half of any bin.

A jump would make bounds depend on the last digit of the median, on which engines and windows do
not agree. The way lies in the bin of the smaller factor, so that no bin has less than its own.
"""


def factor_at(median: Tensor, promise: IntervalPromise) -> Tensor:
    """Return the factor of a calibration at each code of the median, of the same shape."""
    edges = [math.sqrt(edge) for edge in promise.edges_suv]
    first, *others = promise.factors
    factor = median.new_full((), first).expand_as(median)
    for edge, before, after in zip(edges, promise.factors, others, strict=False):
        if after != before:
            start = edge - RAMP if after > before else edge
            factor = factor + (after - before) * ((median - start) / RAMP).clamp(0.0, 1.0)
    return factor


class Calibrated(nn.Module):
    """Distances from the median, in codes, times a factor that depends on the median."""

    def __init__(self, network: SuvNetwork, promise: IntervalPromise) -> None:
        """Take a network of three outputs and its factors."""
        super().__init__()
        self.network, self.promise = network, promise
        self.train(network.training)

    def forward(self, ct_hu: Tensor) -> Tensor:
        """Return SUVbw of the median, the lower and the upper bound, (N, 3, K, J, I)."""
        median, low, high = self.network.code(ct_hu).chunk(OUTPUTS, dim=1)
        factor = factor_at(median, self.promise)
        below, above = factor * (median - low), factor * (high - median)
        return self.network.decode(cat([median, median - below, median + above], dim=1))
