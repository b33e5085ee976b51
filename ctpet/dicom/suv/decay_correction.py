"""Activity concentration to SUVbw under the three kinds of decay correction: rules 3 to 5."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from statistics import median

from pydicom import Dataset

from ctpet.dicom.suv.header import same_text, texts
from ctpet.dicom.suv.injection import Injection, injection_time, read_injection, uptake_findings
from ctpet.dicom.suv.patient_body import read_weight_kg
from ctpet.dicom.suv.reference_time import (
    EARLIEST_ACQUISITION,
    PHILIPS_RATIO,
    SERIES_TIME,
    ReferenceTime,
    choose_reference,
    frame_duration_s,
    reference_candidates,
)
from ctpet.dicom.suv.scanner_time import acquisition_datetime
from ctpet.dicom.suv.units import philips_factors
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import decay_factor, elapsed_s, mean_activity_time_s, suvbw_per_bqml

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


@dataclass(frozen=True, slots=True)
class _Body:
    weight_kg: float
    injection: Injection

    def suvbw_per_bqml(self, injected: datetime, instant: datetime) -> float:
        uptake_s = (instant - injected).total_seconds()
        left = decay_factor(uptake_s, self.injection.half_life_s)
        return suvbw_per_bqml(self.weight_kg, self.injection.dose_bq * left)


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
    body = _Body(weight_kg, injection)
    kind = same_text(headers, "DecayCorrection")
    if kind == "ADMIN":
        decay = _admin(headers, body)
    elif kind == "START":
        decay = _start(headers, body)
    elif kind == "NONE":
        decay = _none(headers, body)
    else:
        raise InputRefused(
            "decay-correction-unknown",
            f"Decay Correction (0054,1102) is {kind[:16] or 'missing'}, not ADMIN, START or NONE",
            remedy="Export the header complete; guessing would be wrong by up to 46 %.",
        )
    units = per_unit_bqml or (1.0,) * len(headers)
    scale = median(units)
    return Decay(
        tuple(factor * unit for factor, unit in zip(decay.factors, units, strict=True)),
        decay.rule,
        tuple(
            Candidate(each.name, each.time, None if each.factor is None else each.factor * scale)
            for each in decay.candidates
        ),
        findings + injection.findings + _flag_findings(headers[0], kind) + decay.findings,
    )


def plausibility_findings(headers: Sequence[Dataset]) -> tuple[Finding, ...]:
    """Judge the uptake time of a series whose factor does not depend on it, where it is told."""
    scanned = min((t for ds in headers if (t := acquisition_datetime(ds))), default=None)
    if scanned is None:
        return ()
    try:
        injection = read_injection(headers)
        injected, _ = injection_time(injection, scanned)
    except InputRefused:
        return ()
    return uptake_findings(injection, scanned - injected)


def _admin(headers: Sequence[Dataset], body: _Body) -> Decay:
    factor = suvbw_per_bqml(body.weight_kg, body.injection.dose_bq)
    factors = (factor,) * len(headers)
    scanned = min((t for ds in headers if (t := acquisition_datetime(ds))), default=None)
    if scanned is None:
        return Decay(factors, "admin", (), ())
    try:
        injected, findings = injection_time(body.injection, scanned)
    except InputRefused as refusal:
        message = refusal.message + "; the factor does not depend on it"
        return Decay(factors, "admin", (), (Finding(refusal.code, "warning", message),))
    findings += uptake_findings(body.injection, scanned - injected)
    return Decay(factors, "admin", (Candidate("administration", injected, factor),), findings)


def _start(headers: Sequence[Dataset], body: _Body) -> Decay:
    times, findings = reference_candidates(headers, body.injection.half_life_s)
    ratio = _philips_reference(headers, body, times)
    if ratio is not None:
        times[PHILIPS_RATIO] = ratio
    chosen = choose_reference(times)
    injected, injected_findings = injection_time(body.injection, chosen.time)
    _refuse_zeroed(injected, chosen.time)
    factor = body.suvbw_per_bqml(injected, chosen.time)
    candidates = tuple(Candidate(n, t, _factor_at(body, t)) for n, t in sorted(times.items()))
    findings += injected_findings + uptake_findings(body.injection, chosen.time - injected)
    findings += _spread_findings(chosen, factor, candidates)
    rule = f"start-{'agreed' if chosen.agreed else chosen.name}"
    return Decay((factor,) * len(headers), rule, candidates, findings)


def _none(headers: Sequence[Dataset], body: _Body) -> Decay:
    half_life_s = body.injection.half_life_s
    instants = []
    for ds in headers:
        acquired, duration_s = acquisition_datetime(ds), frame_duration_s(ds)
        if acquired is None or duration_s is None:
            raise InputRefused(
                "frame-times-missing",
                "Decay Correction is NONE and a slice lacks its acquisition time or Actual Frame"
                " Duration (0018,1242)",
                remedy="Export the header complete, or the series with decay correction.",
            )
        offset = timedelta(seconds=mean_activity_time_s(duration_s, half_life_s))
        instants.append(acquired + offset)
    injected, findings = injection_time(body.injection, min(instants))
    _refuse_zeroed(injected, min(instants))
    factors = tuple(body.suvbw_per_bqml(injected, instant) for instant in instants)
    findings += uptake_findings(body.injection, min(instants) - injected)
    candidate = Candidate("first-frame-mean-activity", min(instants), min(factors))
    return Decay(factors, "none", (candidate,), findings)


def _philips_reference(
    headers: Sequence[Dataset], body: _Body, times: Mapping[str, datetime]
) -> datetime | None:
    """Return the instant at which Philips' two factors say the dose had decayed.

    SUV factor over activity factor is SUVbw per Bq/mL, so their ratio holds the decayed dose.
    """
    philips = philips_factors(headers)
    anchor = times.get(SERIES_TIME, times.get(EARLIEST_ACQUISITION))
    if philips.suv is None or philips.activity is None or anchor is None:
        return None
    pairs = zip(philips.suv, philips.activity, strict=True)
    decayed_bq = 1000.0 * body.weight_kg / median(suv / activity for suv, activity in pairs)
    uptake_s = elapsed_s(decayed_bq / body.injection.dose_bq, body.injection.half_life_s)
    if not 0 <= uptake_s <= body.injection.longest_uptake.total_seconds():
        return None
    try:
        injected, _ = injection_time(body.injection, anchor)
    except InputRefused:
        return None
    return injected + timedelta(seconds=uptake_s)


def _factor_at(body: _Body, instant: datetime) -> float | None:
    try:
        injected, _ = injection_time(body.injection, instant)
    except InputRefused:
        return None
    return body.suvbw_per_bqml(injected, instant)


def _refuse_zeroed(injected: datetime, reference: datetime) -> None:
    if injected.time() == time(0) and reference.time() == time(0):
        raise InputRefused(
            "times-zeroed",
            "Injection and scan both lie at 00:00:00 exactly, as de-identification leaves them",
            remedy="SUV must be computed before de-identification; take the PET from its source.",
        )


def _spread_findings(
    chosen: ReferenceTime, factor: float, candidates: Sequence[Candidate]
) -> tuple[Finding, ...]:
    spread = {each.name: each.factor / factor - 1 for each in candidates if each.factor}
    worst = max(spread, key=lambda name: abs(spread[name]))
    if abs(spread[worst]) <= SPREAD_LIMIT:
        return ()
    return (
        Finding(
            "reference-time-spread",
            "warning",
            f"The decay reference was taken from {chosen.name}; {worst} would give an SUV"
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
