"""How one CT scanner saw one patient: kernel, dose, what the field left out, breathing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kernel:
    """How a reconstruction shapes noise and detail.

    Attributes:
        rise_per_mm: frequency above which the noise no longer rises.
        fall_per_mm: frequency at which the amplitude of the noise has fallen to 1/e.
        fwhm_mm: of the Gaussian that detail is seen through within a slice; 0: as drawn.
        along_k: correlation of the noise of neighbouring slices, 0 to below 0.7.
    """

    rise_per_mm: float = 0.10
    fall_per_mm: float = 0.34
    fwhm_mm: float = 0.0
    along_k: float = 0.0


@dataclass(frozen=True, slots=True)
class Scan:
    """What an examination adds to an anatomy.

    Attributes:
        kernel: of the reconstruction.
        noise_hu: standard deviation at a water-equivalent diameter of 280 mm.
        span_mm: lowest and highest z of the scan, in the drawing's mm.
        field_mm: diameter of the circle outside which CT shows nothing; None: all is seen.
        metal_streak_hu: strength of the streaks beside metal.
        breath_mm: how much higher the diaphragm stands on PET than on CT.
    """

    kernel: Kernel
    noise_hu: float
    span_mm: tuple[float, float]
    field_mm: float | None = None
    metal_streak_hu: float = 0.0
    breath_mm: float = 0.0
