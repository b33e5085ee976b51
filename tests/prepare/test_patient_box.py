"""What a case holds of a CT is what a hospital's model is shown of it."""

from dataclasses import replace

import numpy as np
import pytest

from ctpet.infer.synthesize import show
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.phantom.patients import draw_patient
from ctpet.prepare.cases import BODY, UNMEASURED, list_cases
from ctpet.prepare.grid import BOX_STEP, on_grid, stored_hu
from ctpet.prepare.pair import Pair
from ctpet.prepare.phantoms import scan_geometry
from ctpet.prepare.run import PrepareRequest, run_prepare
from ctpet.volume import Geometry, Volume, resample
from tests.onnx_factory import a_contract
from tests.prepare.studies import AIR_HU, grid, trunk, uptake

MM = (8.0, 8.0, 8.0)
SEEN = a_contract(spacing_mm=MM, size_multiple=BOX_STEP, sees="patient")


def a_pair(hu) -> Pair:
    ct = Volume(hu.astype(np.float32), grid(), "HU")
    return Pair(ct, Volume(uptake(hu).astype(np.float32), grid(), "SUVBW"))


def with_table(hu):
    out = hu.copy()
    out[:, 37] = 200
    return out


def test_training_and_serving_are_shown_the_same():
    pair = a_pair(trunk())
    box, arrays = on_grid(pair, MM)
    shown, _ = show(pair.ct, SEEN)
    assert box.agrees_with(shown.geometry)
    np.testing.assert_array_equal(arrays["ct"], stored_hu(shown.array))


def test_a_table_is_in_no_case():
    assert (trunk()[:, 37] == AIR_HU).all()
    with_one, without = (on_grid(a_pair(hu), MM) for hu in (with_table(trunk()), trunk()))
    assert with_one[0].agrees_with(without[0])
    for name, array in without[1].items():
        if name != "pet":
            np.testing.assert_array_equal(with_one[1][name], array)


def test_a_digital_patient_is_cut_out_of_its_scan_as_people_are(tmp_path):
    out = tmp_path / "out"
    run_prepare(PrepareRequest("phantom:7", out, (12.0, 12.0, 12.0)))
    (case,) = list_cases(out)
    anatomy = draw_patient(7, "plain")
    scan = render_ct(anatomy, scan_geometry(anatomy), seed=7)
    assert case.slice_spacing_mm == 3.0
    shown, _ = show(scan, replace(SEEN, spacing_mm=(12.0, 12.0, 12.0)))
    assert case.geometry.agrees_with(shown.geometry)
    np.testing.assert_array_equal(case.array("ct"), stored_hu(shown.array))
    region = case.array("region")
    assert (case.array("ct")[region == BODY] > -1024).mean() > 0.999
    beyond = resample(scan, case.geometry, fill=-9999).array < -5000
    assert beyond.any()
    assert (region[beyond] == UNMEASURED).all()


def test_half_the_pixels_of_a_scan_cover_the_same_field():
    anatomy = draw_patient(7, "wide")
    fine, coarse = clinical_geometry(anatomy), scan_geometry(anatomy)
    np.testing.assert_allclose(_edges(coarse), _edges(fine))
    assert coarse.spacing_mm[1:] == pytest.approx([2 * mm for mm in fine.spacing_mm[1:]])


def _edges(geometry: Geometry):
    last = np.array(geometry.shape) - 0.5
    return [geometry.index_to_lps(at)[:2] for at in (np.full(3, -0.5), last)]
