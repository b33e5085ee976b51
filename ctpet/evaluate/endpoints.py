"""What is tested: the few figures that a claim may rest on, stated before any patient is seen."""

import math
from dataclasses import dataclass
from typing import Literal

from ctpet.evaluate.paired import PairedTest
from ctpet.evaluate.score import Kind
from ctpet.evaluate.tiers import BODY, IN_LESIONS, MEASURED_HIGH, PREDICTED_HIGH

Standing = Literal["better", "worse", "open", "untested"]
"""Of the first of two methods; ``open``: neither was shown."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One figure of which the differences between two methods are tested.

    Attributes:
        kind: of the part.
        region: name of the part.
        metric: its name.
        better: which values are better.
    """

    kind: Kind
    region: str
    metric: str
    better: Literal["lower", "higher"] = "lower"

    def standing(self, test: PairedTest) -> Standing:
        """Return how the first method stands beside the second: one rule for both directions."""
        if math.isnan(test.p_adjusted):
            return "untested"
        if not test.sign:
            return "open"
        return "better" if (test.sign < 0) == (self.better == "lower") else "worse"


PRIMARY = Endpoint("tier", BODY, "mae")
"""What a model is judged by first."""

TIER_ENDPOINTS = (
    PRIMARY,
    Endpoint("tier", MEASURED_HIGH, "mae"),
    Endpoint("tier", PREDICTED_HIGH, "mae"),
    Endpoint("tier", IN_LESIONS, "mae"),
    Endpoint("tier", BODY, "concordance", "higher"),
)
"""Of which baselines have values too."""

ENDPOINTS = (*TIER_ENDPOINTS, Endpoint("lesions", "all", "dice", "higher"))
