"""What a prepared folder says of its PET, and that older versions read what goes without saying."""

import json

import pytest

from ctpet.dicom.suv.kind import NOT_FOR_TRAINING
from ctpet.errors import InputRefused
from ctpet.prepare.cases import CaseInvalid
from ctpet.prepare.dataset import About, DatasetInfo, open_dataset, read_dataset, write_dataset

GRID = (4.0, 4.0, 4.0)


def test_a_tracer_that_was_said_is_kept(tmp_path):
    open_dataset(tmp_path / "set", GRID, About(tracer="PSMA"))
    assert read_dataset(tmp_path / "set").known_tracer == "PSMA"
    open_dataset(tmp_path / "set", GRID, About())
    assert read_dataset(tmp_path / "set").known_tracer == "PSMA"


def test_one_data_set_is_of_one_tracer(tmp_path):
    open_dataset(tmp_path / "set", GRID, About())
    open_dataset(tmp_path / "set", GRID, About(tracer="PSMA"))
    before = (tmp_path / "set" / "dataset.json").read_bytes()
    with pytest.raises(InputRefused, match="holds PETs of PSMA, not of FDG") as refused:
        open_dataset(tmp_path / "set", GRID, About(tracer="FDG"))
    assert refused.value.code == "tracer-differs"
    assert (tmp_path / "set" / "dataset.json").read_bytes() == before


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
