"""What a prepared folder says of its PET, and that older versions read what goes without saying."""

import json

import pytest

from ctpet.prepare.cases import CaseInvalid
from ctpet.prepare.dataset import About, DatasetInfo, open_dataset, read_dataset, write_dataset

GRID = (4.0, 4.0, 4.0)


def test_a_tracer_that_was_said_is_kept(tmp_path):
    open_dataset(tmp_path / "set", GRID, About(tracer="PSMA"))
    assert read_dataset(tmp_path / "set").known_tracer == "PSMA"
    open_dataset(tmp_path / "set", GRID, About())
    assert read_dataset(tmp_path / "set").known_tracer == "PSMA"


@pytest.mark.parametrize(
    ("sources", "tracer"), [(("phantom",), "FDG"), (("dicom",), ""), (("dicom", "phantom"), "")]
)
def test_digital_patients_had_fdg_and_others_nobody_knows(sources, tracer):
    assert DatasetInfo(GRID, "00", sources=sources).known_tracer == tracer


def test_what_goes_without_saying_is_not_written(tmp_path):
    write_dataset(tmp_path, DatasetInfo(GRID, "00"))
    told = json.loads((tmp_path / "dataset.json").read_text())
    assert not {"tracer", "units"} & told.keys()
    assert (read_dataset(tmp_path).tracer, read_dataset(tmp_path).units) == ("", "SUVbw")
    (tmp_path / "dataset.json").write_text(json.dumps({**told, "colour": "red"}))
    with pytest.raises(CaseInvalid, match="colour"):
        read_dataset(tmp_path)
