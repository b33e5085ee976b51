"""One thing to paint: some shapes, and the layers of what they are made of."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.shapes import Shape


@dataclass(frozen=True, eq=False)
class Structure:
    """Some shapes of the same make.

    Attributes:
        layers: (label, how many mm inside the surface it begins), from the outermost inwards.
        parts: shapes in the drawing's mm; the structure is what lies in any of them.
    """

    layers: tuple[tuple[int, float], ...]
    parts: tuple[Shape, ...]

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """The boxes that the parts lie in, lowest and highest corners, ``(n, 2, 3)`` mm."""
        return np.stack([shape.bounds() for shape in self.parts])
