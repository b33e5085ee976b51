"""Classes of lesions that CT shows: where, how large, how dense, and how avid by size.

Publications state SUVmax; what is drawn is the level that most of a lesion has. Over a large
lesion texture and noise raise the hottest voxel to about 1.3 times that level, so published medians
are divided by :data:`SUVMAX_OVER_LEVEL`. What partial volume takes from small ones is left to the
point spread of the PET and is not drawn again.

``checked`` is true where an abstract that was read states the median or the share; all other
numbers are from memory of the usual ranges, or rounded judgement, and are no quotation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ctpet.phantom.priors import Mode, TissuePrior

SUVMAX_OVER_LEVEL = 1.3

Form = Literal["round", "lobulated", "irregular", "spiculated", "confluent"]
Triple = tuple[float, float, float]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Avidity:
    """How one class takes up FDG.

    Attributes:
        shares: largest diameter in mm, and the share of lesions up to it that are avid.
        suvmax: published median SUVmax of avid ones.
        log_sd: spread of its logarithm.
        quiet: SUVbw of those that are not avid, median.
        source: where the numbers come from.
        checked: whether it states the median or the share.
    """

    shares: tuple[tuple[float, float], ...]
    suvmax: float
    log_sd: float
    quiet: float
    source: str
    checked: bool = False

    def share(self, diameter_mm: float) -> float:
        """Return the share of avid lesions among those of a diameter."""
        return next((p for most, p in self.shares if diameter_mm <= most), self.shares[-1][1])


@dataclass(frozen=True, slots=True)
class LesionClass:
    """A class of lesions.

    Attributes:
        hosts: structures that it lies in.
        low, high: where its centre may lie, in the drawing's mm.
        radius_mm: smallest and largest; drawn evenly on a logarithmic scale.
        hu: mean without contrast agent.
        enhances: HU that portal venous contrast agent adds.
        forms: shapes, equally likely.
        inside: share of its surroundings that must be of its hosts.
        weight: how often, beside the other classes.
        avidity: how it takes up FDG.
        necrotic: share of those with a radius above 12 mm whose core is dead.
    """

    hosts: tuple[str, ...]
    low: Triple
    high: Triple
    radius_mm: Range
    hu: Range
    enhances: Range
    forms: tuple[Form, ...]
    inside: float
    weight: float
    avidity: Avidity
    necrotic: float = 0.0

    def prior(self, diameter_mm: float) -> TissuePrior:
        """Return how the SUVbw of a lesion of this class and size is distributed."""
        a = self.avidity
        p = a.share(diameter_mm)
        avid = Mode(p, a.suvmax / SUVMAX_OVER_LEVEL, a.log_sd)
        return TissuePrior((Mode(1 - p, a.quiet, 0.35), avid), 0.1, 0.18, a.source, a.checked)


_LUNG = Avidity(
    ((10, 0.45), (20, 0.65), (30, 0.8), (999, 0.92)), 8.0, 0.55, 1.2,
    "shares: rounded down from what sensitivity, specificity and accuracy at SUVmax 2.5 by size "
    "give (0.72, 0.81, 0.90, 0.96; 173 selected patients, Khalaf et al., J Hematol Oncol 2008; "
    "1:13); median and spread of solid lung cancers from memory",
)  # fmt: skip
_GROUND_GLASS = Avidity(
    ((999, 0.05),), 2.5, 0.4, 0.9,
    "malignant nodules with non-solid parts below SUVmax 1.5 in 96 % (53 patients, Ann Nucl Med "
    "2008; 22:571-577)", checked=True,
)  # fmt: skip
_NODE = Avidity(
    ((10, 0.25), (15, 0.5), (20, 0.7), (999, 0.85)), 8.0, 0.5, 1.6,
    "enlarged mediastinal nodes: benign 13.1 ± 5.2, malignant 12.6 ± 5.5, short axis 18 and 40 mm "
    "(94 patients, Yu et al., Contrast Media Mol Imaging 2018:3417190), benign hilar foci 4.4 to "
    "5.3 (J Nucl Med 2011; 52 suppl 1:1897); median between them and shares from memory",
)  # fmt: skip
_LIVER = Avidity(
    ((10, 0.6), (20, 0.8), (999, 0.92)), 7.0, 0.45, 2.2,
    "colorectal liver metastases, median SUVmax and shares from memory; 87 to 92 % of 91 lesions "
    "detected (PubMed 20683670)",
)  # fmt: skip
_STILL = "no uptake beyond that of its substance; from memory"
_CYST = Avidity(((999, 0.0),), 1.0, 0.3, 0.7, _STILL)
_GRANULOMA = Avidity(((999, 0.05),), 3.0, 0.4, 0.8, _STILL)
_LYTIC = Avidity(
    ((10, 0.75), (999, 0.88)), 7.9, 0.5, 1.6,
    "biopsied avid bone metastases: median SUVmax 7.9, benign 4.5 (338 patients, Yao et al., "
    "J Cancer 2020; 11:4989-4995); shares from memory", checked=True,
)  # fmt: skip
_SCLEROTIC = Avidity(
    ((999, 0.6),), 6.0, 0.5, 1.2,
    "no difference of mean SUVmax between lytic and blastic lesions (145, Gurkan et al., World J "
    "Nucl Med 2019; 18:132-136); treated ones are quiet: share and median from memory",
)  # fmt: skip
_SARCOMA = Avidity(
    ((30, 0.75), (999, 0.88)), 10.7, 0.55, 1.4,
    "soft tissue sarcomas: median SUVmax 10.7, range 2.0 to 33.7 (J Cancer 2014; 5:328-335); "
    "myxoid and low-grade ones are quiet: share from memory", checked=True,
)  # fmt: skip
_LIPOMA = Avidity(
    ((999, 0.03),), 2.5, 0.4, 0.5,
    "lipomas 0.99 ± 1.41, atypical lipomatous tumours 1.92 ± 0.95 (44 patients, Cancer Diagn "
    "Progn 2024; 4:141-146)", checked=True,
)  # fmt: skip
_PNEUMONIA = Avidity(((999, 0.7),), 4.5, 0.45, 1.2, "consolidation, inflammatory; from memory")
_ADRENAL = Avidity(((20, 0.35), (999, 0.7)), 7.0, 0.5, 1.5, "adrenal masses; from memory")
_BREAST = Avidity(((15, 0.5), (999, 0.85)), 5.0, 0.55, 1.0, "breast cancers; from memory")

_LUNGS = ("lung_left", "lung_right")
_SOFT: tuple[Form, ...] = ("round", "lobulated", "irregular")
_NODES: tuple[Form, ...] = ("round", "round", "lobulated", "confluent")
_CHEST_LOW, _CHEST_HIGH = (-130.0, -90.0, 255.0), (130.0, 90.0, 525.0)


def _node(low: Triple, high: Triple, weight: float, *also: str) -> LesionClass:
    """Return a group of nodes, in fat and what else they may push aside."""
    hosts = ("fat", *also)
    return LesionClass(
        hosts, low, high, (4, 17), (25, 50), (20, 50), _NODES, 0.6, weight, _NODE, 0.1
    )


CLASSES: Mapping[str, LesionClass] = MappingProxyType({
    "lung mass": LesionClass(
        _LUNGS, _CHEST_LOW, _CHEST_HIGH, (10, 38), (20, 48), (15, 45),
        ("round", "lobulated", "irregular", "spiculated", "spiculated"), 0.55, 1.6, _LUNG, 0.3,
    ),
    "lung nodule": LesionClass(
        _LUNGS, _CHEST_LOW, _CHEST_HIGH, (3, 11), (10, 48), (10, 35),
        ("round", "round", "irregular", "spiculated"), 0.7, 2.0, _LUNG,
    ),
    "ground-glass lesion": LesionClass(
        _LUNGS, _CHEST_LOW, _CHEST_HIGH, (5, 18), (-680, -350), (0, 10), ("round", "irregular"),
        0.7, 0.6, _GROUND_GLASS,
    ),
    "granuloma": LesionClass(
        _LUNGS, _CHEST_LOW, _CHEST_HIGH, (2.5, 7), (200, 800), (0, 0), ("round",), 0.7, 0.5,
        _GRANULOMA,
    ),
    "consolidation": LesionClass(
        _LUNGS, (-130, -60, 270), (130, 90, 480), (18, 50), (10, 45), (20, 60),
        ("irregular", "lobulated"), 0.5, 0.5, _PNEUMONIA,
    ),
    "hilar node": _node((-52, -16, 392), (52, 36, 442), 1.3, *_LUNGS, "lung_vessels"),
    "mediastinal node": _node((-35, -50, 395), (40, 45, 490), 1.6, *_LUNGS),
    "axillary node": _node((-150, -25, 425), (150, 40, 490), 1.0),
    "neck node": _node((-60, -30, 560), (60, 35, 640), 0.9, "muscle"),
    "abdominal node": _node((-60, -50, 90), (60, 40, 240), 1.3),
    "groin node": _node((-100, -75, -75), (100, -30, -5), 0.8),
    "liver metastasis": LesionClass(
        ("liver",), (-125, -80, 190), (60, 70, 335), (5, 30), (22, 48), (5, 35), _SOFT, 0.75, 1.6,
        _LIVER, 0.2,
    ),
    "liver cyst": LesionClass(
        ("liver",), (-125, -80, 190), (60, 70, 335), (4, 20), (-2, 14), (0, 3), ("round",), 0.8,
        0.5, _CYST,
    ),
    "lytic metastasis": LesionClass(
        ("bone_marrow",), (-100, -25, -60), (100, 115, 540), (4, 13), (25, 75), (5, 30), _SOFT,
        0.5, 1.3, _LYTIC,
    ),
    "sclerotic metastasis": LesionClass(
        ("bone_marrow",), (-100, -25, -60), (100, 115, 540), (4, 12), (450, 950), (0, 0),
        ("round", "irregular"), 0.5, 0.9, _SCLEROTIC,
    ),
    "sarcoma": LesionClass(
        ("muscle", "fat"), (-160, -90, -105), (160, 110, 130), (15, 60), (15, 48), (10, 40),
        ("lobulated", "irregular", "irregular"), 0.7, 1.0, _SARCOMA, 0.5,
    ),
    "trunk wall mass": LesionClass(
        ("muscle", "fat"), (-150, -110, 150), (150, 105, 520), (8, 28), (20, 48), (10, 40),
        _SOFT, 0.6, 0.6, _SARCOMA, 0.3,
    ),
    "lipoma": LesionClass(
        ("muscle", "fat"), (-160, -90, -105), (160, 110, 520), (10, 40), (-115, -85), (0, 3),
        ("round", "lobulated"), 0.7, 0.35, _LIPOMA,
    ),
    "adrenal mass": LesionClass(
        ("fat",), (-55, 5, 235), (55, 60, 290), (6, 18), (5, 42), (10, 40), _SOFT, 0.6, 0.5,
        _ADRENAL,
    ),
    "breast mass": LesionClass(
        ("breast", "fat"), (-125, -150, 330), (125, -95, 410), (5, 18), (25, 48), (15, 40),
        ("irregular", "spiculated", "lobulated"), 0.6, 0.5, _BREAST,
    ),
})  # fmt: skip
"""By name. Lymph nodes need no lung as host to be near it: 0.6 of their surroundings do."""
