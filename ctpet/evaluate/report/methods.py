"""The methods of an evaluation, as a paper has them, with the constants that were used."""

import numpy as np
import scipy

from ctpet import __version__
from ctpet.contract import ModelContract
from ctpet.evaluate import checks, lesions, paired, sharpness, ssim, statistics, tally, tiers
from ctpet.evaluate.agreement import RANGE_SUV
from ctpet.evaluate.report.told import model_kind, model_text
from ctpet.evaluate.report.verdict import tests_made
from ctpet.evaluate.report.words import Text, Value, Words
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.voxel import HIGH_SUV
from ctpet.volume.outline import BODY_ABOVE_HU, PET_BODY_ABOVE_SUV

_FOCI: dict[str, Value] = {
    "hot": f"{lesions.HOT_SUV:g}",
    "least": f"{lesions.LEAST_ML:g}",
    "near": f"{lesions.NEAR_MM:g}",
}
_ERRORS: dict[str, Value] = {
    "range": f"{RANGE_SUV:g}",
    "sigma": f"{ssim.SIGMA_VOXELS:g}",
    "window": ssim.WINDOW_VOXELS,
}
_TIERS: dict[str, Value] = {
    "some": f"{tiers.SOME_SUV:g}",
    "high": f"{HIGH_SUV:g}",
    "dome": f"{tiers.DOME_MM:g}",
}
_STATISTICS: dict[str, Value] = {
    "exact": paired.EXACT_PATIENTS,
    "splits": paired.SPLITS,
    "level": paired.LEVEL,
    "sd": statistics.LIMITS_SD,
    "least": statistics.LEAST_PATIENTS,
}


def methods(evaluation: Evaluation, words: Words) -> list[tuple[Text, tuple[Text, ...]]]:
    """Return headings and paragraphs."""
    low, top = sharpness.BAND_CYCLES_PER_MM
    step = int(tally.HU_EDGES[1] - tally.HU_EDGES[0])
    say = words.say
    paragraphs: dict[str, tuple[Text, ...]] = {
        "software": _software(evaluation, words),
        "volumes": _volumes(evaluation, words),
        "errors": (
            say("methods.errors.text", **_ERRORS),
            say("methods.errors.tiers", **_TIERS),
        ),
        "baselines": (say("methods.baselines.text", bin=step),),
        "foci": (say("methods.foci.text", **_FOCI),),
        **_detection(evaluation, words),
        "uptake": (say("methods.uptake.text", hot=_FOCI["hot"]),),
        "texture": (say("methods.texture.text", low=f"{low:g}", top=f"{top:g}"),),
        "statistics": _statistics(evaluation, words),
        **_participants(evaluation, words),
        "limits": (say("methods.limits.text"),),
    }
    return [(say(f"methods.{name}.title"), texts) for name, texts in paragraphs.items()]


def _detection(evaluation: Evaluation, words: Words) -> dict[str, tuple[Text, ...]]:
    if evaluation.summary.detection is None:
        return {}
    return {"detection": (words.say("methods.detection.text", **_STATISTICS),)}


def _participants(evaluation: Evaluation, words: Words) -> dict[str, tuple[Text, ...]]:
    if evaluation.participants is None:
        return {}
    return {"participants": (words.say("methods.participants.text", **_STATISTICS),)}


def _statistics(evaluation: Evaluation, words: Words) -> tuple[Text, ...]:
    summary = evaluation.summary
    tests = words.say("methods.statistics.text", **_STATISTICS, tests=tests_made(summary))
    if summary.margin is None:
        return (tests,)
    return tests, words.say("margin.method", margin=str(summary.margin))


def _software(evaluation: Evaluation, words: Words) -> tuple[Text, ...]:
    versions = words.say(
        "methods.software.text", ctpet=__version__, numpy=np.__version__, scipy=scipy.__version__
    )
    if evaluation.model is None:
        return versions, words.say("methods.software.no_model")
    contract, digest = evaluation.model
    return versions, _model(contract, digest, words), words.say("methods.software.overlap")


def _model(contract: ModelContract, digest: str, words: Words) -> Text:
    return words.say(
        "methods.software.model",
        name=contract.name,
        version=contract.model_version,
        kind=model_kind(contract.kind),
        tracer=contract.tracer,
        digest=digest,
        trained_on=model_text(contract.learned_from),
        patients=contract.patients,
        intended_use=model_text(contract.intended_use),
        limitations=model_text(contract.limitations or "–"),
    )


def _volumes(evaluation: Evaluation, words: Words) -> tuple[Text, ...]:
    grid = "resampled" if evaluation.resampled else "same_grid"
    text = words.say(
        "methods.volumes.text",
        body_hu=f"{BODY_ABOVE_HU:g}".replace("-", "−"),
        body_suv=f"{PET_BODY_ABOVE_SUV:g}",
        cover=f"{100 * checks.LEAST_COVER:g}",
    )
    return text, words.say(f"methods.volumes.{grid}")
