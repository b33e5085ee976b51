"""The least error a prediction can have that is made from the anatomy alone.

Everything is conditional on the anatomy A, with the law of the hidden uptake known. A CT shows A
imperfectly (noise, partial volume, tissues of one density), so nothing computed from the CT alone
can have a smaller expected error over patients: the floor is a lower bound for every such model,
and not one that need be reachable. Over one patient's PET an estimate may fall below it by luck.

The conditional mean has the least RMSE. It has a closed form, since blur and expectation commute.
The voxelwise conditional median has the least MAE. It does not commute with the blur, so it comes
from draws: the maps of tissues are blurred once and multiplied by drawn SUVs, slab by slab.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.breath import breathe
from ctpet.phantom.hidden import HiddenLesion, draw_hidden, expected_hidden, splat
from ctpet.phantom.priors import draw_suv
from ctpet.phantom.psf import Region, noise_variance
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.seen import Seen, see
from ctpet.progress import Progress, silent
from ctpet.volume import Geometry, Volume

Floats = NDArray[np.float32]

DRAWS = 256
"""How many patients the median is taken over. Its own error adds about 1/400 to the MAE."""

_FLOOR_STREAM = 0x0F1A
_SLAB_VOXELS = 4_000
_THREADS = 2


@dataclass(frozen=True, eq=False)
class Floor:
    """The best predictions from the anatomy, and the errors they are expected to make.

    Attributes:
        mean: SUVBW, E[PET | A]; the best prediction by RMSE.
        median: SUVBW, voxelwise median of PET given A; the best by MAE. Exactly 0 outside the
            reach of the body.
        rmse: expected RMSE of the mean in the body, g/mL: the root of the mean variance.
        mae: expected MAE of the median in the body, over the draws it was taken from, so up to
            1 % too low: the bound holds.
        mae_of_mean: expected MAE of the mean in the body.
        rmse_of_median: expected RMSE of the median in the body.
    """

    mean: Volume
    median: Volume
    rmse: float
    mae: float
    mae_of_mean: float
    rmse_of_median: float


@dataclass(frozen=True, eq=False)
class _Draws:
    """Independent patients of one anatomy.

    Attributes:
        suv: (maps, draws) SUVbw of each map's tissue.
        textured: (maps, draws) the same times the tissue's texture.
        hidden: for each plane of the grid, which draws have a lesion there: (draw, box, values).
    """

    suv: Floats
    textured: Floats
    hidden: tuple[tuple[tuple[int, Region, Floats], ...], ...]


@dataclass(frozen=True, eq=False)
class _Slab:
    """Voxels of some planes that the body reaches, with the stream of their noise."""

    planes: slice
    reached: NDArray[np.bool_]
    stream: np.random.SeedSequence


def conditional_mean(anatomy: Anatomy, geometry: Geometry) -> Volume:
    """Return E[PET | A], SUVbw, in closed form.

    Args:
        anatomy: the patient.
        geometry: the PET grid, with orthogonal axes.

    Raises:
        ValueError: the axes of the grid are not orthogonal.
    """
    return mean_of(see(anatomy, render_fractions(anatomy, geometry)))


def conditional_median(
    anatomy: Anatomy, geometry: Geometry, *, seed: int, draws: int = DRAWS
) -> Volume:
    """Return the voxelwise median of PET given A, SUVbw; the same seed gives the same bytes.

    Args:
        anatomy: the patient.
        geometry: the PET grid, with orthogonal axes.
        seed: of the draws; they are independent of the patient's own uptake of the same seed.
        draws: how many.

    Raises:
        ValueError: the axes of the grid are not orthogonal.
    """
    seen = see(anatomy, render_fractions(anatomy, geometry))
    return floor_of(seen, seed=seed, draws=draws).median


def mean_of(seen: Seen) -> Volume:
    """Return E[PET | A] of an anatomy that is rendered already.

    Texture and noise have mean 0; a tissue contributes its mean SUV times its blurred map; hidden
    lesions contribute :func:`ctpet.phantom.hidden.expected_hidden`.
    """
    out = expected_hidden(seen.hosts, seen.geometry)
    for each in seen.maps:
        out[each.region] += np.float32(seen.habitus * each.prior.mean) * each.seen
    return Volume(out, seen.geometry, "SUVBW")


def floor_of(seen: Seen, *, seed: int, draws: int = DRAWS, progress: Progress = silent) -> Floor:
    """Return both floors of an anatomy that is rendered already, with their expected errors.

    Memory beside the maps is two planes of the body times the draws, thrice.

    Args:
        seen: the anatomy as PET sees it.
        seed: of the draws.
        draws: how many patients.
        progress: told of the stage ``floor``.

    Raises:
        ValueError: fewer than two draws, or the axes of the grid are not orthogonal.
    """
    if draws < 2:
        raise ValueError(f"a median needs at least two draws, not {draws}")
    mean = mean_of(seen)
    first, *streams = np.random.SeedSequence([seed, _FLOOR_STREAM]).spawn(
        seen.geometry.shape[0] + 1
    )
    drawn = _draw(seen, np.random.default_rng(first), draws)
    slabs = list(_slabs(seen, streams))
    median = np.zeros(seen.geometry.shape, np.float32)
    sums = np.zeros(4)

    def work(slab: _Slab) -> NDArray[np.float64]:
        values = _sample(seen, drawn, slab)
        values.sort(axis=1)
        low, high = values[:, (draws - 1) // 2], values[:, draws // 2]
        middle = np.asarray((low + high) * np.float32(0.5))
        median[slab.planes][slab.reached] = middle
        body = seen.body[slab.planes][slab.reached]
        expected = mean.array[slab.planes][slab.reached]
        return _error_sums(values[body], middle[body], expected[body])

    with ThreadPoolExecutor(_THREADS) as pool:
        for number, part in enumerate(pool.map(work, slabs), start=1):
            sums += part
            progress("floor", number / len(slabs))
    mae, mae_of_mean, square, square_of_median = sums / max(1, draws * int(seen.body.sum()))
    return Floor(
        _breathed(seen, mean.array),
        _breathed(seen, median),
        rmse=float(np.sqrt(square)),
        mae=float(mae),
        mae_of_mean=float(mae_of_mean),
        rmse_of_median=float(np.sqrt(square_of_median)),
    )


def _breathed(seen: Seen, suv: Floats) -> Volume:
    """Return a floor where the PET shows it; what is best given the anatomy and how it breathed."""
    array = suv if seen.breath is None else breathe(suv, seen.geometry, seen.breath)
    return Volume(array, seen.geometry, "SUVBW")


def sample_pets(seen: Seen, *, seed: int, draws: int) -> Floats:
    """Return PETs of patients of one anatomy, float32 (draws, k, j, i), for small grids.

    They follow the law that the floor is taken over, voxel by voxel: the noise and the texture of
    neighbouring voxels are independent here, which neither mean nor median can tell.
    """
    first, *streams = np.random.SeedSequence([seed, _FLOOR_STREAM]).spawn(
        seen.geometry.shape[0] + 1
    )
    drawn = _draw(seen, np.random.default_rng(first), draws)
    out = np.zeros((draws, *seen.geometry.shape), np.float32)
    for slab in _slabs(seen, streams):
        out[:, slab.planes][:, slab.reached] = _sample(seen, drawn, slab).T
    return out


def _draw(seen: Seen, rng: np.random.Generator, draws: int) -> _Draws:
    priors = [each.prior for each in seen.maps]
    suv = seen.habitus * draw_suv(priors, rng, draws)
    texture = np.array([prior.texture for prior in priors])
    planes: list[list[tuple[int, Region, Floats]]] = [[] for _ in range(seen.geometry.shape[0])]
    for draw in range(draws):
        lesions: tuple[HiddenLesion, ...] = draw_hidden(seen.hosts, seen.geometry, rng)
        for lesion in lesions:
            if (found := splat(lesion, seen.geometry)) is not None:
                region, values = found
                for k, plane in zip(range(region[0].start, region[0].stop), values, strict=True):
                    planes[k].append((draw, (slice(k, k + 1), region[1], region[2]), plane))
    return _Draws(
        np.ascontiguousarray(suv.T, dtype=np.float32),
        np.ascontiguousarray((suv * texture).T, dtype=np.float32),
        tuple(tuple(plane) for plane in planes),
    )


def _slabs(seen: Seen, streams: list[np.random.SeedSequence]) -> Iterator[_Slab]:
    """Cut the grid into planes, several at a time where the body is small in them."""
    reached = np.zeros(seen.geometry.shape, bool)
    for each in seen.maps:
        reached[each.region] |= each.seen > 1e-4
    counts = reached.sum(axis=(1, 2))
    start = 0
    for k in range(1, len(counts) + 1):
        if k == len(counts) or counts[start : k + 1].sum() > _SLAB_VOXELS:
            planes = slice(start, k)
            if reached[planes].any():
                yield _Slab(planes, reached[planes], streams[start])
            start = k


def _sample(seen: Seen, drawn: _Draws, slab: _Slab) -> Floats:
    """Return the PET of every draw at the slab's voxels, float32 (voxels, draws)."""
    maps = _gather(seen, slab)
    values = maps @ drawn.suv
    spread = maps @ drawn.textured
    row = np.full(slab.reached.shape, -1, np.int32)
    row[slab.reached] = np.arange(maps.shape[0], dtype=np.int32)
    for k in range(slab.planes.start, slab.planes.stop):
        for draw, region, plane in drawn.hidden[k]:
            at = row[k - slab.planes.start][region[1:]]
            values[at[at >= 0], draw] += plane[at >= 0]
    deviate = np.random.Generator(np.random.SFC64(slab.stream)).standard_normal(
        values.shape, dtype=np.float32
    )
    np.square(spread, out=spread)
    spread += noise_variance(values)
    deviate *= np.sqrt(spread, out=spread)
    values += deviate
    return np.asarray(values, dtype=np.float32)


def _gather(seen: Seen, slab: _Slab) -> Floats:
    """Return the blurred maps at the slab's voxels, (voxels, maps)."""
    columns = np.zeros((int(slab.reached.sum()), len(seen.maps)), np.float32)
    full = np.zeros(slab.reached.shape, np.float32)
    for column, each in enumerate(seen.maps):
        low = max(each.region[0].start, slab.planes.start)
        high = min(each.region[0].stop, slab.planes.stop)
        if low >= high:
            continue
        full[...] = 0
        inside = slice(low - slab.planes.start, high - slab.planes.start)
        own = slice(low - each.region[0].start, high - each.region[0].start)
        full[(inside, *each.region[1:])] = each.seen[own]
        columns[:, column] = full[slab.reached]
    return columns


def _error_sums(values: Floats, median: Floats, mean: Floats) -> NDArray[np.float64]:
    """Return sums of |median error|, |mean error|, mean error² and median error².

    Args:
        values: (voxels, draws), sorted along the draws.
        median: their medians, (voxels,).
        mean: the expected values, (voxels,).
    """
    draws = values.shape[1]
    low, high = values[:, : draws // 2], values[:, (draws + 1) // 2 :]
    of_median = high.sum(dtype=np.float64) - low.sum(dtype=np.float64)
    shifted = values - mean[:, None]
    squares = np.einsum("vd,vd->", shifted, shifted)
    apart = (mean - median).astype(np.float64)
    squares_of_median = squares + draws * (apart @ apart) + 2 * (apart @ shifted.sum(axis=1))
    of_mean = np.abs(shifted, out=shifted).sum(dtype=np.float64)
    return np.array([of_median, of_mean, squares, squares_of_median])
