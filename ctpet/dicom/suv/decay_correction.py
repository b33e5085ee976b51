"""Activity concentration to SUVbw under the three kinds of decay correction: rules 3 to 5."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from statistics import median

from pydicom import Dataset

from ctpet.dicom.suv.exam import Exam, philips_reference
from ctpet.dicom.suv.frame_time import read_frames
from ctpet.dicom.suv.header import same_text, texts
from ctpet.dicom.suv.injection import read_injection, refuse_implausible_dose
from ctpet.dicom.suv.patient_body import read_weight_kg
from ctpet.dicom.suv.reference_time import (
    DECAY_FACTOR,
    PHILIPS_RATIO,
    VENDOR_PRIVATE,
    choose_reference,
    reference_candidates,
)
from ctpet.dicom.suv.vendor import GE_SCAN_TIME, made_by
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import suvbw_per_bqml

SPREAD_LIMIT = 0.02
"""Candidates whose SUV differs by more than this from the chosen one's are worth a finding."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instant the voxels may stand for.

    Attributes:
        name: where it comes from.
        time: on the scanner's clock.
        factor: SUVbw per rescaled unit it would give; None where no injection fits it.
    """

    name: str
    time: datetime
    factor: float | None


@dataclass(frozen=True, slots=True)
class Decay:
    """Factors from rescaled units to SUVbw, parallel to the headers, and why they are these."""

    factors: tuple[float, ...]
    rule: str
    candidates: tuple[Candidate, ...]
    findings: tuple[Finding, ...]


def activity_to_suv(
    headers: Sequence[Dataset], *, per_unit_bqml: tuple[float, ...] | None = None
) -> Decay:
    """Find the factors to SUVbw of activity concentration, by Decay Correction (0054,1102).

    ``ADMIN``: corrected to the injection, so the dose is taken as injected. ``START``: corrected
    to one instant for all beds, to which the dose is decayed. ``NONE``: each slice stands for the
    instant within its own frame at which the activity equals the frame's mean.

    Args:
        headers: of all slices.
        per_unit_bqml: Bq/mL per rescaled unit, parallel to the headers; None: they are Bq/mL.

    Raises:
        InputRefused: by name of what is missing, contradictory or not believed.
    """
    weight_kg, findings = read_weight_kg(headers)
    injection = read_injection(headers)
    refuse_implausible_dose(injection, weight_kg)
    frames, frame_findings = read_frames(headers)
    exam = Exam(headers, weight_kg, injection, frames)
    kind = same_text(headers, "DecayCorrection")
    if kind == "ADMIN":
        decay = _admin(exam)
    elif kind == "START":
        decay = _start(exam)
    elif kind == "NONE":
        decay = _none(exam)
    else:
        raise InputRefused(
            "decay-correction-unknown",
            f"Decay Correction (0054,1102) is {kind[:16] or 'missing'}, not ADMIN, START or NONE",
            remedy="Export the header complete; guessing would be wrong by up to 46 %.",
        )
    units = per_unit_bqml or (1.0,) * len(headers)
    scale = median(units)
    flags = _flag_findings(headers[0], kind)
    return Decay(
        tuple(factor * unit for factor, unit in zip(decay.factors, units, strict=True)),
        decay.rule,
        tuple(
            Candidate(each.name, each.time, None if each.factor is None else each.factor * scale)
            for each in decay.candidates
        ),
        findings + injection.findings + frame_findings + flags + decay.findings,
    )


def plausibility_findings(headers: Sequence[Dataset]) -> tuple[Finding, ...]:
    """Judge the uptake time of a series whose factor does not depend on it, where it is told."""
    try:
        injection = read_injection(headers)
        frames, _ = read_frames(headers)
        exam = Exam(headers, 0.0, injection, frames)
        if exam.begun is None:
            return ()
        injected, _ = exam.injected(exam.begun)
    except InputRefused:
        return ()
    return exam.uptake_findings(injected, exam.begun)


def _admin(exam: Exam) -> Decay:
    factor = suvbw_per_bqml(exam.weight_kg, exam.injection.dose_bq)
    factors = (factor,) * len(exam.headers)
    if exam.begun is None:
        return Decay(factors, "admin", (), ())
    try:
        injected, findings = exam.injected(exam.begun)
    except InputRefused as refusal:
        message = refusal.message + "; the factor does not depend on it"
        return Decay(factors, "admin", (), (Finding(refusal.code, "warning", message),))
    candidates = [Candidate("administration", injected, factor)]
    candidates += [
        Candidate(name, time, exam.suvbw_per_bqml(injected, time))
        for name, time in _admin_witnesses(exam).items()
    ]
    findings += exam.uptake_findings(injected, exam.begun)
    findings += _spread_findings("administration", factor, candidates)
    return Decay(factors, "admin", tuple(candidates), findings)


def _admin_witnesses(exam: Exam) -> dict[str, datetime]:
    """Return the instants that are the injection's, if ADMIN is true; GE's scan time never is."""
    times, _ = reference_candidates(exam.headers, exam.frames, exam.injection.half_life_s)
    ratio = philips_reference(exam, times)
    if ratio is not None:
        times[PHILIPS_RATIO] = ratio
    names = {DECAY_FACTOR, PHILIPS_RATIO}
    if not made_by(exam.headers[0], GE_SCAN_TIME):
        names.add(VENDOR_PRIVATE)
    return {name: time for name, time in sorted(times.items()) if name in names}


def _start(exam: Exam) -> Decay:
    times, findings = reference_candidates(exam.headers, exam.frames, exam.injection.half_life_s)
    ratio = philips_reference(exam, times)
    if ratio is not None:
        times[PHILIPS_RATIO] = ratio
    heard, passed_over = _without_unfit_private(exam, times)
    findings += passed_over
    chosen = choose_reference(heard, exam.frames)
    injected, injected_findings = exam.injected(chosen.time)
    _refuse_zeroed(injected, chosen.time)
    factor = exam.suvbw_per_bqml(injected, chosen.time)
    candidates = tuple(Candidate(n, t, exam.factor_at(t)) for n, t in sorted(times.items()))
    findings += injected_findings + exam.uptake_findings(injected, chosen.time)
    findings += _spread_findings(chosen.name, factor, candidates)
    rule = f"start-{'agreed' if chosen.agreed else chosen.name}"
    return Decay((factor,) * len(exam.headers), rule, candidates, findings)


def _without_unfit_private(
    exam: Exam, times: dict[str, datetime]
) -> tuple[dict[str, datetime], tuple[Finding, ...]]:
    """Leave out the maker's private time where no injection fits it and one fits all others."""
    others = {name: time for name, time in times.items() if name != VENDOR_PRIVATE}
    if len(others) == len(times) or exam.factor_at(times[VENDOR_PRIVATE]) is not None:
        return times, ()
    if not others or any(exam.factor_at(time) is None for time in others.values()):
        return times, ()
    message = "No injection fits the maker's private time; it was passed over"
    return others, (Finding("private-time-implausible", "warning", message),)


def _none(exam: Exam) -> Decay:
    if exam.begun is not None:
        _refuse_zeroed(exam.injected(exam.begun)[0], exam.begun)
    means = [frame.mean_activity(exam.injection.half_life_s) for frame in exam.frames]
    instants = [instant for instant in means if instant is not None]
    if len(instants) < len(means):
        raise InputRefused(
            "frame-times-missing",
            "Decay Correction is NONE and a slice lacks its acquisition time or a believable Actual"
            " Frame Duration (0018,1242) in ms",
            remedy="Export the header complete, or the series with decay correction.",
        )
    _refuse_corrected(exam)
    first = min(instants)
    injected, findings = exam.injected(first)
    factors = tuple(exam.suvbw_per_bqml(injected, instant) for instant in instants)
    findings += exam.uptake_findings(injected, first)
    candidate = Candidate("first-frame-mean-activity", first, min(factors))
    return Decay(factors, "none", (candidate,), findings)


def _refuse_corrected(exam: Exam) -> None:
    """Refuse NONE where Corrected Image and Decay Factor both say that decay was corrected."""
    half_life_s = exam.injection.half_life_s
    flagged = "DECY" in {flag.upper() for flag in texts(exam.headers[0], "CorrectedImage")}
    if flagged and all(frame.corrected_to(half_life_s) is not None for frame in exam.frames):
        raise InputRefused(
            "decay-correction-contradicted",
            "Decay Correction (0054,1102) is NONE, but Corrected Image (0028,0051) lists DECY and"
            " Decay Factor (0054,1321) is not 1",
            remedy="Export the series again from the scanner.",
        )


def _refuse_zeroed(injected: datetime, reference: datetime) -> None:
    if injected.time() == time(0) and reference.time() == time(0):
        raise InputRefused(
            "times-zeroed",
            "Injection and scan both lie at 00:00:00 exactly, as de-identification leaves them",
            remedy="SUV must be computed before de-identification; take the PET from its source.",
        )


def _spread_findings(
    chosen: str, factor: float, candidates: Sequence[Candidate]
) -> tuple[Finding, ...]:
    spread = {each.name: each.factor / factor - 1 for each in candidates if each.factor}
    worst = max(spread, key=lambda name: abs(spread[name]))
    if abs(spread[worst]) <= SPREAD_LIMIT:
        return ()
    return (
        Finding(
            "reference-time-spread",
            "warning",
            f"The decay reference was taken from {chosen}; {worst} would give an SUV"
            f" {100 * spread[worst]:+.1f} % different",
            "Compare with the SUV shown by the scanner's own workstation.",
        ),
    )


def _flag_findings(ds: Dataset, kind: str) -> tuple[Finding, ...]:
    """Say when Corrected Image (0028,0051) and Decay Correction contradict each other."""
    flags = {flag.upper() for flag in texts(ds, "CorrectedImage")}
    if not flags or ("DECY" in flags) == (kind != "NONE"):
        return ()
    stated = "lists DECY" if "DECY" in flags else "does not list DECY"
    message = f"Decay Correction is {kind} but Corrected Image {stated}; the former was followed"
    return (Finding("decay-flags-disagree", "warning", message),)
