"""What is written on a picture, in one language."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ctpet.render.planes import View


@dataclass(frozen=True, slots=True)
class Captions:
    """The words of a picture; English unless told otherwise.

    Attributes:
        warning: two phrases: what the picture is, and what it is not for.
        marks: the same two, short enough to stand many times along the edges of a panel.
        ct: above a CT.
        reference: above a measured PET.
        synthetic: above a synthetic PET.
        difference: above their difference.
        views: by view, behind a panel's name.
        mip: behind the name of a projection.
    """

    warning: tuple[str, str] = ("SYNTHETIC", "NOT FOR DIAGNOSIS")
    marks: tuple[str, str] = ("SYNTHETIC", "NOT FOR DIAGNOSIS")
    ct: str = "CT"
    reference: str = "Reference PET"
    synthetic: str = "Synthetic PET"
    difference: str = "Synthetic − reference"
    views: Mapping[View, str] = field(
        default_factory=lambda: {
            "coronal": "coronal",
            "axial": "axial",
            "sagittal": "sagittal",
        }
    )
    mip: str = "MIP"

    @property
    def banner(self) -> str:
        """The warning in one line."""
        return " – ".join(self.warning)


ENGLISH = Captions()
WARNING = ENGLISH.banner
