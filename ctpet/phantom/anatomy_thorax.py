"""What lies between the lungs, and the great vessels from there to the thighs."""

from ctpet.phantom.anatomy_heart import Heart, aorta_path, heart_parts
from ctpet.phantom.anatomy_spine import Spine
from ctpet.phantom.courses import Course, path_of, tubes_of
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import tubes
from ctpet.phantom.structure import Structure

AIRWAY_WALL_MM = 1.6


def _iliac(side: int, fork_x: float, radius: float, apart: int) -> Course:
    """Return the vessel from the fork to the knee: an artery, or the vein ``apart`` from it."""
    return Course(
        18,
        [
            (fork_x + side * 3, -28, 116, radius + 1, "fork"),
            (side * 32, 18 + 6 * apart, 75, radius),
            (side * 52, -16 + 8 * apart, 30, radius),
            (side * (68 - 10 * apart), -58 + 6 * apart, -12, radius),
            (side * (74 - 8 * apart), -50 + 8 * apart, -70, radius - 1),
            (side * 78, -18, -200, radius - 1.5),
            (side * 76, 10, -340, radius - 2),
        ],
    )


# fmt: off
VEINS = (
    Course(16, [  # lower vena cava
        (-20, -28, 115, 10.5, "spine"), (-20, -30, 200, 10.5, "spine"),
        (-20, -36, 260, 10.5, "spine"), (-26, 6, 310, 12), (-36, 4, -18, 12, "heart"),
    ]),
    Course(6, [  # upper vena cava
        (-38, -4, 26, 10, "heart"), (-32, -14, 450, 9.5), (-30, -18, 490, 9),
    ]),
    Course(8, [  # right brachiocephalic and jugular
        (-30, -18, 488, 8.5), (-42, -18, 512, 7.5), (-46, -10, 560, 6.5), (-44, 0, 620, 6),
    ]),
    Course(10, [  # left brachiocephalic and jugular
        (-28, -20, 484, 8), (5, -34, 496, 7.5), (40, -20, 514, 7.5), (46, -10, 560, 6),
        (44, 0, 620, 5.5),
    ]),
)
ARTERIES = (
    Course(9, [  # pulmonary trunk and left
        (6, -30, 14, 15, "heart"), (12, -26, 34, 14, "heart"), (24, -10, 432, 13.5),
        (44, 14, 428, 10), (58, 24, 415, 7),
    ]),
    Course(8, [  # right pulmonary
        (24, -10, 430, 13), (0, 0, 424, 11.5), (-30, 4, 420, 10.5), (-52, 14, 412, 7.5),
    ]),
    Course(8, [  # brachiocephalic and right carotid
        (-6, -18, 474, 7), (-14, -14, 505, 6), (-26, -8, 535, 4), (-27, 2, 600, 3.5),
        (-28, 4, 640, 3),
    ]),
    Course(8, [  # left carotid
        (6, -4, 480, 4.5), (12, -4, 505, 4), (25, -6, 535, 3.5), (27, 2, 600, 3.5),
        (28, 4, 640, 3),
    ]),
    Course(8, [(16, 16, 480, 5), (24, 14, 505, 4.5), (60, 6, 530, 4), (105, 20, 505, 3.5)]),
    Course(7, [(-16, -12, 508, 4.5), (-60, 4, 528, 4), (-105, 20, 505, 3.5)]),
    _iliac(-1, 5, 5.5, 0), _iliac(-1, -20, 6.5, 1),
    _iliac(1, 5, 5.5, 0), _iliac(1, -20, 6.5, 1),
)
AIRWAYS = (
    Course(8, [
        (0, -26, 578, 8), (0, -14, 540, 8), (0, 0, 500, 8), (1, 12, 450, 8.5), (2, 15, 436, 9),
    ]),
    Course(6, [(2, 15, 438, 8.5), (-16, 17, 424, 7), (-36, 18, 408, 5.5), (-52, 24, 380, 3.5)]),
    Course(6, [(2, 15, 438, 8.5), (20, 17, 426, 6.5), (40, 20, 410, 5.5), (54, 30, 384, 3.5)]),
)
GULLET = Course(14, [
    (0, -8, 575, 6), (4, 12, 530, 7), (4, 26, 480, 7.5), (2, 30, 430, 7.5), (6, 28, 370, 8),
    (16, 12, 325, 8), (34, 8, 312, 9),
])
# fmt: on


def mediastinum(spine: Spine, heart: Heart) -> list[Structure]:
    """Return heart, great vessels, windpipe with bronchi, and gullet."""
    n = LABELS
    left, right, cavities, _ = heart_parts(heart)
    walled = [path_of(course, spine, heart) for course in AIRWAYS]
    for path in walled:
        path[:, 3] += AIRWAY_WALL_MM
    return [
        Structure(((n["oesophagus"], 0.0),), tubes_of([GULLET], spine, heart)),
        Structure(((n["great_vessels"], 0.0),), tubes_of(VEINS, spine, heart)),
        Structure(((n["myocardium"], 0.0),), (right,)),
        Structure(((n["myocardium"], 0.0),), (left,)),
        Structure(((n["heart_blood"], 0.0),), tuple(cavities)),
        Structure(((n["great_vessels"], 0.0),), tubes_of(ARTERIES, spine, heart)),
        Structure(((n["aorta"], 0.0),), tubes(aorta_path(spine, heart))),
        Structure(
            ((n["cartilage"], 0.0), (n["airways"], AIRWAY_WALL_MM)),
            tuple(tube for path in walled for tube in tubes(path)),
        ),
    ]
