"""What lies between the lungs: heart, great vessels, windpipe and gullet."""

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy_heart import Heart, aorta_path, heart_parts
from ctpet.phantom.anatomy_spine import Spine
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import (
    spline,
    tubes,
)
from ctpet.phantom.structure import Structure


def mediastinum(spine: Spine, h: Heart) -> list[Structure]:
    """Return heart, great vessels, windpipe with bronchi, and gullet."""
    n = LABELS
    left, right, cavities, _ = heart_parts(h)
    ivc = [(-20, spine.at(z)[1] - ahead, z, 10.5) for z, ahead in ((115, 28), (200, 30), (260, 36))]
    veins = [
        spline([*ivc, (-26, 6, 310, 12), (*h.part(-36, 4, -18), 12)], 16),
        spline([(*h.part(-38, -4, 26), 10), (-32, -14, 450, 9.5), (-30, -18, 490, 9)], 6),
        spline(
            [
                (-30, -18, 488, 8.5),
                (-42, -18, 512, 7.5),
                (-46, -10, 560, 6.5),
                (-44, 0, 620, 6),
            ],
            8,
        ),
        spline(
            [
                (-28, -20, 484, 8),
                (5, -34, 496, 7.5),
                (40, -20, 514, 7.5),
                (46, -10, 560, 6),
                (44, 0, 620, 5.5),
            ],
            10,
        ),
    ]
    trunk = h.part(12, -26, 34)
    lung_arteries = [
        spline(
            [
                (*h.part(6, -30, 14), 15),
                (*trunk, 14),
                (24, -10, 432, 13.5),
                (44, 14, 428, 10),
                (58, 24, 415, 7),
            ],
            9,
        ),
        spline(
            [
                (24, -10, 430, 13),
                (0, 0, 424, 11.5),
                (-30, 4, 420, 10.5),
                (-52, 14, 412, 7.5),
            ],
            8,
        ),
    ]
    arteries: list[NDArray[np.float64]] = [
        spline(
            [
                (-6, -18, 474, 7),
                (-14, -14, 505, 6),
                (-26, -8, 535, 4),
                (-27, 2, 600, 3.5),
                (-28, 4, 640, 3),
            ],
            8,
        ),
        spline(
            [
                (6, -4, 480, 4.5),
                (12, -4, 505, 4),
                (25, -6, 535, 3.5),
                (27, 2, 600, 3.5),
                (28, 4, 640, 3),
            ],
            8,
        ),
        spline(
            [
                (16, 16, 480, 5),
                (24, 14, 505, 4.5),
                (60, 6, 530, 4),
                (105, 20, 505, 3.5),
            ],
            8,
        ),
        spline([(-16, -12, 508, 4.5), (-60, 4, 528, 4), (-105, 20, 505, 3.5)], 7),
    ]
    fork = spine.at(115)
    for s in (-1, 1):
        for shift, radius in ((0, 5.5), (1, 6.5)):
            arteries.append(
                spline(
                    [
                        (
                            fork[0] + (5 if shift == 0 else -20) + s * 3,
                            fork[1] - 28,
                            116,
                            radius + 1,
                        ),
                        (s * 32, 18 + 6 * shift, 75, radius),
                        (s * 52, -16 + 8 * shift, 30, radius),
                        (s * (68 - 10 * shift), -58 + 6 * shift, -12, radius),
                        (s * (74 - 8 * shift), -50 + 8 * shift, -70, radius - 1),
                        (s * 78, -18, -200, radius - 1.5),
                        (s * 76, 10, -340, radius - 2),
                    ],
                    18,
                )
            )
    windpipe = spline(
        [
            (0, -26, 578, 8),
            (0, -14, 540, 8),
            (0, 0, 500, 8),
            (1, 12, 450, 8.5),
            (2, 15, 436, 9),
        ],
        8,
    )
    bronchi = [
        spline(
            [
                (2, 15, 438, 8.5),
                (-16, 17, 424, 7),
                (-36, 18, 408, 5.5),
                (-52, 24, 380, 3.5),
            ],
            6,
        ),
        spline(
            [
                (2, 15, 438, 8.5),
                (20, 17, 426, 6.5),
                (40, 20, 410, 5.5),
                (54, 30, 384, 3.5),
            ],
            6,
        ),
    ]
    gullet = spline(
        [
            (0, -8, 575, 6),
            (4, 12, 530, 7),
            (4, 26, 480, 7.5),
            (2, 30, 430, 7.5),
            (6, 28, 370, 8),
            (16, 12, 325, 8),
            (34, 8, 312, 9),
        ],
        14,
    )
    walled = [path.copy() for path in (windpipe, *bronchi)]
    for path in walled:
        path[:, 3] += 1.6
    return [
        Structure(((n["oesophagus"], 0.0),), tubes(gullet)),
        Structure(((n["great_vessels"], 0.0),), tuple(s for v in veins for s in tubes(v))),
        Structure(((n["myocardium"], 0.0),), (right,)),
        Structure(((n["myocardium"], 0.0),), (left,)),
        Structure(((n["heart_blood"], 0.0),), tuple(cavities)),
        Structure(
            ((n["great_vessels"], 0.0),),
            tuple(s for v in (*lung_arteries, *arteries) for s in tubes(v)),
        ),
        Structure(((n["aorta"], 0.0),), tubes(aorta_path(spine, h))),
        Structure(
            ((n["cartilage"], 0.0), (n["airways"], 1.6)),
            tuple(s for v in walled for s in tubes(v)),
        ),
    ]
