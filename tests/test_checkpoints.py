"""The shipped models are what their sums, contracts and cards say."""

import hashlib

import numpy as np
import pytest

from ctpet.infer.backend import Execution
from ctpet.infer.engines import open_backend
from ctpet.infer.model import load_model
from ctpet.infer.shipped import DEFAULT_MODEL, find_model, shipped_models
from ctpet.infer.synthesize import synthesize
from ctpet.infer.window import plan_windows, run_windows
from ctpet.phantom.anatomy import draw_anatomy
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.resources import resource_folder
from ctpet.volume import Geometry, Volume, covering_grid

CHECKPOINTS = resource_folder("checkpoints")
SPACING_MM = (4.0, 4.0, 4.0)


def uniform(hu, shape=(9, 10, 11)):
    grid = covering_grid(Geometry(shape, np.diag([4.0, 4.0, 4.0, 1])[[2, 1, 0, 3]]), SPACING_MM)
    return Volume(np.full(grid.shape, hu, np.float32), grid, "HU")


@pytest.fixture(scope="module")
def lookup():
    return load_model(find_model("tissue-lookup"))


def predict(model, ct):
    return synthesize(ct, model, execution=Execution(engine="onnxruntime")).pet.array


@pytest.mark.parametrize("name", shipped_models())
def test_checksum_contract_and_card(name):
    sums = dict(
        reversed(line.split()) for line in (CHECKPOINTS / "SHA256SUMS").read_text().splitlines()
    )
    file = CHECKPOINTS / f"{name}.onnx"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == sums[file.name]
    assert file.stat().st_size <= 25e6
    contract = load_model(file).contract
    card = (CHECKPOINTS / f"{name}.md").read_text("utf-8")
    assert contract.name == name
    for needed in (f"{name} {contract.model_version}", "NOT FOR DIAGNOSIS", "MAE"):
        assert needed in card
    assert contract.trained_on[0].licence.replace("-", " ") in card.replace("-", " ")


@pytest.fixture(scope="module")
def whole_body():
    """HU of a digital patient, from thigh to vertex, at 4 mm."""
    anatomy = draw_anatomy(3001)
    grid = covering_grid(clinical_geometry(anatomy), SPACING_MM)
    return render_ct(anatomy, grid, seed=3001).array


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped_models())
def test_little_memory_changes_no_voxel(name, whole_body):
    model = load_model(find_model(name))
    contract, shape = model.contract, whole_body.shape
    slices = 2 * contract.halo_voxels[0] + 4 * contract.size_multiple[0]
    little = slices * 160 * 160 * contract.working_bytes_per_voxel
    one_piece, pieces = (plan_windows(shape, contract, memory) for memory in (2**62, little))
    assert (one_piece.count, pieces.count > 1) == (1, True)
    one, many = (
        run_windows(
            whole_body,
            plan,
            open_backend(model, plan.size, Execution(device="cpu", precision="fp32")).run,
            lambda _: None,
        )
        for plan in (one_piece, pieces)
    )
    np.testing.assert_allclose(many, one, rtol=0, atol=0.02)


def test_the_default_is_shipped():
    assert DEFAULT_MODEL in shipped_models()


def test_the_lookup_knows_35_patients(lookup):
    assert len(set(lookup.contract.trained_on[0].patient_hashes)) == 35
    assert "10.7937/K9/TCIA.2015.7GO2GSKS" in lookup.contract.trained_on[0].attribution


@pytest.mark.parametrize(
    ("hu", "low", "high"),
    [(-3000, 0, 0.05), (-1000, 0, 0.05), (-100, 0.25, 0.45), (40, 0.8, 1.3), (5000, 0.3, 0.8)],
)
def test_uniform_tissue_gets_its_median_up_to_the_border(lookup, hu, low, high):
    suv = predict(lookup, uniform(hu))
    assert low <= suv.min()
    assert suv.max() <= high
    np.testing.assert_allclose(suv, suv[4, 5, 5], rtol=1e-5)


def test_values_beyond_the_range_are_clipped(lookup):
    low, high = lookup.contract.hu_range
    np.testing.assert_array_equal(
        predict(lookup, uniform(low - 500)), predict(lookup, uniform(low))
    )
    np.testing.assert_array_equal(
        predict(lookup, uniform(high + 500)), predict(lookup, uniform(high))
    )


def test_a_step_is_smoothed_to_six_millimetres(lookup):
    ct = uniform(-1000, shape=(9, 9, 41))
    hu = ct.array.copy()
    hu[..., 21:] = 40
    suv = predict(lookup, Volume(hu, ct.geometry, "HU"))[4, 4]
    edge = np.diff(suv)
    position_mm = 4.0 * np.arange(edge.size)
    centre = np.average(position_mm, weights=edge)
    fwhm_mm = np.sqrt(8 * np.log(2) * np.average((position_mm - centre) ** 2, weights=edge))
    assert centre == pytest.approx(4.0 * 20, abs=0.01)
    assert fwhm_mm == pytest.approx(6.0, abs=0.2)
