"""A network that also says how unlike its training what it sees is, from its own features.

The features of the deepest level, which see the widest surrounding and decide what the rest
becomes, are whitened and compared with typical places of the training (Lee et al., NeurIPS 2018,
take classes where these are clusters): the distance to the nearest of them, as a multiple of how
far training places usually lie from it. 1 is usual.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.nn.functional import conv3d, interpolate

from ctpet.errors import CtpetError
from ctpet.volume.geometry import Shape3

Floats = NDArray[np.float32]

COMPONENTS, PLACES = 64, 2048
"""Whitened components and typical places; fewer where there are fewer; measured in
docs/decisions/0018-unlike-training.md."""

SHRINKAGE = 0.01
"""Part of the mean variance that is added to each: hardly any direction is without noise."""

PRIOR_COUNT = 30
"""Training places as usual as all, that each typical place is thought to have beside its own."""

_PROBED = (2, 3, 4)
_VOLUME = 5


@dataclass(frozen=True, eq=False)
class Space:
    """Where the features of training lie.

    Attributes:
        whiten: (components, channels).
        mean: of the features, (channels,).
        places: typical whitened features, (places, components).
        usual: root mean square distance of training features from each place, (places,).
    """

    whiten: Floats
    mean: Floats
    places: Floats
    usual: Floats

    def unlike(self, features: Floats) -> Floats:
        """Return how unlike the training features are, (n,), of (n, channels)."""
        seen = (features - self.mean) @ self.whiten.T
        distance = np.linalg.norm(seen[:, None] - self.places, axis=2)
        nearest: Floats = (distance / self.usual).min(axis=1)
        return nearest


def fit_space(features: Floats, seed: int) -> Space:
    """Find the typical places of training features.

    Args:
        features: (n, channels), of all training patients.
        seed: of the clusters.

    Raises:
        CtpetError: there are fewer than two for each channel.
    """
    count, channels = features.shape
    if count < 2 * channels:
        raise CtpetError(
            f"Training shows the network {count} places of bodies, and {2 * channels} are needed "
            f"to know the usual spread of its {channels} features. Train "
            "on more patients, or export without familiarity."
        )
    mean = features.mean(axis=0, dtype=np.float64)
    variances, directions = np.linalg.eigh(np.cov(features.T.astype(np.float64)))
    kept = np.argsort(variances)[::-1][:COMPONENTS]
    spread = np.sqrt(variances[kept].clip(0) + SHRINKAGE * variances.mean())
    whiten = (directions[:, kept] / spread).T
    seen = (features - mean) @ whiten.T
    clusters = KMeans(min(PLACES, count // 8), n_init=1, max_iter=30, random_state=seed).fit(seen)
    places, nearest = clusters.cluster_centers_, clusters.labels_
    squares = ((seen - places[nearest]) ** 2).sum(axis=1)
    own = np.bincount(nearest, squares, minlength=len(places))
    number = np.bincount(nearest, minlength=len(places))
    usual = np.sqrt((own + PRIOR_COUNT * squares.mean()) / (number + PRIOR_COUNT))
    whiten, mean, places, usual = (a.astype(np.float32) for a in (whiten, mean, places, usual))
    return Space(whiten, mean, places, usual)


class Deepest(nn.Module):
    """A network that returns its features of the deepest level too.

    Attributes:
        step: voxels of the input that one place of the features spans, (k, j, i).
    """

    step: Shape3

    def __init__(self, network: nn.Module, size_multiple: Shape3) -> None:
        """Find the deepest level: of the coarsest features those with most channels, the last.

        Args:
            network: HU, (N, 1, K, J, I), to (N, outputs, K, J, I), in evaluation mode.
            size_multiple: K, J and I are multiples of these.
        """
        super().__init__()
        self.network = network
        size = [n * m for n, m in zip(_PROBED, size_multiple, strict=True)]
        seen: list[tuple[str, torch.Size]] = []
        with ExitStack() as hooks, torch.inference_mode():
            for name, part in network.named_modules():
                hook = part.register_forward_hook(_noting(name, seen))
                hooks.callback(hook.remove)
            network(torch.zeros(1, 1, *size))
        least = min(shape[2:].numel() for _, shape in seen)
        coarsest = [(name, shape) for name, shape in seen if shape[2:].numel() == least]
        most = max(shape[1] for _, shape in coarsest)
        self.level, shape = [one for one in coarsest if one[1][1] == most][-1]
        k, j, i = (n // m for n, m in zip(size, shape[2:], strict=True))
        self.step = (k, j, i)
        self.train(network.training)

    def forward(self, ct_hu: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the network returns, and its features, (N, C, K, J, I) in steps."""
        features: list[Tensor] = []

        def note(_part: nn.Module, _input: object, output: Tensor) -> None:
            features.append(output)

        hook = self.network.get_submodule(self.level).register_forward_hook(note)
        try:
            output: Tensor = self.network(ct_hu)
        finally:
            hook.remove()
        return output, features[-1]


class Familiar(nn.Module):
    """A network with one output more: how unlike its training each place is."""

    whiten: Tensor
    shift: Tensor
    crossed: Tensor
    squares: Tensor
    scale: Tensor

    def __init__(self, deepest: Deepest, space: Space) -> None:
        """Take the network, and where the features of its training lie."""
        super().__init__()
        self.deepest = deepest
        usual = space.usual.astype(np.float64) ** 2
        places = space.places.astype(np.float64)
        constants = {
            "whiten": space.whiten[:, :, None, None, None],
            "shift": -space.whiten.astype(np.float64) @ space.mean,
            "crossed": (-2 * places / usual[:, None])[:, :, None, None, None],
            "squares": (places**2).sum(axis=1) / usual,
            "scale": (1 / usual)[:, None, None, None, None],
        }
        for name, values in constants.items():
            tensor = torch.from_numpy(np.ascontiguousarray(values, np.float32))
            self.register_buffer(name, tensor)
        self.train(deepest.training)

    def forward(self, ct_hu: Tensor) -> Tensor:
        """Return what the network returns, then the map, (N, outputs + 1, K, J, I)."""
        output, features = self.deepest(ct_hu)
        return torch.cat([output, self.map(features)], dim=1)

    def map(self, features: Tensor) -> Tensor:
        """Return how unlike the training features are, (N, 1, K, J, I), in voxels of the input."""
        seen = conv3d(features, self.whiten, self.shift)
        length = seen.square().sum(dim=1, keepdim=True)
        distances = conv3d(length, self.scale) + conv3d(seen, self.crossed, self.squares)
        nearest = distances.amin(dim=1, keepdim=True).clamp(min=0.0).sqrt()
        scale = [float(n) for n in self.deepest.step]
        return interpolate(nearest, scale_factor=scale, mode="nearest")


def _noting(
    name: str, seen: list[tuple[str, torch.Size]]
) -> Callable[[nn.Module, object, object], None]:
    """Return a hook that notes the size of a part's features."""

    def note(_part: nn.Module, _input: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == _VOLUME:
            seen.append((name, output.shape))

    return note
