"""Which cases are drawn."""

import pytest

from ctpet.evaluate.files import Sources
from ctpet.evaluate.pictures import draw_pictures
from ctpet.evaluate.run import EvaluateRequest, evaluate
from tests.evaluate.pairs import write_patient

PNG = b"\x89PNG"


@pytest.mark.parametrize(
    ("errors", "wanted"),
    [
        ([0.2, 0.5, 0.1, 0.4], [("worst", 1), ("median", 0), ("best", 2)]),
        ([0.2, 0.5], [("worst", 1), ("best", 0)]),
        ([0.2], [("worst", 0)]),
    ],
)
def test_the_worst_the_middle_and_the_best_are_drawn(tmp_path, errors, wanted):
    for number, error in enumerate(errors):
        write_patient(tmp_path, number, error=error)
    folders = ["predicted", "measured"] + (["ct"] if len(errors) == 2 else [])
    found = evaluate(EvaluateRequest(Sources(*(tmp_path / name for name in folders))))
    pictures = draw_pictures(found)
    assert [(one.place, one.case) for one in pictures] == [
        (place, f"patient-{number}") for place, number in wanted
    ]
    for one, (_, number) in zip(pictures, wanted, strict=True):
        assert one.mae == pytest.approx(errors[number], rel=1e-4)
        assert one.png.startswith(PNG)
        assert one.has_ct == (len(errors) == 2)
    assert len({one.png for one in pictures}) == len(pictures)
