"""Which cases are drawn."""

from dataclasses import asdict

import pytest

from ctpet.evaluate.files import Sources
from ctpet.evaluate.pictures import captions_of, draw_pictures
from ctpet.evaluate.report.words import LANGUAGES, load_words
from ctpet.evaluate.run import EvaluateRequest, evaluate
from ctpet.render.captions import ENGLISH
from tests.evaluate.pairs import write_patient

PNG = b"\x89PNG"


@pytest.mark.parametrize(
    ("errors", "first", "wanted"),
    [
        ([0.2, 0.5, 0.1, 0.4], ("median", 0), [("worst", 1), ("median", 0), ("best", 2)]),
        ([0.2, 0.5], ("worst", 1), [("worst", 1), ("best", 0)]),
        ([0.2], ("worst", 0), [("worst", 0)]),
    ],
)
def test_the_worst_the_middle_and_the_best_are_drawn(tmp_path, errors, first, wanted):
    for number, error in enumerate(errors):
        write_patient(tmp_path, number, error=error)
    folders = ["predicted", "measured"] + (["ct"] if len(errors) == 2 else [])
    found = evaluate(EvaluateRequest(Sources(*(tmp_path / name for name in folders))))
    pictures = draw_pictures(found)
    wanted = [first, *wanted]
    assert [(one.place, one.case) for one in pictures] == [
        (place, f"patient-{number}") for place, number in wanted
    ]
    assert [one.sort for one in pictures] == ["projections", *["planes"] * (len(wanted) - 1)]
    for one, (_, number) in zip(pictures, wanted, strict=True):
        assert one.mae == pytest.approx(errors[number], rel=1e-4)
        assert all(png.startswith(PNG) for png in one.png.values())
        assert one.has_ct == (len(errors) == 2)
    drawn = {png for one in pictures for png in one.png.values()}
    assert len(drawn) == len(LANGUAGES) * len(pictures)


def test_captions_are_in_the_language_of_the_page():
    words = load_words()
    english, vietnamese = (captions_of(words, language) for language in LANGUAGES)
    assert english.banner == "SYNTHETIC – NOT FOR DIAGNOSIS"
    assert english.marks == ENGLISH.marks
    assert vietnamese.banner == "ẢNH TỔNG HỢP – KHÔNG DÙNG ĐỂ CHẨN ĐOÁN"
    assert vietnamese.reference == "PET đo thực tế"
    assert captions_of(words, "vi", has_ct=False).ct == "Đường viền (không có CT)"
    alike = [name for name in asdict(english) if asdict(english)[name] == asdict(vietnamese)[name]]
    assert alike == ["ct", "mip"]
