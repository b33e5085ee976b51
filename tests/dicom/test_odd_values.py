"""Whatever one attribute says: it is read, or refused in one line, and nothing else happens."""

import json

import pytest
from pydicom import DataElement, config
from pydicom.tag import Tag
from typer.testing import CliRunner

from ctpet.cli import app
from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.select import describe, select_ct
from ctpet.dicom.write_pet import write_pet
from ctpet.errors import InputRefused
from ctpet.volume import Volume
from tests.dicom.pet_writing import PROVENANCE
from tests.dicom.reading import ramp_series
from tests.dicom_factory import enhanced_ct, write_series

ELSEWHERE = frozenset({"Columns", "PixelData", "Rows", "SpecificCharacterSet"})
KEYWORDS = sorted({e.keyword for e in ramp_series(1)[0]} - ELSEWHERE | {"SpacingBetweenSlices"})
ODD = {"DS": ("nan", "1e999", "-1", "0"), "IS": ("-1", "99999999999")}


def odd_values(ds, keyword):
    """Absent, empty, twice, and what no number should be."""
    vr = ds[keyword].VR if keyword in ds else "DS"
    yield None
    yield DataElement(Tag(keyword), vr, "" if vr != "US" else None)
    if vr != "US":
        text = str(ds.get(keyword, "3")).replace("'", "").strip("[]").replace(", ", "\\")
        yield DataElement(Tag(keyword), vr, f"{text}\\{text}", validation_mode=config.IGNORE)
        yield DataElement(Tag(keyword), vr, text.split("\\")[0], validation_mode=config.IGNORE)
    for number in ODD.get(vr, ()):
        yield DataElement(Tag(keyword), vr, number, validation_mode=config.IGNORE)


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_one_odd_attribute(tmp_path, monkeypatch, keyword):
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)
    for slices in (1, 3):
        for number, element in enumerate(odd_values(ramp_series(1)[0], keyword)):
            folder = tmp_path / f"{slices}-{number}"
            folder.mkdir()
            for k, ds in enumerate(ramp_series(slices)):
                ds.pop(Tag(keyword), None)
                if element is not None:
                    ds[keyword] = element
                ds.save_as(folder / f"{k}.dcm", implicit_vr=False, little_endian=True)
            whole_way(folder, tmp_path / f"{slices}-{number}-pet")


def whole_way(folder, out):
    """Scan, read and write; a series that the scan calls usable is written."""
    scanned = CliRunner().invoke(app, ["scan", str(folder), "--json"])
    assert scanned.exit_code == 0, scanned.output
    report = json.loads(scanned.stdout, parse_constant=pytest.fail)
    found = discover(folder)
    for series in (*found.series, *found.dropped):
        describe(series)
    try:
        series = select_ct(found)
        ct = read_ct(series).volume
    except InputRefused:
        return
    write_pet(Volume(ct.array, ct.geometry, "SUVBW"), source=series, provenance=PROVENANCE, out=out)
    assert [one["usable"] for one in report["series"]] == [True]


def test_scan_tells_the_spacing_of_an_enhanced_ct(tmp_path):
    folder = write_series([enhanced_ct(ramp_series())], tmp_path / "ct")
    (series,) = json.loads(CliRunner().invoke(app, ["scan", str(folder), "--json"]).stdout)[
        "series"
    ]
    assert (series["spacing_mm"], series["slice_thickness_mm"]) == ([2.0, 2.0], 3.0)
