"""Boxes of cases: pieces that a model learns from, or is judged on, with nothing outside them.

A crop around a finding gives the finding's place away by its faces. Boxes drawn at random inside
it do not, if what lies outside a box is never seen.
"""

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from ctpet.errors import CtpetError
from ctpet.prepare.cases import BODY, UNMEASURED, ArrayName, Case, CaseInvalid
from ctpet.volume.geometry import Shape3, Spacing3

_TRIES = 1000
_KEYS = {"side_mm", "per_patient", "seed"}


@dataclass(frozen=True, slots=True)
class BoxRule:
    """Which boxes stand for a patient.

    Attributes:
        side_mm: of a box, along each axis.
        per_patient: how many; they are dealt round the patient's cases, by case_id.
        seed: of their places.

    Raises:
        ValueError: at construction, if a number cannot be meant.
    """

    side_mm: float
    per_patient: int
    seed: int

    def __post_init__(self) -> None:
        if not (is_number(self.side_mm) and math.isfinite(self.side_mm) and self.side_mm > 0):
            raise ValueError(f"side_mm must be a length in mm, not {self.side_mm!r}")
        for name, least in (("per_patient", 1), ("seed", 0)):
            value = getattr(self, name)
            if not (is_number(value) and isinstance(value, int) and value >= least):
                raise ValueError(f"{name} must be whole and at least {least}, not {value!r}")


class Box(NamedTuple):
    """A box of voxels of a case: its first voxel and its size, both (k, j, i)."""

    start: Shape3
    size: Shape3

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """What cuts it out of an array."""
        k, j, i = (slice(a, a + n) for a, n in zip(self.start, self.size, strict=True))
        return k, j, i


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxCase(Case):
    """A box as a case of its own: its arrays are views into those of the whole case.

    Attributes:
        whole: the case that it is a box of.
        box: which one.
    """

    whole: Case
    box: Box

    def array(self, name: ArrayName) -> NDArray[Any]:
        """Open the box of an array, (k, j, i); see :meth:`ctpet.prepare.cases.Case.array`."""
        cut: NDArray[Any] = self.whole.array(name)[self.box.slices]
        return cut


def read_rule(told: object) -> BoxRule | None:
    """Return the rule that a configuration tells, ``{side_mm, per_patient, seed}``; None: none.

    Raises:
        CtpetError: a key is missing or unknown, or a number cannot be meant.
    """
    if told is None:
        return None
    if not isinstance(told, Mapping) or set(told) != _KEYS:
        raise CtpetError(_not_meant(told, f"its keys must be {', '.join(sorted(_KEYS))}"))
    try:
        return BoxRule(**told)
    except ValueError as error:
        raise CtpetError(_not_meant(told, str(error))) from error


def box_shape(rule: BoxRule, spacing_mm: Spacing3) -> Shape3:
    """Return how many voxels a box has on a grid, (k, j, i)."""
    k, j, i = (max(1, round(rule.side_mm / mm)) for mm in spacing_mm)
    return k, j, i


def place_boxes(case: Case, rule: BoxRule, count: int) -> tuple[Box, ...]:
    """Return boxes of a case, each with measured body in it; the same ones every time.

    They are a function of the rule's seed, the case_id and the case, and lie in the field that was
    measured. Along an axis on which that is shorter than a box, the box is as long as the field;
    where that makes two boxes the same one, it is given once.

    Raises:
        CaseInvalid: the case has no box with measured body.
    """
    rng = np.random.default_rng([rule.seed, zlib.crc32(case.case_id.encode())])
    region = case.array("region")
    low, high = _field(region == UNMEASURED)
    size = np.minimum(box_shape(rule, case.geometry.spacing_mm), high - low)
    last = high - size
    return tuple(
        dict.fromkeys(_place(rng, region == BODY, size, (low, last), case) for _ in range(count))
    )


def _field(unmeasured: NDArray[np.bool_]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return where the smallest box around what was measured begins and ends, (k, j, i)."""
    found = find_objects((~unmeasured).view(np.uint8))
    slices = found[0] if found else [slice(0, size) for size in unmeasured.shape]
    return np.array([s.start for s in slices]), np.array([s.stop for s in slices])


def box_cases(cases: Iterable[Case], rule: BoxRule) -> tuple[BoxCase, ...]:
    """Return the boxes of cases as cases, in the cases' order; see :func:`place_boxes`.

    A patient with more cases than boxes has cases without a box.

    Raises:
        CaseInvalid: a case has no box with measured body.
    """
    whole = tuple(cases)
    shares = _deal(whole, rule.per_patient)
    return tuple(box for case in whole for box in _boxes_of(case, rule, shares[case.case_id]))


def _boxes_of(case: Case, rule: BoxRule, count: int) -> Iterator[BoxCase]:
    for number, box in enumerate(place_boxes(case, rule, count)):
        affine = case.geometry.affine.copy()
        affine[:3, 3] = case.geometry.index_to_lps(box.start)
        yield BoxCase(
            folder=case.folder,
            case_id=f"{case.case_id}-box{number:02d}",
            patient_hash=case.patient_hash,
            shape=box.size,
            affine=tuple(tuple(float(v) for v in row) for row in affine),
            slice_spacing_mm=case.slice_spacing_mm,
            findings=case.findings,
            reading=case.reading,
            label_names=case.label_names,
            whole=case,
            box=box,
        )


def _deal(cases: Iterable[Case], per_patient: int) -> dict[str, int]:
    """Return how many of the patient's boxes each case gets, by case_id."""
    of_patient: dict[str, list[str]] = {}
    for case in cases:
        of_patient.setdefault(case.patient_hash, []).append(case.case_id)
    shares: Counter[str] = Counter()
    for case_ids in of_patient.values():
        around = sorted(case_ids)
        shares.update(around[n % len(around)] for n in range(per_patient))
    return shares


def _place(
    rng: np.random.Generator,
    body: NDArray[np.bool_],
    size: NDArray[np.int_],
    firsts: tuple[NDArray[np.int_], NDArray[np.int_]],
    case: Case,
) -> Box:
    k, j, i = (int(n) for n in size)
    low, last = firsts
    for _ in range(_TRIES):
        first = low + rng.integers(last - low + 1)
        box = Box((int(first[0]), int(first[1]), int(first[2])), (k, j, i))
        if body[box.slices].any():
            return box
    raise CaseInvalid(
        f"Case {case.case_id} has no box of {size.tolist()} voxels with measured body in "
        f"{_TRIES} draws. Leave the case out, or give larger boxes."
    )


def _not_meant(told: object, why: str) -> str:
    return (
        f"boxes={told} cannot be meant: {why}. Give boxes={{side_mm: 96, per_patient: 8, "
        "seed: 1}, or null for whole cases."
    )


def is_number(value: object) -> bool:
    """Tell a number from what YAML may give in its place, true and false among it."""
    return isinstance(value, int | float) and not isinstance(value, bool)
