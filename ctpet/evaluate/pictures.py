"""The worst, the middle and the best case, as pictures that are judged at a glance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctpet.claims import temporary_folder
from ctpet.evaluate.reading import CaseVolumes, read_case
from ctpet.evaluate.report.words import LANGUAGES, Language, Words, load_words
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.summary import JUDGED_METRIC, JUDGED_TIER, value_of
from ctpet.progress import Progress, silent
from ctpet.render.captions import Captions
from ctpet.render.comparison import compare, draw_comparison
from ctpet.render.projections import draw_projections, project
from ctpet.volume import Volume

Place = Literal["worst", "median", "best"]
Sort = Literal["projections", "planes"]
_AIR_HU, _WATER_HU = -1024.0, 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A case, drawn.

    Attributes:
        case: its name.
        place: by MAE in the body.
        mae: the MAE, SUVbw.
        has_ct: else the outline of the body stands for the CT.
        png: the picture, with the words of each language.
        sort: what it shows: maximum intensity projections, or planes.
    """

    case: str
    place: Place
    mae: float
    has_ct: bool
    png: Mapping[Language, bytes]
    sort: Sort = "planes"


def draw_pictures(evaluation: Evaluation, *, progress: Progress = silent) -> tuple[Picture, ...]:
    """Draw the cases whose MAE in the body is highest, in the middle, and lowest.

    The projections of the one in the middle come first; of two cases or one, those of the worst.

    Args:
        evaluation: with one case at least.
        progress: told of the stage ``report``.
    """
    primary = evaluation.primary
    mae = np.array(
        [
            value_of(evaluation.cases[number], "tier", JUDGED_TIER, JUDGED_METRIC)
            for number in primary
        ]
    )
    words = load_words()
    pictures: list[Picture] = []
    chosen = _chosen(mae)
    first = min(1, len(chosen) - 2) if len(chosen) > 2 else 0
    for number, (place, index) in enumerate(chosen):
        progress("report", number / len(chosen))
        case = primary[index]
        volumes = read_case(evaluation.files[case], resample_prediction=evaluation.resampled)
        told = (evaluation.cases[case].name, place, float(mae[index]), volumes.ct is not None)
        pictures.append(Picture(*told, _planes(volumes, words, float(mae[index]))))
        if number == first:
            pictures.insert(0, Picture(*told, _projections(volumes, words), "projections"))
    return tuple(pictures)


def _chosen(mae: NDArray[np.float64]) -> Sequence[tuple[Place, int]]:
    """Return the places and their cases, each case once."""
    order = [int(index) for index in np.argsort(-mae, kind="stable")]
    places: list[tuple[Place, int]] = [("worst", order[0])]
    if len(order) > 2:
        places.append(("median", order[len(order) // 2]))
    if len(order) > 1:
        places.append(("best", order[-1]))
    return places


def captions_of(words: Words, language: Language, *, has_ct: bool = True) -> Captions:
    """Return what is written on a picture in one language."""
    say = words.within(language)
    return Captions(
        warning=(say("picture.synthetic"), say("picture.not_for")),
        marks=(say("picture.mark"), say("picture.mark_not_for")),
        ct=say("picture.ct") if has_ct else say("picture.outline"),
        reference=say("picture.measured"),
        synthetic=say("picture.predicted"),
        difference=say("picture.difference"),
        views={view: say(f"picture.{view}") for view in ("coronal", "axial")},
        mip=say("picture.mip"),
    )


def _planes(volumes: CaseVolumes, words: Words, mae: float) -> dict[Language, bytes]:
    compared = compare(*_shown(volumes), volumes.known)
    title = f"MAE {mae:.3f} g/mL"
    return _in_all_languages(
        words,
        volumes,
        lambda path, captions: draw_comparison(compared, title=title, path=path, captions=captions),
    )


def _projections(volumes: CaseVolumes, words: Words) -> dict[Language, bytes]:
    found = project(*_shown(volumes), volumes.known)
    return _in_all_languages(
        words, volumes, lambda path, captions: draw_projections(found, path=path, captions=captions)
    )


def _in_all_languages(
    words: Words, volumes: CaseVolumes, draw: Callable[[Path, Captions], None]
) -> dict[Language, bytes]:
    drawn: dict[Language, bytes] = {}
    with temporary_folder() as scratch:
        for language in LANGUAGES:
            path = scratch / f"{language}.png"
            draw(path, captions_of(words, language, has_ct=volumes.ct is not None))
            drawn[language] = path.read_bytes()
    return drawn


def _shown(volumes: CaseVolumes) -> tuple[Volume, Volume, Volume]:
    """Return CT, or the outline of the body as water, and both PETs."""
    grid = volumes.geometry
    if volumes.ct is None:
        hu = np.where(volumes.body, np.float32(_WATER_HU), np.float32(_AIR_HU))
    else:
        hu = volumes.ct
    return (
        Volume(hu, grid, "HU"),
        Volume(volumes.measured, grid, "SUVBW"),
        Volume(volumes.predicted, grid, "SUVBW"),
    )
