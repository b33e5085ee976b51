"""What was refused is on the contact sheet: seen as far as it can be read, called by no name."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import generate_uid

from ctpet.nifti import write_nifti
from ctpet.prepare import making
from ctpet.prepare.picture import draw_refused
from ctpet.prepare.run import PrepareRequest, run_prepare
from ctpet.volume import Volume
from tests.dicom_factory import write_series
from tests.pet_factory import set_all
from tests.prepare.layouts import SPACING
from tests.prepare.studies import grid, study, trunk, uptake

GAP = 4
SECTION = re.compile(
    r'<section class="refused"><img [^>]*base64,([^"]+)">\s*<h2>([^<]+)</h2>'
    r'<p class="error">(.*?)<span class="code">\[(.+?)\]'
)


def moved(pet, mm):
    for ds in pet:
        x, y, z = map(float, ds.ImagePositionPatient)
        ds.ImagePositionPatient = [f"{x + mm:g}", f"{y:g}", f"{z:g}"]


def shifted(ct, pet):
    moved(pet, 150)
    return [*ct, *pet]


def unregistered(ct, pet):
    set_all(pet, FrameOfReferenceUID=generate_uid())
    return [*ct, *pet]


def uncorrected(ct, pet):
    set_all(pet, CorrectedImage=["NORM", "DECY"])
    return [*ct, *pet]


def no_weight(ct, pet):
    set_all(pet, PatientWeight=None)
    return [*ct, *pet]


def no_ct(_, pet):
    return pet


def few_planes(ct, pet):
    return [*ct[:6:3], *ct[14:], *pet]


BROKEN = {
    "pet-shifted": shifted,
    "frame-of-reference-differs": unregistered,
    "not-attenuation-corrected": uncorrected,
    "weight-missing": no_weight,
    "missing-slices": few_planes,
    "no-ct": no_ct,
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    root = tmp_path_factory.mktemp("refused")
    for number, change in enumerate(BROKEN.values()):
        hu = trunk() + np.int16(number)
        write_series(change(*study(hu, PatientID=f"P{number}")), root / "raw" / f"Anh{number}")
    result = run_prepare(PrepareRequest(str(root / "raw"), root / "out", SPACING))
    assert {one.code for one in result.outcomes} == set(BROKEN)
    page = (root / "out" / "contact-sheet.html").read_text("utf-8")
    found = {code: (png, case_id, told) for png, case_id, told, code in SECTION.findall(page)}
    return result, page, found


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("L"))


def panels(png, count):
    image = pixels(png)
    across = (image.shape[1] - (count - 1) * GAP) / count
    starts = [round(n * (across + GAP)) for n in range(count)]
    return [image[:, start : start + round(across)] for start in starts]


def test_whatever_can_be_read_is_seen(prepared):
    _, _, found = prepared
    assert set(found) == set(BROKEN) - {"no-ct"}
    widths = {code: pixels(png).shape[1] for code, (png, _, _) in found.items()}
    both = widths.pop("pet-shifted")
    alone = {code for code, width in widths.items() if width < both / 2}
    assert alone == {"weight-missing", "missing-slices"}


def test_a_shift_is_seen_in_the_picture(prepared):
    """The CT lies at the patient's right, the PET to its left, on one grid."""
    _, _, found = prepared
    ct, pet = panels(found["pet-shifted"][0], 6)[3:5]
    row = slice(ct.shape[0] * 3 // 10, ct.shape[0] * 7 // 20)  # between the letters
    bright = np.flatnonzero((ct[row] > 100).mean(axis=0) == 1)
    dark = np.flatnonzero((pet[row] < 230).mean(axis=0) == 1)
    per_mm = ct.shape[1] / (48 * 8 + 150)
    assert dark.mean() - bright.mean() == pytest.approx(150 * per_mm, abs=8)


def test_the_reason_stands_beneath_and_the_list_tells_which_it_is(prepared):
    result, _, found = prepared
    listed = {one.code: one.case_id for one in result.outcomes}
    assert {code: case_id for code, (_, case_id, _) in found.items()} == {
        code: case_id for code, case_id in listed.items() if code in found
    }
    assert "moved by" in found["pet-shifted"][2]
    assert not found["weight-missing"][2], "sentences of readers may name files"


def test_nobody_is_named(prepared):
    _, page, _ = prepared
    for secret in ("Anh", "Nguy", "P1", "19610203", "1.2.826", "raw"):
        assert secret not in re.sub(r"base64,[^\"]+", "", page), secret


def test_a_table_whose_patients_differ_shows_both(tmp_path):
    ct, pet = study()
    set_all(pet, PatientID="BN-0099")
    write_series(ct, tmp_path / "ct")
    write_series(pet, tmp_path / "pet")
    (tmp_path / "t.csv").write_text("patient,ct,pet\nAnh,ct,pet\n")
    (one,) = run_prepare(
        PrepareRequest(str(tmp_path / "t.csv"), tmp_path / "out", SPACING)
    ).outcomes
    assert (one.code, one.told) == ("patients-differ", "")
    wide, tall = Image.open(io.BytesIO(one.picture)).size
    assert wide > 4 * tall


def test_a_nifti_pair_in_becquerel_shows_its_ct(tmp_path):
    hu, suv = trunk().astype(np.float32), uptake(trunk()).astype(np.float32)
    (tmp_path / "raw").mkdir()
    write_nifti(Volume(hu, grid(), "HU"), tmp_path / "raw" / "ct.nii.gz")
    write_nifti(Volume(suv * 5000, grid(), "SUVBW"), tmp_path / "raw" / "pet.nii.gz")
    (one,) = run_prepare(PrepareRequest(str(tmp_path / "raw"), tmp_path / "out", SPACING)).outcomes
    assert one.code == "pet-not-suv"
    wide, tall = Image.open(io.BytesIO(one.picture)).size
    assert tall < wide < 4 * tall


def test_a_picture_that_fails_hides_no_reason(tmp_path, monkeypatch):
    write_series(shifted(*study()), tmp_path / "raw")
    monkeypatch.setattr(making, "draw_refused", lambda *_: 1 / 0)
    result = run_prepare(PrepareRequest(str(tmp_path / "raw"), tmp_path / "out", SPACING))
    assert [(one.code, one.picture) for one in result.outcomes] == [("pet-shifted", b"")]


def test_images_that_lie_kilometres_apart_are_drawn_on_the_cts_grid():
    ct = Volume(trunk().astype(np.float32), grid(), "HU")
    there = grid()
    affine = there.affine.copy()
    affine[2, 3] += 1e6
    pet = Volume(uptake(trunk()).astype(np.float32), type(there)(there.shape, affine), "SUVBW")
    wide, tall = Image.open(io.BytesIO(draw_refused(ct, pet))).size
    assert wide < 2000
    assert tall < 500
    assert draw_refused(None, None) == b""
