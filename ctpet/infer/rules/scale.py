"""Whether the numbers of a CT are Hounsfield units of a body.

Air is -1000 and water 0 by definition. Body-composition CT counts -190 to -30 HU as fat and -29 to
150 as muscle (Mitsiopoulos et al., J Appl Physiol 1998; 85:115-122); the ranges here are the middle
of those. The shares were set from the 35 patients of the Soft-tissue-Sarcoma set and a CT of
TotalSegmentator, which are at least twice as far from refusal as the limit; no published limits
are known to us.
"""

from collections.abc import Callable

from ctpet.findings import Finding
from ctpet.infer.rules.landmarks import has_pile, is_bright_air, is_lung, landmarks_of
from ctpet.infer.rules.sample import HIGHEST_HU, PADDING_BELOW_HU, CtSample

AIR_BELOW_HU = -850
BODY_ABOVE_HU = -500
"""Half of the way from air to water, where the edge of a body lies."""
DARKEST_WITHOUT_HU = -100
"""The middle of fat: a CT of a body, even one cropped without air, reaches below it."""
FAT_HU = (-150, -50)
LEAN_HU = (0, 100)
SOFT_HU = (-200, 200)
DARK_SOFT_HU = (-300, -40)
BRIGHT_SOFT_HU = (20, 300)
EIGHT_BITS = 255
LEAST_BODY = 0.005
"""A thin limb of 12 cm² in a field of view of 50 cm."""
LEAST_FAT = 0.01
LEAST_LEAN = 0.05
LEAST_SOFT = 0.6
LEAST_DARK_SOFT = 0.03
LEAST_BRIGHT_SOFT = 0.1
LEAST_AIR = 0.001
LEAST_DARK_SHARE = 0.01
PILE = 0.002
"""Values piled up on the first or last number: clipped to a window."""
LOWEST_CLIP_HU = 600
"""A body with bone reaches beyond; a soft-tissue window ends at 240 or 400."""
SMALL_FIELD_MM = 130
BELOW_FAT_HU = (-300, -180)
MOST_BELOW_FAT = 0.08
"""Only the edge to air lies there, unless lean tissue lies where fat should and fat below."""
MOST_BRIGHT = 0.05
MOST_IMPOSSIBLE = 0.02
"""Padding that was interpolated with its neighbours makes less."""

REMEDY = (
    "Give the original CT in Hounsfield units (stored values with RescaleSlope and "
    "RescaleIntercept applied), not a picture or a processed copy"
)

Rule = Callable[[CtSample], Finding | None]


def scale_error(sample: CtSample) -> Finding | None:
    """Return the first reason why the values cannot be HU of a body, or None."""
    for rule in RULES:
        if finding := rule(sample):
            return finding
    return None


def no_air(sample: CtSample) -> Finding | None:
    """Tell when there is no air to check the scale with."""
    if sample.share(PADDING_BELOW_HU, AIR_BELOW_HU) >= LEAST_AIR:
        return None
    return Finding(
        "no-air",
        "warning",
        f"Nothing in the field of view is air (below {AIR_BELOW_HU} HU), so the HU scale could be "
        "checked on tissue only",
    )


def unconfirmed(sample: CtSample) -> Finding | None:
    """Tell when a small field shows too little to confirm the scale."""
    if sample.width_mm >= SMALL_FIELD_MM or landmarks_of(sample).two:
        return None
    return Finding(
        "scale-unconfirmed",
        "warning",
        f"In this small field (under {SMALL_FIELD_MM} mm wide) fewer than two of air, fat and lean "
        "tissue stand out, so it cannot be told whether the values are Hounsfield units",
        "Compare with a larger field of view of the same scan",
    )


def nothing_dense(sample: CtSample) -> Finding | None:
    """Refuse a scan of air, or one whose intercept was subtracted twice."""
    share = sample.share(BODY_ABOVE_HU, HIGHEST_HU + 1)
    if share >= LEAST_BODY:
        return None
    return _error(
        "no-body",
        f"{share:.1%} of the CT is denser than {BODY_ABOVE_HU} HU (values from {sample.lowest} "
        f"to {sample.highest}); with a body it is at least {LEAST_BODY:.1%}",
    )


def darker_than_air(sample: CtSample) -> Finding | None:
    """Refuse values that nothing scanned can have: scaled up."""
    if sample.impossible < MOST_IMPOSSIBLE:
        return None
    return _error(
        "darker-than-air",
        f"{sample.impossible:.0%} is below {PADDING_BELOW_HU} HU without being one padding value; "
        f"air is −1000, and at most {MOST_IMPOSSIBLE:.0%} may be darker, so the values are scaled "
        "or shifted",
    )


def eight_bit(sample: CtSample) -> Finding | None:
    """Refuse values that 8 bits could hold."""
    span = sample.highest - sample.lowest
    if span > EIGHT_BITS or (sample.lowest < 0 and _is_lean_field(sample)):
        return None
    return _error(
        "eight-bit",
        f"The values go from {sample.lowest} to {sample.highest}, which 8 bits hold; a body in HU "
        f"spans more than {EIGHT_BITS}",
    )


def offset_missing(sample: CtSample) -> Finding | None:
    """Refuse HU + 1024: the intercept was left out."""
    if not _nothing_dark(sample):
        return None
    air, tissue = sample.share(-100, 150), sample.share(850, 1200)
    if min(air, tissue) < LEAST_LEAN or sample.share(150, 850) > tissue:
        return None
    return _error(
        "offset-missing",
        f"Nothing is darker than {DARKEST_WITHOUT_HU} HU, {air:.0%} lies near 0 and {tissue:.0%} "
        "near 1024, as in HU + 1024; air must be near −1000 and soft tissue near 0",
    )


def not_hu(sample: CtSample) -> Finding | None:
    """Refuse what has neither air nor fat: MR, PET and pictures start at 0.

    A small field within bone and muscle has neither, but is negative in places by its noise.
    """
    if not _nothing_dark(sample):
        return None
    negative = sample.share(PADDING_BELOW_HU, 0) >= LEAST_AIR
    if negative and _is_lean_field(sample):
        return None
    return _error(
        "not-hu",
        f"The values go from {sample.lowest} to {sample.highest} and less than {LEAST_AIR:.1%} is "
        f"below {DARKEST_WITHOUT_HU}, so there is neither air nor fat; this looks like MR, PET or "
        "another scale",
    )


def inverted(sample: CtSample) -> Finding | None:
    """Refuse bright air, or soft tissue whose mirror image is one of a body.

    Bone alone is no sign: a wrist, a cast or a skull base has much of it.
    """
    bright = sample.share(700, HIGHEST_HU + 1)
    dark = sample.share(PADDING_BELOW_HU, -700)
    seen = landmarks_of(sample)
    if seen.two:
        return None
    if landmarks_of(sample.mirrored()).two:
        return _error(
            "inverted",
            "With the sign of all values changed, air, fat and lean tissue lie where they belong, "
            f"and as they are fewer than 2 of them do ({bright:.0%} is above 700 HU, {dark:.0%} "
            "below −700), so bright and dark are exchanged",
        )
    bone = (seen.lean or seen.fat) and not is_bright_air(sample)
    if bright < MOST_BRIGHT or bright <= dark or bone:
        return None
    return _error(
        "inverted",
        f"{bright:.0%} is above 700 HU and {dark:.0%} below −700, without fat near −100 or lean "
        "tissue near 45 beside them, or in a peak as air is; as bone it may be "
        f"{MOST_BRIGHT:.0%}, so bright and dark are exchanged or the values are scaled",
    )


def air_misplaced(sample: CtSample) -> Finding | None:
    """Refuse air that is not near −1000: scaled, or clipped to a window."""
    lowest = sample.lowest
    dark = sample.share(PADDING_BELOW_HU, -250)
    air = sample.share(PADDING_BELOW_HU, AIR_BELOW_HU)
    scaled = dark >= LEAST_DARK_SHARE and air < LEAST_DARK_SHARE * dark and not is_lung(sample)
    clipped = lowest > AIR_BELOW_HU and sample.share(lowest, lowest + 1) >= PILE
    if not (scaled or clipped):
        return None
    return _error(
        "air-misplaced",
        f"The darkest value is {lowest} HU; air must be near −1000 (below {AIR_BELOW_HU}), so the "
        "values are scaled or cut to a display window",
    )


def clipped_above(sample: CtSample) -> Finding | None:
    """Refuse bone cut off by a display window."""
    highest = sample.highest
    share = sample.share(highest, highest + 1)
    if highest >= LOWEST_CLIP_HU or share < PILE:
        return None
    return _error(
        "clipped-above",
        f"{share:.1%} is exactly {highest} HU and nothing above, so bone was cut to a display "
        f"window; at most {PILE:.1%} may lie on the last value if that is below {LOWEST_CLIP_HU}",
    )


def tissue_misplaced(sample: CtSample) -> Finding | None:
    """Refuse tissue that is not near 0: scaled, or shifted down."""
    short = _missing(
        sample, (SOFT_HU, LEAST_SOFT), (LEAN_HU, LEAST_LEAN), (BRIGHT_SOFT_HU, LEAST_BRIGHT_SOFT)
    )
    if short is None or _is_placed(sample):
        return None
    return _error("tissue-misplaced", f"{short}, so the values are scaled or shifted")


def no_fat(sample: CtSample) -> Finding | None:
    """Refuse an object without fat: a water phantom, or tissue shifted up."""
    short = _missing(sample, (FAT_HU, LEAST_FAT), (DARK_SOFT_HU, LEAST_DARK_SOFT))
    if short is None or _may_lack_fat(sample):
        return None
    return _error(
        "no-fat",
        f"{short}, since nobody is without fat",
        "Give the CT of a patient; phantoms and shifted values are not what the model was made for",
    )


RULES: tuple[Rule, ...] = (
    nothing_dense,
    darker_than_air,
    eight_bit,
    offset_missing,
    not_hu,
    inverted,
    air_misplaced,
    clipped_above,
    no_fat,
    tissue_misplaced,
)
"""In the order in which they are asked; the more telling ones first."""


def _is_placed(sample: CtSample) -> bool:
    """Whether two landmarks are seen, and none of them is lean tissue where fat should be."""
    seen = landmarks_of(sample)
    below_fat = sample.share(*BELOW_FAT_HU, above=BODY_ABOVE_HU)
    return seen.two and (seen.lean or below_fat < MOST_BELOW_FAT)


def _may_lack_fat(sample: CtSample) -> bool:
    """Whether a field within the body, without air, shows lean tissue in its place."""
    air = sample.share(PADDING_BELOW_HU, AIR_BELOW_HU)
    return air < LEAST_AIR and _is_lean_field(sample)


def _is_lean_field(sample: CtSample) -> bool:
    """Whether lean tissue is seen in its place, and noise, not the fill of a mask, beside it."""
    return landmarks_of(sample).lean and not has_pile(sample)


def _nothing_dark(sample: CtSample) -> bool:
    """Whether there is neither air nor fat."""
    return sample.share(PADDING_BELOW_HU, DARKEST_WITHOUT_HU) < LEAST_AIR


def _missing(sample: CtSample, *needed: tuple[tuple[int, int], float]) -> str | None:
    """Say which of some ranges of HU holds less of the body than it must."""
    for (low, high), least in needed:
        share = sample.share(low, high, above=BODY_ABOVE_HU)
        if share < least:
            return (
                f"{share:.1%} of what is denser than {BODY_ABOVE_HU} HU lies between {low} and "
                f"{high} HU; in a body it is at least {least:.0%}"
            )
    return None


def _error(code: str, message: str, remedy: str = REMEDY) -> Finding:
    return Finding(code, "error", message, remedy)
