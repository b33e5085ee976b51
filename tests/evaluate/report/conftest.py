"""One evaluation from files, and its page."""

import pytest

from ctpet.evaluate.files import Sources
from ctpet.evaluate.pictures import draw_pictures
from ctpet.evaluate.report.page import write_report
from ctpet.evaluate.run import EvaluateRequest, evaluate
from tests.evaluate.pairs import write_patient, write_patients


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory):
    """Six patients whose predictions are too high by ``ERRORS``, and one that is refused."""
    root = write_patients(tmp_path_factory.mktemp("evaluated"))
    write_patient(root, 7, name="broken")
    (root / "predicted" / "broken.nii.gz").write_bytes(b"this is no image")
    (root / "labels" / "labels.json").write_text('{"5": "Liver"}', "utf-8")
    names = ("predicted", "measured", "ct", "labels", "lesions")
    return evaluate(EvaluateRequest(Sources(*(root / name for name in names))))


@pytest.fixture(scope="session")
def report(evaluated, tmp_path_factory):
    """The path of its page."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(evaluated, draw_pictures(evaluated), path)
    return path
