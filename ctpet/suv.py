"""Radioactive decay and standardised uptake values: plain arithmetic that knows no DICOM.

SUVbw (g/mL) is the activity concentration of a voxel divided by the injected activity per gram of
body weight, both at the same time (Strauss & Conti, J Nucl Med 1991; 32:623-648). Scanners also
store SUV by lean mass, ideal weight or body surface; the ratios that lead back to SUVbw are here.
"""

from math import exp, expm1, inf, log, log1p
from typing import Literal

Sex = Literal["M", "F", "O"]
"""Patient's sex as in DICOM (0010,0040). For ``O`` the sex-specific formulas give the mean of both,
as the IBSI-SUV benchmark does (its reference object 2_2)."""

F18_HALF_LIFE_S = 6586.2
"""Half-life of fluorine-18, 109.77 min (Bé et al., Table of Radionuclides, BIPM-5 vol. 1)."""

HALF_LIFE_S = {
    "C-11": 1221.8,
    "N-13": 597.9,
    "O-15": 122.2,
    "F-18": F18_HALF_LIFE_S,
    "Cu-64": 45724.0,
    "Ga-68": 4070.0,
    "Rb-82": 75.5,
    "Zr-89": 282280.0,
    "I-124": 360800.0,
}
"""Half-lives in seconds (Decay Data Evaluation Project, rounded); to judge headers, not to decay
with."""


def decay_constant_per_s(half_life_s: float) -> float:
    """Return λ = ln 2 / T½ in 1/s.

    Raises:
        ValueError: the half-life is not a positive finite number.
    """
    if not 0 < half_life_s < inf:
        raise ValueError(f"a half-life is positive, not {half_life_s} s")
    return log(2) / half_life_s


def decay_factor(elapsed_s: float, half_life_s: float) -> float:
    """Return what is left of an activity after a time, exp(−λt); above 1 for a negative time."""
    return exp(-decay_constant_per_s(half_life_s) * elapsed_s)


def frame_decay_factor(duration_s: float, half_life_s: float) -> float:
    """Return the activity at the start of a frame over its mean: λT / (1 − exp(−λT)), 1 or more.

    The decay during a frame by which an uncorrected mean is multiplied to get the activity at the
    frame's start (Cherry, Sorenson & Phelps, Physics in Nuclear Medicine, 4th ed., eq. 4-18).

    Raises:
        ValueError: the duration is negative or the half-life is not positive.
    """
    if not 0 <= duration_s < inf:
        raise ValueError(f"a frame lasts zero or more seconds, not {duration_s}")
    x = decay_constant_per_s(half_life_s) * duration_s
    return x / -expm1(-x) if x > 0 else 1.0


def mean_activity_time_s(duration_s: float, half_life_s: float) -> float:
    """Return when, after a frame's start, the activity equals the frame's mean, in seconds.

    ln(λT / (1 − exp(−λT))) / λ: a little less than half the frame. It is the instant that DICOM's
    Frame Reference Time names (PS3.3 C.8.9.4.1.5).
    """
    excess = frame_decay_factor(duration_s, half_life_s) - 1.0
    return log1p(excess) / decay_constant_per_s(half_life_s)


def elapsed_s(fraction_left: float, half_life_s: float) -> float:
    """Return after how many seconds that fraction of an activity is left.

    Raises:
        ValueError: the fraction is not positive.
    """
    if not fraction_left > 0:
        raise ValueError(f"a fraction left is positive, not {fraction_left}")
    return -log(fraction_left) / decay_constant_per_s(half_life_s)


def suvbw_per_bqml(weight_kg: float, dose_bq: float) -> float:
    """Return SUVbw per Bq/mL: body weight in g over the activity, both at the voxels' time.

    The last line of the QIBA vendor-neutral SUV pseudo-code (RSNA QIBA FDG-PET/CT profile).

    Raises:
        ValueError: the weight or the dose is not positive.
    """
    _require_positive(weight_kg=weight_kg, dose_bq=dose_bq)
    return 1000.0 * weight_kg / dose_bq


def lean_mass_james128_kg(weight_kg: float, size_m: float, sex: Sex) -> float:
    """Return lean body mass after James with the constant 128 (DICOM LBMJAMES128).

    Men 1.10 W − 128 (W/H)², women 1.07 W − 148 (W/H)², H in cm (James, Research on Obesity, HMSO
    1976; DICOM PS3.16 CID 85).
    """
    return _james_kg(weight_kg, size_m, sex, male=128.0)


def lean_mass_james120_kg(weight_kg: float, size_m: float, sex: Sex) -> float:
    """Return lean body mass as DICOM's plain LBM: James with the misprinted constant 120 for men.

    Morgan & Bray, Clin Pharmacokinet 1994; 26:292-307; Kelly, SUV in FDG-PET, on how the misprint
    spread. Women as in :func:`lean_mass_james128_kg`.
    """
    return _james_kg(weight_kg, size_m, sex, male=120.0)


def lean_mass_janmahasatian_kg(weight_kg: float, size_m: float, sex: Sex) -> float:
    """Return lean body mass after Janmahasatian (DICOM LBMJANMA).

    9270 W / (6680 + 216 BMI) for men, 9270 W / (8780 + 244 BMI) for women (Janmahasatian et al.,
    Clin Pharmacokinet 2005; 44:1051-1065).
    """
    _require_positive(weight_kg=weight_kg, size_m=size_m)
    bmi = weight_kg / size_m**2
    male = 9270.0 * weight_kg / (6680.0 + 216.0 * bmi)
    female = 9270.0 * weight_kg / (8780.0 + 244.0 * bmi)
    return _of_sex(male, female, sex)


def ideal_weight_kg(size_m: float, sex: Sex) -> float:
    """Return ideal body weight (DICOM IBW).

    Men 48.0 + 1.06 (H − 152), women 45.5 + 0.91 (H − 152), H in cm (Sugawara et al., Radiology
    1999; 213:521-525; DICOM PS3.16 CID 85).

    Raises:
        ValueError: the size is not positive, or so small that the formula gives no weight.
    """
    _require_positive(size_m=size_m)
    above_cm = 100.0 * size_m - 152.0
    ideal = _of_sex(48.0 + 1.06 * above_cm, 45.5 + 0.91 * above_cm, sex)
    _require_positive(ideal_weight_kg=ideal)
    return ideal


def body_surface_cm2(weight_kg: float, size_m: float) -> float:
    """Return the body's surface after Du Bois: 71.84 W^0.425 H^0.725 cm², H in cm.

    Du Bois & Du Bois, Arch Intern Med 1916; 17:863-871.
    """
    _require_positive(weight_kg=weight_kg, size_m=size_m)
    return float(71.84 * weight_kg**0.425 * (100.0 * size_m) ** 0.725)


def suvbw_per_suv_of_mass(weight_kg: float, mass_kg: float) -> float:
    """Return SUVbw per SUV normalised to another mass (lean or ideal): W / mass."""
    _require_positive(weight_kg=weight_kg, mass_kg=mass_kg)
    return weight_kg / mass_kg


def suvbw_per_suv_of_surface(weight_kg: float, surface_cm2: float) -> float:
    """Return SUVbw (g/mL) per SUV by body surface (cm²/mL): W in g over the surface in cm²."""
    _require_positive(weight_kg=weight_kg, surface_cm2=surface_cm2)
    return 1000.0 * weight_kg / surface_cm2


def _james_kg(weight_kg: float, size_m: float, sex: Sex, *, male: float) -> float:
    _require_positive(weight_kg=weight_kg, size_m=size_m)
    ratio = (weight_kg / (100.0 * size_m)) ** 2
    lean = _of_sex(1.10 * weight_kg - male * ratio, 1.07 * weight_kg - 148.0 * ratio, sex)
    _require_positive(lean_mass_kg=lean)
    return lean


def _of_sex(male: float, female: float, sex: Sex) -> float:
    return {"M": male, "F": female, "O": (male + female) / 2}[sex]


def _require_positive(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < inf:
            raise ValueError(f"{name} must be positive and finite, not {value}")
