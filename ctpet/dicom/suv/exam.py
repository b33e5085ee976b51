"""One examination with PET as the rules of decay correction see it: body, injection, frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from pydicom import Dataset

from ctpet.dicom.suv.frame_time import FrameTime
from ctpet.dicom.suv.injection import Injection
from ctpet.dicom.suv.injection_time import injection_time, uptake_findings
from ctpet.dicom.suv.reference_time import EARLIEST_ACQUISITION, SERIES_TIME
from ctpet.dicom.suv.units import philips_factors
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import decay_factor, elapsed_s, suvbw_per_bqml


@dataclass(frozen=True, slots=True)
class Exam:
    """What all three kinds of decay correction need.

    Attributes:
        headers: of all slices.
        weight_kg: of the patient.
        injection: what the header says of it.
        frames: parallel to the headers.
    """

    headers: Sequence[Dataset]
    weight_kg: float
    injection: Injection
    frames: tuple[FrameTime, ...]

    @property
    def begun(self) -> datetime | None:
        """Return the start of the first frame."""
        return min((f.acquired for f in self.frames if f.acquired is not None), default=None)

    @property
    def ended(self) -> datetime | None:
        """Return the end of the last frame."""
        return max((f.ended for f in self.frames if f.ended is not None), default=None)

    def injected(self, instant: datetime) -> tuple[datetime, tuple[Finding, ...]]:
        """Return when the injection was, if the voxels stand for that instant.

        Raises:
            InputRefused: those of :func:`ctpet.dicom.suv.injection_time.injection_time`.
        """
        return injection_time(self.injection, instant, self.ended)

    def suvbw_per_bqml(self, injected: datetime, instant: datetime) -> float:
        """Return SUVbw per Bq/mL of voxels that stand for that instant."""
        left = decay_factor((instant - injected).total_seconds(), self.injection.half_life_s)
        return suvbw_per_bqml(self.weight_kg, self.injection.dose_bq * left)

    def factor_at(self, instant: datetime) -> float | None:
        """Return SUVbw per Bq/mL at that instant; None where no injection fits it."""
        try:
            injected, _ = self.injected(instant)
        except InputRefused:
            return None
        return self.suvbw_per_bqml(injected, instant)

    def uptake_findings(self, injected: datetime, instant: datetime) -> tuple[Finding, ...]:
        """Judge the time from the injection to the first frame, not to the decay reference."""
        if injected > instant:  # a dynamic scan, which says so itself
            return ()
        return uptake_findings(self.injection, (self.begun or instant) - injected)


def philips_reference(exam: Exam, times: Mapping[str, datetime]) -> datetime | None:
    """Return the instant at which Philips' two factors say the dose had decayed.

    SUV factor over activity factor is SUVbw per Bq/mL, so their ratio holds the decayed dose.
    """
    philips = philips_factors(exam.headers)
    anchor = times.get(SERIES_TIME, times.get(EARLIEST_ACQUISITION))
    if philips.suv is None or philips.activity is None or anchor is None:
        return None
    pairs = zip(philips.suv, philips.activity, strict=True)
    decayed_bq = 1000.0 * exam.weight_kg / median(suv / activity for suv, activity in pairs)
    uptake_s = elapsed_s(decayed_bq / exam.injection.dose_bq, exam.injection.half_life_s)
    if not 0 <= uptake_s <= exam.injection.longest_uptake.total_seconds():
        return None
    try:
        injected, _ = exam.injected(anchor)
    except InputRefused:
        return None
    return injected + timedelta(seconds=uptake_s)
