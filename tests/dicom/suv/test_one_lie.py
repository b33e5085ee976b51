"""A scan told truthfully but for one lie: the factor is right, or something is said, or refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from ctpet.dicom.suv.audit import audit_suv
from ctpet.errors import InputRefused
from tests.pet_factory import (
    DOSE_BQ,
    HALF_LIFE_S,
    WEIGHT_KG,
    mean_time_s,
    pet_series,
    set_all,
    set_injection,
    set_time,
    shift,
    suv_pattern,
)


@dataclass(frozen=True)
class Scan:
    """A scan in beds; the truth of it."""

    maker: str
    reference: datetime
    uptake_s: int
    bed_s: int
    beds: int

    @property
    def factor(self):
        return 1000 * WEIGHT_KG / (DOSE_BQ * 2 ** (-self.uptake_s / HALF_LIFE_S))

    def headers(self):
        pet = pet_series(suv_pattern((6, 4, 4)), beds=self.beds)
        set_all(pet, Manufacturer=self.maker, ActualFrameDuration=f"{1000 * self.bed_s}")
        for k, ds in enumerate(pet):
            begun_s = k * self.beds // len(pet) * self.bed_s
            mean_s = mean_time_s(self.bed_s)
            to_start = self.maker.startswith("GE")
            set_time(ds, "Series", self.reference)
            set_time(ds, "Acquisition", self.reference + timedelta(seconds=begun_s))
            ds.FrameReferenceTime = f"{1000 * (begun_s + (0 if to_start else mean_s)):.0f}"
            ds.DecayFactor = f"{2 ** ((begun_s + mean_s) / HALF_LIFE_S):.6g}"
        injected = self.reference - timedelta(seconds=self.uptake_s)
        set_injection(
            pet,
            RadiopharmaceuticalStartTime=injected.strftime("%H%M%S"),
            RadiopharmaceuticalStartDateTime=injected.strftime("%Y%m%d%H%M%S"),
        )
        return pet


SCANS = [
    Scan("GE MEDICAL SYSTEMS", datetime(2024, 2, 28, 23, 55), 3600, 180, 3),
    Scan("SIEMENS", datetime(2026, 1, 5, 9, 12, 7), 2750, 600, 1),
    Scan("UIH", datetime(2019, 12, 31, 17, 30), 5400, 90, 6),
]


def scale(keyword, factor):
    """A lie that multiplies a number in every slice."""

    def lie(pet):
        for ds in pet:
            setattr(ds, keyword, f"{float(ds[keyword].value) * factor:.6g}")

    return lie


def change(**values):
    return lambda pet: set_all(pet, **values)


def inject(**values):
    return lambda pet: set_injection(pet, **values)


def move(**seconds):
    return lambda pet: shift(pet, **seconds)


def keep_dates(pet):
    set_all(pet, AcquisitionDate=pet[0].AcquisitionDate)


def one_decay_factor(pet):
    set_all(pet, DecayFactor=pet[-1].DecayFactor)


def series_is_acquisition(pet):
    for ds in pet:
        ds.SeriesDate, ds.SeriesTime = ds.AcquisitionDate, ds.AcquisitionTime


def injected_in_utc(pet):
    item = pet[0].RadiopharmaceuticalInformationSequence[0]
    stated = datetime.strptime(item.RadiopharmaceuticalStartDateTime, "%Y%m%d%H%M%S")
    utc = (stated - timedelta(hours=7)).strftime("%Y%m%d%H%M%S+0000")
    set_injection(pet, RadiopharmaceuticalStartDateTime=utc)


def wrong_day(pet):
    item = pet[0].RadiopharmaceuticalInformationSequence[0]
    stated = "19000101" + item.RadiopharmaceuticalStartDateTime[8:]
    set_injection(pet, RadiopharmaceuticalStartDateTime=stated)


SEEN_THROUGH = {
    "nothing": change(),
    "series an hour late": move(Series=3600),
    "series ten minutes early": move(Series=-600),
    "series a day early": move(Series=-86400),
    "series a day late": move(Series=86400),
    "acquisition a day late": move(Acquisition=86400),
    "series time is that of the bed": series_is_acquisition,
    "dates stay at midnight": keep_dates,
    "no date of acquisition": change(AcquisitionDate=None),
    "no series time": change(SeriesTime=None),
    "no acquisition time": change(AcquisitionTime=None),
    "no decay factor": change(DecayFactor="1"),
    "one decay factor": one_decay_factor,
    "no frame reference time": change(FrameReferenceTime=None),
    "frame reference time 0": change(FrameReferenceTime="0"),
    "frame reference time in s": scale("FrameReferenceTime", 0.001),
    "no duration": change(ActualFrameDuration=None),
    "day of injection wrong": wrong_day,
    "injection in UTC": injected_in_utc,
    "no date of injection": inject(RadiopharmaceuticalStartDateTime=None),
    "dose in MBq": inject(RadionuclideTotalDose="370"),
    "weight in g": change(PatientWeight="70000"),
    "no half-life": inject(RadionuclideHalfLife=None),
}

REFUSED = {
    "dose in mCi": inject(RadionuclideTotalDose="10"),
    "dose in kBq": inject(RadionuclideTotalDose="370000"),
    "dose in GBq": inject(RadionuclideTotalDose="0.37"),
    "weight in t": change(PatientWeight="0.07"),
    "weight in lb": change(PatientWeight="154.3"),
    "half-life in min": inject(RadionuclideHalfLife="109.77"),
    "not corrected": change(DecayCorrection="NONE"),
    "acquisition in UTC": move(Acquisition=-7 * 3600),
}

TOLD = {
    "corrected to the injection": change(DecayCorrection="ADMIN"),
    "acquisition 20 minutes late": move(Acquisition=1200),
}


@pytest.mark.parametrize("lie", SEEN_THROUGH.values(), ids=SEEN_THROUGH)
@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: scan.maker)
def test_lie_is_seen_through(lie, scan):
    pet = scan.headers()
    lie(pet)
    assert audit_suv(pet).factor == pytest.approx(scan.factor, rel=0.01)


@pytest.mark.parametrize("lie", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: scan.maker)
def test_lie_is_refused(lie, scan):
    pet = scan.headers()
    lie(pet)
    with pytest.raises(InputRefused):
        audit_suv(pet)


@pytest.mark.parametrize("lie", TOLD.values(), ids=TOLD)
@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: scan.maker)
def test_lie_that_only_the_decay_factor_or_series_time_contradicts_is_told(lie, scan):
    pet = scan.headers()
    lie(pet)
    assert any(finding.severity == "warning" for finding in audit_suv(pet).findings)
