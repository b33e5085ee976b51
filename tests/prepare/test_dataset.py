"""What a prepared folder says of its PET, and that older versions read what goes without saying."""

import json

import pytest

from ctpet.dicom.suv.kind import NOT_FOR_TRAINING
from ctpet.errors import InputRefused
from ctpet.prepare.cases import CaseInvalid
from ctpet.prepare.dataset import About, DatasetInfo, open_dataset, read_dataset, write_dataset
from tests.case_factory import make_dataset

GRID = (4.0, 4.0, 4.0)


@pytest.fixture
def dataset(tmp_path):
    """Cases at 4 mm of which nobody has said the tracer."""
    return make_dataset(tmp_path / "set")


def said(dataset, **about):
    """Go on with a data set, and say something about it."""
    write_dataset(dataset, open_dataset(dataset, GRID, About(**about)))


def test_a_tracer_that_was_said_is_kept(dataset):
    said(dataset, tracer="PSMA")
    assert read_dataset(dataset).known_tracer == "PSMA"
    said(dataset)
    assert read_dataset(dataset).known_tracer == "PSMA"


def test_without_cases_nothing_is_settled_but_what_was_said(tmp_path):
    write_dataset(tmp_path, DatasetInfo(GRID, "00", tracer="PSMA"))
    info = open_dataset(tmp_path, (8.0, 8.0, 8.0), About(salt="01", tracer="FDG"))
    assert (info.spacing_mm, info.salt, info.tracer) == ((8.0, 8.0, 8.0), "01", "FDG")
    assert read_dataset(tmp_path).spacing_mm == GRID


def test_one_data_set_is_of_one_tracer(dataset):
    said(dataset, tracer="PSMA")
    before = (dataset / "dataset.json").read_bytes()
    with pytest.raises(InputRefused, match="holds PETs of PSMA, not of FDG") as refused:
        said(dataset, tracer="FDG")
    assert refused.value.code == "tracer-differs"
    assert (dataset / "dataset.json").read_bytes() == before


@pytest.mark.parametrize(
    ("sources", "tracer"),
    [
        (("phantom",), "FDG"),
        (("dicom",), "FDG"),
        (("dicom", "phantom"), "FDG"),
        (("dicom", "table"), ""),
        (("autopet",), ""),
        ((), ""),
    ],
)
def test_dicom_and_digital_patients_have_fdg_and_of_others_nobody_knows(sources, tracer):
    assert DatasetInfo(GRID, "00", sources=sources).known_tracer == tracer


def test_what_goes_without_saying_is_not_written(tmp_path):
    write_dataset(tmp_path, DatasetInfo(GRID, "00"))
    told = json.loads((tmp_path / "dataset.json").read_text())
    assert not {"tracer", "units"} & told.keys()
    assert (read_dataset(tmp_path).tracer, read_dataset(tmp_path).units) == ("", "SUVbw")
    (tmp_path / "dataset.json").write_text(json.dumps({**told, "colour": "red"}))
    with pytest.raises(CaseInvalid, match="colour"):
        read_dataset(tmp_path)


def test_dicom_of_another_tracer_or_of_none_never_becomes_a_case():
    assert {"tracer-not-fdg", "tracer-unknown"} <= NOT_FOR_TRAINING
