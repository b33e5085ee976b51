"""Which crop a training step sees: a function of (seed, epoch, index) and nothing else."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from ctpet.errors import CtpetError
from ctpet.prepare.cases import BODY, UNMEASURED, ArrayName, Case
from ctpet.volume.geometry import Shape3

BLOCK_VOXELS = 8


class Draw(NamedTuple):
    """One training sample: the number-th of an epoch."""

    epoch: int
    number: int


class EpochSampler(Sampler[Draw]):
    """Yields the draws of an epoch, every ``world_size``-th from ``rank`` on.

    Lightning calls :meth:`set_epoch`, also after a resume, so that a run that was stopped sees
    what it would have seen.
    """

    def __init__(self, samples: int, *, rank: int = 0, world_size: int = 1) -> None:
        """Take the samples of an epoch over all ranks.

        Raises:
            ValueError: the ranks cannot share them evenly.
        """
        if samples < 1 or samples % world_size:
            raise ValueError(f"{samples} samples an epoch cannot be shared by {world_size} ranks")
        self.samples, self.rank, self.world_size = samples, rank, world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.samples // self.world_size

    def __iter__(self) -> Iterator[Draw]:
        for index in range(self.rank, self.samples, self.world_size):
            yield Draw(self.epoch, index)


class Turns:
    """Which data set each draw of an epoch is from, and which of that data set's draws it is.

    Each data set has its share of the crops of an epoch, to the nearest whole numbers and at least
    one, in an order drawn anew for each epoch. Its first n crops are the same whatever others it is
    mixed with.
    """

    def __init__(self, shares: Sequence[float], samples: int, seed: int) -> None:
        """Take the shares, and the samples of an epoch over all ranks.

        Raises:
            CtpetError: there are fewer samples than data sets with a share.
        """
        self._counts, self._seed = turn_counts(shares, samples), seed
        self._epoch, self._order = -1, np.empty((0, 2), np.int64)

    def turn(self, draw: Draw) -> tuple[int, Draw]:
        """Return the number of the data set, and which of its own draws it is."""
        if draw.epoch != self._epoch:
            self._epoch, self._order = draw.epoch, self._ordered(draw.epoch)
        which, number = self._order[draw.number]
        return int(which), Draw(draw.epoch, int(number))

    def _ordered(self, epoch: int) -> NDArray[np.int64]:
        pairs = [(which, n) for which, count in enumerate(self._counts) for n in range(count)]
        order = np.array(pairs, np.int64)
        if len(self._counts) > 1:
            rng = np.random.default_rng([self._seed, epoch, zlib.crc32(b"turns")])
            whose = rng.permutation(order[:, 0])
            order = order[np.argsort(np.argsort(whose, kind="stable"), kind="stable")]
        return order


def turn_counts(shares: Sequence[float], samples: int) -> list[int]:
    """Divide the samples of an epoch by shares, largest remainders first, at least one to each.

    Args:
        shares: from 0 up, of which one is more than 0; those of 0 get nothing.
        samples: of an epoch.

    Raises:
        CtpetError: there are fewer samples than shares.
    """
    least = [int(share > 0) for share in shares]
    if samples < sum(least):
        raise CtpetError(
            f"An epoch has {samples} crops, and each of {sum(least)} data sets takes one at least. "
            "Give more data.steps_per_epoch or data.batch_size."
        )
    exact = [samples * share / sum(shares) for share in shares]
    counts = [max(int(n), m) for n, m in zip(exact, least, strict=True)]
    while (left := samples - sum(counts)) != 0:
        step = 1 if left > 0 else -1
        may = [n for n, m in enumerate(least) if m and counts[n] + step >= 1]
        counts[max(may, key=lambda n: step * (exact[n] - counts[n]))] += step
    return counts


@dataclass(frozen=True, slots=True)
class CropWeights:
    """How often a crop is centred where; shares of the samples.

    Attributes:
        anywhere: uniform over all positions of the crop inside the case.
        body: around a block of the body, all alike.
        uptake: around a block of the body, in proportion to its mean SUV.

    Raises:
        ValueError: at construction, if the shares are negative or do not sum to 1.
    """

    anywhere: float
    body: float
    uptake: float

    def __post_init__(self) -> None:
        shares = (self.anywhere, self.body, self.uptake)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise ValueError(f"crop weights must be shares that sum to 1, not {shares}")


class CropChooser:
    """Chooses where to crop a case; knows its body and uptake by blocks of 8 voxels."""

    def __init__(self, case: Case, target: ArrayName, weights: CropWeights) -> None:
        """Look through a case once."""
        self._shape = case.shape
        self._weights = weights
        self._centres = np.empty((0, 3), np.int64)
        if weights.anywhere < 1:
            region = case.array("region")
            body = _block_means(np.asarray(region == BODY, np.float32))
            suv = np.where(region == UNMEASURED, 0, np.clip(case.array(target), 0, None))
            self._centres = np.argwhere(body > 0.05)
            at = tuple(self._centres.T)
            self._uptake = np.cumsum((body * _block_means(suv.astype(np.float32)))[at])

    def start(self, size: Shape3, rng: np.random.Generator) -> Shape3:
        """Return the first voxel of a crop, inside the case where the case is large enough."""
        room = [max(n - m, 0) for n, m in zip(self._shape, size, strict=True)]
        which = rng.random()
        jitter = rng.integers(BLOCK_VOXELS, size=3)
        position = rng.random(3)
        if which < self._weights.anywhere or not len(self._centres):
            first = [int(p * (r + 1)) for p, r in zip(position, room, strict=True)]
        else:
            by_uptake = which >= self._weights.anywhere + self._weights.body
            block = self._centres[self._block(by_uptake=by_uptake, at=position[0])]
            centre = block * BLOCK_VOXELS + jitter
            first = [
                int(np.clip(c - m // 2, 0, r)) for c, m, r in zip(centre, size, room, strict=True)
            ]
        return first[0], first[1], first[2]

    def _block(self, *, by_uptake: bool, at: float) -> int:
        total = float(self._uptake[-1])
        if by_uptake and total > 0:
            return int(np.searchsorted(self._uptake, at * total, side="right"))
        return int(at * len(self._centres))


def _block_means(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return means over blocks; a block at the far border counts what lies beyond it as 0."""
    padded = np.pad(array, [(0, -n % BLOCK_VOXELS) for n in array.shape])
    k, j, i = (n // BLOCK_VOXELS for n in padded.shape)
    b = BLOCK_VOXELS
    means: NDArray[np.float32] = padded.reshape(k, b, j, b, i, b).mean(axis=(1, 3, 5))
    return means
