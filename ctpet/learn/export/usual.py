"""Let a network say how unlike its training a CT is, and measure what of that is usual."""

import math
from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import nn

from ctpet.contract import FamiliarityPromise
from ctpet.errors import CtpetError
from ctpet.infer.unlike import unlike_along
from ctpet.infer.window import PADDING_HU
from ctpet.learn.export.calibration import described, training_data, unseen_patients
from ctpet.learn.export.trained import Trained
from ctpet.learn.familiarity import Deepest, Familiar, Floats, fit_space
from ctpet.learn.torch_backend import TorchBackend, predict_array
from ctpet.prepare.cases import BODY, Case
from ctpet.progress import Progress
from ctpet.volume.geometry import Shape3
from ctpet.volume.outline import body_of_ct

TAUGHT_BY = 96
"""Patients of the training whose features are taken, at most; of each data set as many."""

LEAST_PATIENTS = 8
"""Held-out patients without whom nothing is known of what is usual."""

MOST_PATIENTS = 128
"""Held-out patients who are measured, at most."""

LARGEST_VOXELS = 256
"""Of a side of a CT whose features are taken: what lies beyond, around its middle, is left out."""

BEYOND = 0.01
"""Share of patients like the held-out ones who are told to be unlike the training."""


def learn_usual(
    trained: Trained, network: nn.Module, datasets: Sequence[Path], progress: Progress
) -> tuple[Familiar, FamiliarityPromise]:
    """Return a network that also says how unlike its training a CT is, and what is usual of it.

    Args:
        trained: names whom the network has seen.
        network: of its weights, in evaluation mode; HU, (N, 1, K, J, I), to
            (N, outputs, K, J, I).
        datasets: prepared folders of held-out patients; none: whom the training held out.
        progress: told of the stage ``familiarity``.

    Raises:
        CtpetError: the training's cases cannot be read, they are too few, or too few patients
            are held out.
    """
    progress("familiarity", 0.0)
    held_out = unseen_patients(trained, datasets)[:MOST_PATIENTS]
    if len(held_out) < LEAST_PATIENTS:
        raise CtpetError(
            f"What is usual is known from {LEAST_PATIENTS} held-out patients or more; there are "
            f"{len(held_out)}"
        )
    learned = _some_of_each(
        [one.training for one in training_data(trained).sets if one.settings.share > 0]
    )
    multiple = trained.contract.size_multiple
    deepest = Deepest(network, multiple)
    features = []
    for number, case in enumerate(learned):
        progress("familiarity", 0.5 * number / len(learned))
        features.append(_features(case, deepest, multiple))
    familiar = Familiar(deepest, fit_space(np.concatenate(features), trained.seeds[0]))
    backend = TorchBackend(familiar, torch.device("cpu"))
    scores = []
    for number, (_, pieces) in enumerate(held_out):
        progress("familiarity", 0.5 + 0.5 * number / len(held_out))
        scores.append(max(_score(piece, backend, trained) for piece in pieces))
    progress("familiarity", 1.0)
    on = described([about for about, _ in held_out])
    return familiar, FamiliarityPromise(on, len(scores), float(np.median(scores)), limit_of(scores))


def limit_of(scores: Sequence[float]) -> float:
    """Return what the score of one further patient exceeds with a probability of :data:`BEYOND`.

    From 99 patients on it is the rank that promises it of whatever distribution; below, the
    one-sided prediction limit of a log-normal one (Hahn & Meeker, Statistical Intervals, 1991,
    section 4.8 of the logarithms).

    Args:
        scores: of held-out patients, two or more.
    """
    count = len(scores)
    rank = math.ceil((count + 1) * (1 - BEYOND))
    if rank <= count:
        return float(np.sort(scores)[rank - 1])
    logs = np.log(scores)
    far = stats.t.ppf(1 - BEYOND, count - 1) * math.sqrt(1 + 1 / count)
    return float(np.exp(logs.mean() + far * logs.std(ddof=1)))


def _some_of_each(learned: Sequence[Sequence[Case]]) -> list[Case]:
    """Return at most :data:`TAUGHT_BY` cases, of each data set in turn."""
    turns = chain.from_iterable(zip_longest(*learned))
    return [case for case in turns if case is not None][:TAUGHT_BY]


def _features(case: Case, deepest: Deepest, multiple: Shape3) -> Floats:
    """Return the features of the places that are mostly body, (places, channels)."""
    middle = tuple(
        slice(max(0, (n - LARGEST_VOXELS) // 2), max(0, (n - LARGEST_VOXELS) // 2) + LARGEST_VOXELS)
        for n in case.shape
    )
    ct = np.asarray(case.array("ct")[middle], np.float32)
    padding = [(0, -n % m) for n, m in zip(ct.shape, multiple, strict=True)]
    ct = np.pad(ct, padding, constant_values=PADDING_HU)
    body = np.pad(np.asarray(case.array("region")[middle]) == BODY, padding)
    with torch.inference_mode():
        _, found = deepest(torch.from_numpy(ct)[None, None])
    (k, j, i), (a, b, c) = found.shape[2:], deepest.step
    share = body[: k * a, : j * b, : i * c].reshape(k, a, j, b, i, c).mean(axis=(1, 3, 5))
    features: Floats = found[0].flatten(1).T.numpy()[share.ravel() > 0.5]
    return features


def _score(piece: Case, backend: TorchBackend, trained: Trained) -> float:
    """Return how unlike the training a piece is where it is most so."""
    ct = np.asarray(piece.array("ct"), np.float32)
    unlike: NDArray[np.float32] = predict_array(ct, backend, trained.contract)[-1]
    along = unlike_along(unlike, body_of_ct(ct, piece.geometry), piece.geometry.spacing_mm[0])
    return float(along.max())
