"""Evaluations made of numbers, without images."""

from dataclasses import replace

import numpy as np

from ctpet.contract import ModelContract, TrainingData
from ctpet.evaluate.baselines import BASELINES, TIERS
from ctpet.evaluate.intervals import UPTAKE_BINS
from ctpet.evaluate.lesions import SIZE_CLASSES
from ctpet.evaluate.pictures import Picture
from ctpet.evaluate.report.words import LANGUAGES
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.score import CaseScore, Region
from ctpet.evaluate.summary import summarise
from ctpet.evaluate.tally import HU_KEYS, TallyErrors, hu_keys, tally
from ctpet.evaluate.tiers import TIERS as SCORED_TIERS
from ctpet.evaluate.unseen import primary_cases

DIGEST = "ab" * 32
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000a49444154789c6360000000020001e5"
)


def contract() -> ModelContract:
    """A model whose texts hold what HTML would take for tags."""
    return ModelContract(
        name="made <b>up</b>",
        model_version="1.2.3",
        kind="regression",
        tracer="FDG",
        radionuclide="F-18",
        spacing_mm=(4.0, 4.0, 4.0),
        size_multiple=(8, 8, 8),
        halo_voxels=(8, 8, 8),
        hu_range=(-1000.0, 1000.0),
        suv_range=(0.0, 20.0),
        slice_spacing_seen_mm=(1.0, 5.0),
        extent_seen_mm=(300.0, 1800.0),
        working_bytes_per_voxel=100,
        intended_use="Tests.",
        limitations="All & sundry",
        trained_on=(TrainingData("Two made patients.", "", "Apache-2.0", "00", ("aa", "bb")),),
    )


def score(name, mae, *, patient=None, seen=None, foci=(1, 2), lesions=1, findings=()) -> CaseScore:
    """A case with one MAE everywhere, fabricated and omitted foci below 1 mL, a liver, a lesion."""
    return CaseScore(
        name=name,
        patient=patient or name,
        reference_sha256="00",
        in_training=seen,
        regions=(
            *(Region("tier", tier, _errors(mae)) for tier in SCORED_TIERS),
            Region("texture", "body", {"gradient_ratio": 0.5, "power_ratio": 0.4, "seam_ratio": 1}),
            Region("foci", "body", {**_foci(*foci), "hot_dice": 0.25}),
            Region("organ", "liver", _uptake(2.0, mae)),
            *_lesions(lesions, mae),
        ),
        findings=tuple(findings),
    )


def evaluation(
    maes, *, baseline=1.0, baselines=BASELINES, seen=None, model=False, **changes
) -> Evaluation:
    """A patient for each MAE, and baselines with errors of their own."""
    names = [f"case-{number}" for number in range(len(maes))]
    seen = [None] * len(maes) if seen is None else seen
    cases = [score(*each, seen=saw) for *each, saw in zip(names, maes, seen, strict=True)]
    errors = TallyErrors(baseline, baseline, 0.0, 0.5)
    found = [{name: dict.fromkeys(TIERS, errors) for name in baselines} for _ in cases]
    return assembled(cases, found, model=(contract(), DIGEST) if model else None, **changes)


def with_interval(one: Evaluation, coverage: float, width: float = 1.5) -> Evaluation:
    """The same evaluation, of predictions whose intervals cover so much everywhere."""
    values = {"coverage": coverage, "width": width}
    cases = [
        replace(
            case,
            regions=(
                *(
                    replace(region, values=region.values | values)
                    if region.kind in ("tier", "organ")
                    else region
                    for region in case.regions
                ),
                *(Region("interval", name, values) for name in UPTAKE_BINS),
            ),
        )
        for case in one.cases
    ]
    return assembled(cases, one.baselines, model=one.model)


def assembled(cases, baselines, *, margin=None, **changes) -> Evaluation:
    """Put cases together as ``evaluate`` does."""
    given = {
        "title": "", "model": None, "resampled": False, "files": (), "refused": (),
        "pooled": pooled(), **changes,
    }  # fmt: skip
    primary = primary_cases(cases)
    seen = [number for number in range(len(cases)) if number not in primary]
    summary, of_seen = (
        summarise([cases[n] for n in which], [baselines[n] for n in which], margin=margin)
        if which
        else None
        for which in (primary, seen)
    )
    given |= {"cases": tuple(cases), "baselines": tuple(baselines)}
    return Evaluation(summary=summary, seen=of_seen, **given)


def pooled():
    """Tallies of a PET and its prediction, with HU."""
    rng = np.random.default_rng(0)
    hu = rng.normal(0, 200, 5000).astype(np.float32)
    suv = rng.gamma(2.0, 0.6, 5000).astype(np.float32)
    return {
        "measured": {"hu": tally(hu_keys(hu), suv, HU_KEYS)},
        "predicted": {"hu": tally(hu_keys(hu), suv / 2, HU_KEYS)},
    }


def pictures(evaluated: Evaluation) -> list[Picture]:
    """The first case as every picture, once without CT."""
    name = evaluated.cases[0].name
    png = dict.fromkeys(LANGUAGES, PIXEL)
    return [
        Picture(name, "median", 0.4, True, png, "projections"),
        Picture(name, "worst", 0.5, True, png),
        Picture(name, "median", 0.4, True, png),
        Picture(name, "best", 0.3, False, png),
    ]


def _errors(mae):
    return {
        "voxels": 1000.0, "mae": mae, "rmse": 1.5 * mae, "bias": -mae / 2, "nmae": 0.3,
        "psnr_db": 30.0, "pearson": 0.9, "concordance": 0.8, "ssim": 0.85, "ms_ssim": 0.95,
    }  # fmt: skip


def _foci(fabricated, omitted):
    sorts = {
        "predicted": fabricated + 3,
        "fabricated": fabricated,
        "measured": omitted + 3,
        "omitted": omitted,
    }
    return {
        **{
            f"{sort} {unit} {size}": float(number) if size == SIZE_CLASSES[0] else 0.0
            for sort, number in sorts.items()
            for unit in ("count", "volume_ml")
            for size in SIZE_CLASSES
        },
        **{f"{sort}_ml": 10.5 * number for sort, number in sorts.items()},
    }


def _uptake(real, error):
    return {
        f"{metric}_{suffix}": value
        for metric in ("suv_mean", "suv_max", "suv_peak_global", "mtv_4.0", "tlg_4.0")
        for suffix, value in (
            ("measured", real),
            ("predicted", real + error),
            ("relative_error", error / real),
        )
    }


def _lesions(number, mae):
    if not number:
        return []
    counts = {
        f"{sort} {unit} {size}": 1.0 if size == SIZE_CLASSES[1] else 0.0
        for sort in ("lesions", "detected", "measured_detected", "detected_by_both")
        for unit in ("count", "volume_ml")
        for size in SIZE_CLASSES
    }
    values = {
        "dice": 0.5, "measured_dice": 0.9, "spurious_ml": 1, "missed_ml": 2,
        "autopet_dice": 0.3, "autopet_false_positive_ml": 40, "autopet_false_negative_ml": 3,
        "measured_autopet_false_positive_ml": 35,
    }  # fmt: skip
    return [
        Region("lesions", "all", {**counts, **values}),
        Region("lesion", "lesion 1", _uptake(6.0, mae)),
    ]
