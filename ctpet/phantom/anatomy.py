"""A random patient as a description, to be rendered onto any grid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from ctpet.phantom.anatomy_abdomen import (
    deep_muscles,
    kidneys,
    liver,
    pancreas,
    pelvic_organs,
    spleen,
)
from ctpet.phantom.anatomy_body import Walls, draw_walls
from ctpet.phantom.anatomy_bowel import colon, small_bowel, stomach
from ctpet.phantom.anatomy_head import head
from ctpet.phantom.anatomy_heart import draw_heart
from ctpet.phantom.anatomy_lesions import Lesion, draw_lesions
from ctpet.phantom.anatomy_limbs import limb_bones, pelvis
from ctpet.phantom.anatomy_lungs import lungs
from ctpet.phantom.anatomy_outline import outline
from ctpet.phantom.anatomy_ribs import thorax_bones
from ctpet.phantom.anatomy_spine import Spine, draw_spine, vertebrae
from ctpet.phantom.anatomy_thorax import mediastinum
from ctpet.phantom.diaphragm import Diaphragm, draw_diaphragm
from ctpet.phantom.domain import Domain
from ctpet.phantom.frame import Frame
from ctpet.phantom.priors import TissuePrior
from ctpet.phantom.scan import Scan
from ctpet.phantom.shapes import draw_waves
from ctpet.phantom.structure import Structure
from ctpet.phantom.table import table_at
from ctpet.phantom.traits import Traits, draw_traits

_REFERENCE_MM = 1760.0


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A patient.

    Attributes:
        seed: what all that is random about it starts from, see `ctpet.phantom.domain.stream_of`.
        traits: sex, stature, habitus, arms, contrast agent and the like.
        frame: from LPS mm to the millimetres the shapes are written in.
        structures: what to paint, in this order, one over the other; the first is the body.
        lesions: those that CT shows.
        table: what the patient lies on, in LPS mm (it does not bend with the patient).
        domain: plain, or wider than reality.
        supports: cushions and the like, in LPS mm.
        hu: mean of each label; None: as `ctpet.phantom.hounsfield.draw_hu` draws it.
        priors: uptake of lesions by name, ``lesion_<n>``; those absent have
            :data:`ctpet.phantom.priors.VISIBLE_LESION`.
        scan: how it was examined; None: as every plain patient is.
    """

    seed: int
    traits: Traits
    frame: Frame
    structures: tuple[Structure, ...]
    lesions: tuple[Lesion, ...]
    table: Structure
    domain: Domain = "plain"
    supports: tuple[Structure, ...] = ()
    hu: Mapping[int, float] | None = None
    priors: Mapping[str, TissuePrior] = field(default_factory=lambda: MappingProxyType({}))
    scan: Scan | None = None


@dataclass(frozen=True, eq=False)
class Body:
    """A patient without lesions, and what its organs were fitted to."""

    traits: Traits
    frame: Frame
    walls: Walls
    spine: Spine
    diaphragm: Diaphragm
    structures: tuple[Structure, ...]

    @property
    def back_mm(self) -> float:
        """LPS y of what the back lies on."""
        return self.walls.back_y * self.frame.scale[1] - 2.0


def draw_anatomy(seed: int) -> Anatomy:
    """Draw a plain patient; the same seed gives the same patient."""
    rng = np.random.default_rng([seed, 0x414E41])
    body = draw_body(rng)
    painted, lesions = draw_lesions(body.structures, body.frame, rng)
    structures = (*body.structures, *painted)
    return Anatomy(
        seed, body.traits, body.frame, structures, tuple(lesions), table_at(body.back_mm)
    )


def draw_body(rng: np.random.Generator) -> Body:
    """Draw a patient without lesions."""
    t = draw_traits(rng)
    frame = _draw_frame(t, rng)
    walls = draw_walls(t, rng)
    spine = draw_spine(rng)
    diaphragm = draw_diaphragm(rng)
    heart = draw_heart(t, diaphragm, rng)
    structures = (
        *outline(t, walls, rng),
        *deep_muscles(t, spine),
        *thorax_bones(t, walls),
        *pelvis(t),
        *limb_bones(t, walls),
        *lungs(walls, spine, diaphragm, heart, rng),
        *vertebrae(spine),
        *head(t, rng),
        *mediastinum(spine, heart),
        *small_bowel(t, rng),
        *colon(t, rng),
        *pelvic_organs(t, rng),
        *stomach(rng),
        *liver(t, walls, diaphragm, heart, rng),
        *pancreas(rng),
        *spleen(t, walls, diaphragm, rng),
        *kidneys(t, spine, rng),
    )
    return Body(t, frame, walls, spine, diaphragm, structures)


def _draw_frame(t: Traits, rng: np.random.Generator) -> Frame:
    """Draw the map from the patient to the drawing."""
    size = t.stature_mm / _REFERENCE_MM
    girth = size * float(np.clip(rng.normal(1.0, 0.02), 0.95, 1.05))
    waves = draw_waves(rng, 3, 220, 420)
    push = rng.normal(0, 1.6, (3, 3))
    return Frame((girth, girth, size), (0.0, 0.0, 0.0), np.column_stack([waves, push]))
