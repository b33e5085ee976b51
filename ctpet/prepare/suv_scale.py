"""From what a JSON side-car says about a PET in NIfTI to SUVbw (BIDS, modality PET)."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import HALF_LIFE_S, decay_factor, suvbw_per_bqml

_SUV = frozenset({"suv", "suvbw", "g/ml", "gml", "g/cc", "g/cm3", "suv[bw]", "suv(bw)"})
_BQML = {
    "bq/ml": 1.0,
    "bqml": 1.0,
    "bq/cc": 1.0,
    "bq/cm3": 1.0,
    "kbq/ml": 1e3,
    "kbqml": 1e3,
    "kbq/cc": 1e3,
    "kbq/cm3": 1e3,
    "mbq/ml": 1e6,
}
_BQ = {"bq": 1.0, "kbq": 1e3, "mbq": 1e6, "gbq": 1e9, "mci": 3.7e7, "uci": 3.7e4, "ci": 3.7e10}
_WEIGHTS = ("PatientWeight", "BodyWeight", "SubjectWeight", "ParticipantWeight", "Weight")
_PLAUSIBLE = {"weight in kg": (2.0, 400.0), "injected activity in MBq": (5.0, 2000.0)}
_LONGEST_S = 8 * 3600.0
_FDG = re.compile(r"fdg|fluoro-?\s*d(?:e|es)oxy", re.IGNORECASE)
_REMEDY = "Complete the side-car as BIDS says, or give the DICOM series or a PET in SUVbw"


def sidecar(path: Path) -> Mapping[str, Any]:
    """Return the content of a JSON file; empty if there is none.

    Raises:
        InputRefused: ``sidecar-unreadable``.
    """
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text("utf-8-sig")))
    except (OSError, ValueError, TypeError) as error:
        raise InputRefused(
            "sidecar-unreadable", f"{path.name} cannot be read ({error})", remedy=_REMEDY
        ) from error


def suv_scale(
    told: Mapping[str, Any], *, weight_kg: float | None = None, tracer: str = ""
) -> tuple[float, Finding | None]:
    """Return what the values are to be multiplied by to give SUVbw.

    The activity injected is brought to the time that the image is corrected to:
    1000 w / (A exp(−λ (t_image − t_injection))), both times since ``TimeZero``.

    Args:
        told: fields of BIDS' side-car, such as ``Units`` and ``InjectedRadioactivity``.
        weight_kg: of a table of participants, where the side-car has none.
        tracer: of the file's name, where the side-car has none.

    Returns:
        The factor, 1 for SUVbw, and a finding that says how it was made.

    Raises:
        InputRefused: ``units-unknown``, ``units-unsupported``, ``tracer-not-fdg``,
            ``tracer-unknown``, ``not-attenuation-corrected``, ``not-decay-corrected``,
            ``weight-missing``, ``dose-missing``, ``times-missing``, ``dose-implausible``,
            ``weight-implausible``.
    """
    _refuse_kind(told, tracer)
    units = str(told.get("Units") or "")
    unit = re.sub(r"[\s_]", "", units).replace("millilit", "ml").lower()
    if not unit:
        raise _refused("units-unknown", "The side-car does not say the PET's Units")
    if unit in _SUV:
        return 1.0, None
    if unit not in _BQML:
        raise _refused("units-unsupported", f"The PET's Units are {units[:24]}, no SUVbw")
    weight = _weight_kg(told, weight_kg)
    dose_bq = _dose_bq(told)
    elapsed = _elapsed_s(told)
    left_bq = dose_bq * decay_factor(elapsed, _half_life_s(told))
    factor = _BQML[unit] * suvbw_per_bqml(weight, left_bq)
    message = (
        f"The PET in {units[:24]} was divided by {left_bq / 1e6:.4g} MBq, which were left of "
        f"{dose_bq / 1e6:.4g} MBq {elapsed / 60:.4g} min after injection, over {weight:g} kg"
    )
    return factor, Finding("suv-by-sidecar", "info", message)


def _refuse_kind(told: Mapping[str, Any], tracer: str) -> None:
    """Refuse what is not corrected for attenuation, or no FDG."""
    attenuation = str(told.get("AttenuationCorrection") or "").strip().lower()
    if attenuation in ("none", "no", "false", "uncorrected"):
        raise _refused("not-attenuation-corrected", "The PET is not corrected for attenuation")
    name = " ".join(str(told.get(word) or "") for word in ("TracerName", "Radiopharmaceutical"))
    name = name.strip() or tracer
    if not name:
        raise _refused("tracer-unknown", "Neither side-car nor name says which tracer it is")
    if not _FDG.search(name):
        raise _refused("tracer-not-fdg", f"The tracer is {name[:32]}, not FDG")


def _weight_kg(told: Mapping[str, Any], of_table: float | None) -> float:
    weight = next((n for word in _WEIGHTS if (n := _number(told.get(word))) is not None), of_table)
    if weight is None:
        raise _refused("weight-missing", "Neither side-car nor participants.tsv has a body weight")
    _require("weight-implausible", "weight in kg", weight)
    return weight


def _dose_bq(told: Mapping[str, Any]) -> float:
    dose = _number(told.get("InjectedRadioactivity"))
    unit = str(told.get("InjectedRadioactivityUnits") or "").strip().lower().replace("µ", "u")
    if dose is None or unit not in _BQ:
        raise _refused(
            "dose-missing", "InjectedRadioactivity or InjectedRadioactivityUnits is missing"
        )
    _require("dose-implausible", "injected activity in MBq", dose * _BQ[unit] / 1e6)
    return dose * _BQ[unit]


def _elapsed_s(told: Mapping[str, Any]) -> float:
    """Return the seconds from injection to the time that the image is corrected to."""
    if told.get("ImageDecayCorrected") is not True:
        raise _refused(
            "not-decay-corrected", "The side-car does not say that the PET is decay-corrected"
        )
    injected, image = (
        _number(told.get(word)) for word in ("InjectionStart", "ImageDecayCorrectionTime")
    )
    if injected is None or image is None:
        raise _refused(
            "times-missing", "InjectionStart or ImageDecayCorrectionTime is missing or no number"
        )
    if not 0 <= image - injected <= _LONGEST_S:
        raise _refused(
            "times-implausible",
            f"The image is corrected to {(image - injected) / 60:.4g} min after injection "
            f"(limits 0 and {_LONGEST_S / 60:g})",
        )
    return image - injected


def _half_life_s(told: Mapping[str, Any]) -> float:
    said = re.sub(r"[^0-9A-Za-z]", "", str(told.get("TracerRadionuclide") or "F18")).upper()
    number, letters = re.sub(r"\D", "", said), re.sub(r"\d", "", said)
    nuclide = f"{letters.capitalize()}-{number}"
    if nuclide != "F-18":
        raise _refused("tracer-not-fdg", f"FDG is labelled with F-18, not {said[:12]}")
    return HALF_LIFE_S[nuclide]


def _require(code: str, what: str, value: float) -> None:
    low, high = _PLAUSIBLE[what]
    if not low <= value <= high:
        raise _refused(code, f"The {what} is {value:g} (limits {low:g} and {high:g})")


def _number(value: object) -> float | None:
    """Return a number, also of a list of one or of digits in a text."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _refused(code: str, message: str) -> InputRefused:
    return InputRefused(code, message, remedy=_REMEDY)
