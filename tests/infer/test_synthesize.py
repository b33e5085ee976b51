"""From a CT on any grid to a SUV volume that the contract allows."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from onnx import helper

from ctpet.contract import IntervalPromise
from ctpet.errors import BackendUnavailable, CtpetError, ModelInvalid
from ctpet.infer.backend import Execution
from ctpet.infer.providers import offered
from ctpet.infer.synthesize import memory_budget_bytes, synthesize, to_model_grid
from ctpet.volume import Geometry, Volume, covering_grid
from tests.onnx_factory import (
    a_contract,
    a_model,
    bounded_bytes,
    convolution_bytes,
    graph_bytes,
    identity_bytes,
    unet_bytes,
)

CPU = Execution(device="cpu", engine="onnxruntime")


def a_ct(shape=(20, 30, 40), spacing=(4.0, 4.0, 4.0), quantity="HU") -> Volume:
    affine = np.eye(4)
    affine[:3, :3] = np.diag(spacing[::-1])[:, ::-1]
    affine[:3, 3] = (-80, -60, 300)
    hu = np.random.default_rng(0).normal(0, 300, shape).astype(np.float32)
    return Volume(hu, Geometry(shape, affine, "1.2.3"), quantity)


def test_identity_returns_its_input_borders_included(tmp_path):
    model = a_model(tmp_path, identity_bytes(), size_multiple=(8, 8, 8), halo_voxels=(2, 2, 2))
    ct = a_ct()
    done = synthesize(ct, model, execution=CPU)
    np.testing.assert_allclose(done.pet.array, ct.array, rtol=1e-6)
    assert done.pet.quantity == "SUVBW"
    assert done.pet.geometry.agrees_with(ct.geometry)
    assert done.plan.count == 1
    assert done.plan.size == (24, 32, 40)
    assert done.backend.provider == "CPUExecutionProvider"
    assert min(done.seconds.resample, done.seconds.compile, done.seconds.run) >= 0


def test_memory_decides_the_windows_and_not_the_result(tmp_path):
    model = a_model(tmp_path, convolution_bytes(), halo_voxels=(2, 2, 2))
    ct = a_ct()
    whole = synthesize(ct, model, execution=CPU)
    little = Execution(device="cpu", engine="onnxruntime", memory_bytes=7 * 30 * 40 * 64)
    windowed = synthesize(ct, model, execution=little)
    assert whole.plan.count == 1
    assert windowed.plan.count > 2
    np.testing.assert_allclose(
        windowed.pet.array, whole.pet.array, rtol=1e-5, atol=1e-5 * whole.pet.array.max()
    )


def test_another_grid_is_resampled_with_air_around(tmp_path):
    ct = a_ct((40, 50, 60), (2.0, 3.0, 1.5))
    turned = Geometry(ct.geometry.shape, rotation(20) @ ct.geometry.affine, "1.2.3")
    ct = Volume(ct.array, turned, "HU")
    done = synthesize(ct, a_model(tmp_path, identity_bytes()), execution=CPU)
    assert done.pet.geometry.agrees_with(covering_grid(turned, (4.0, 4.0, 4.0)))
    assert done.pet.geometry.frame_of_reference_uid == "1.2.3"
    assert done.pet.array[0, 0, 0] == -1024
    np.testing.assert_array_equal(done.pet.array, to_model_grid(ct, a_contract()).array)


def rotation(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(4)
    matrix[:2, :2] = ((c, -s), (s, c))
    return matrix


def test_a_ct_on_the_grid_is_left_alone():
    ct = a_ct()
    assert to_model_grid(ct, a_contract()) is ct


@pytest.mark.parametrize("quantity", ["SUVBW", "BQML"])
def test_only_hounsfield_units_go_in(quantity, tmp_path):
    with pytest.raises(ValueError, match=f"must be in HU, not {quantity}"):
        synthesize(a_ct(quantity=quantity), a_model(tmp_path, identity_bytes()))


def one_node(operator: str) -> bytes:
    return graph_bytes([helper.make_node(operator, ["ct_hu"], ["pet_suvbw"])])


@pytest.mark.parametrize(
    ("graph", "suv_range"),
    [
        (identity_bytes(), (0.0, 25.0)),
        (one_node("Sqrt"), (0.0, 1e6)),
        (one_node("Abs"), (0.0, 25.0)),
    ],
)
def test_an_output_that_the_contract_excludes_is_refused(graph, suv_range, tmp_path):
    model = a_model(tmp_path, graph, suv_range=suv_range)
    with pytest.raises(ModelInvalid, match=r"test-model 1\.0\.0 returned SUV .* promises 0 to"):
        synthesize(a_ct(), model, execution=CPU)


def test_what_is_not_here_is_refused(tmp_path):
    model = a_model(tmp_path, identity_bytes())
    with pytest.raises(BackendUnavailable, match="bf16"):
        synthesize(a_ct(), model, execution=Execution(engine="onnxruntime", precision="bf16"))


def test_too_little_memory_is_told(tmp_path):
    model = a_model(tmp_path, identity_bytes(), working_bytes_per_voxel=10**6)
    with pytest.raises(CtpetError, match="MiB of memory for its smallest window"):
        synthesize(a_ct(), model, execution=Execution(device="cpu", memory_bytes=1000))


def test_a_gpu_that_does_not_start_leaves_windows_for_the_processor(tmp_path, monkeypatch):
    """auto plans for the GPU's memory first, and must not keep that plan on the processor."""
    absent = {"openvino": (), "openvino_absence": "OpenVINO: not installed"}
    machine = replace(offered(), cuda=(80 * 2**30,), cuda_absence="", **absent)
    for module in ("ctpet.infer.engines", "ctpet.infer.synthesize"):
        monkeypatch.setattr(f"{module}.offered", lambda: machine)
    monkeypatch.setattr("ctpet.infer.synthesize.available_memory_bytes", lambda: 40_000)
    model = a_model(tmp_path, identity_bytes(), working_bytes_per_voxel=4)
    result = synthesize(a_ct(), model)
    assert result.backend.provider == "CPUExecutionProvider"
    assert "CUDA" in result.backend.passed_over[0]
    assert 4 * np.prod(result.plan.size) <= 40_000
    np.testing.assert_array_equal(
        result.pet.array, synthesize(a_ct(), model, execution=CPU).pet.array
    )


def test_the_budget_is_what_was_asked_or_part_of_what_is_free():
    assert memory_budget_bytes(Execution(memory_bytes=123)) == 123
    assert 2**20 < memory_budget_bytes(CPU) < 2**50


def test_progress_goes_through_the_stages(tmp_path):
    seen = []
    little = Execution(device="cpu", engine="onnxruntime", memory_bytes=7 * 30 * 40 * 64)
    synthesize(
        a_ct(),
        a_model(tmp_path, identity_bytes()),
        execution=little,
        progress=lambda stage, fraction: seen.append((stage, fraction)),
    )
    assert list(dict.fromkeys(stage for stage, _ in seen)) == ["resample", "compile", "predict"]
    assert seen[:4] == [("resample", 0.0), ("resample", 1.0), ("compile", 0.0), ("compile", 1.0)]
    fractions = [fraction for stage, fraction in seen if stage == "predict"]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


def test_an_interrupt_from_progress_stops_the_work(tmp_path):
    def stop(stage, _):
        if stage == "predict":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(a_ct(), a_model(tmp_path, identity_bytes()), execution=CPU, progress=stop)


MEASURE = """
import sys, resource
from pathlib import Path
import numpy as np
from ctpet.infer.backend import Execution
from ctpet.infer.model import load_model
from ctpet.infer.synthesize import synthesize
from ctpet.volume import Geometry, Volume
path, slices, engine = sys.argv[1], int(sys.argv[2]), sys.argv[3]
affine = np.eye(4)
affine[:3, :3] = np.diag((4.0, 4.0, 4.0))[:, ::-1]
ct = Volume(np.zeros((slices, 64, 64), np.float32), Geometry((slices, 64, 64), affine), "HU")
done = synthesize(ct, load_model(Path(path)), execution=Execution(
    device="cpu", engine=engine, memory_bytes=128 * 2**20))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(peak - 2 * ct.array.nbytes, done.plan.count)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_peak_memory_does_not_grow_with_the_number_of_slices(engine, tmp_path):
    if engine == "openvino" and not offered().openvino:
        pytest.skip(offered().openvino_absence)
    a_model(
        tmp_path,
        convolution_bytes(channels=64),
        halo_voxels=(2, 2, 2),
        working_bytes_per_voxel=600,
    )
    peaks, counts = [], []
    for slices in (100, 800):
        command = [sys.executable, "-c", MEASURE, tmp_path / "model.onnx", str(slices), engine]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peak, count = map(int, done.stdout.split())
        peaks.append(peak)
        counts.append(count)
    assert counts[1] >= 4 * counts[0] > 4
    assert peaks[1] < peaks[0] + 16 * 2**20


REPEAT = """
import sys, resource
from pathlib import Path
import numpy as np
from ctpet.infer.backend import Execution
from ctpet.infer.model import load_model
from ctpet.infer.engines import open_backend
engine = Execution(device="cpu", engine=sys.argv[2])
backend = open_backend(load_model(Path(sys.argv[1])), (64, 64, 64), engine)
window = np.zeros((1, 1, 64, 64, 64), np.float32)
for _ in range(3):
    backend.run(window)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_second_window_needs_no_more_memory_than_the_first(engine, tmp_path):
    if engine == "openvino" and not offered().openvino:
        pytest.skip(offered().openvino_absence)
    a_model(tmp_path, unet_bytes((32, 64)))
    command = [sys.executable, "-c", REPEAT, tmp_path / "model.onnx", engine]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, *later = map(int, done.stdout.split())
    assert max(later) < first + 40 * 2**20


PROMISE = IntervalPromise(0.9, "Six patients.", 6, (), (1.0,))


@pytest.mark.parametrize("sees", ["field-of-view", "patient"])
def test_bounds_come_beside_the_pet_on_its_grid(tmp_path, sees):
    model = a_model(tmp_path, bounded_bytes(), interval=PROMISE, sees=sees)
    ct = replace(a_ct(), array=np.full((20, 30, 40), 40, np.float32))
    done = synthesize(ct, model, execution=CPU)
    low, high = done.bounds
    there = done.pet.array == 40
    assert there.sum() == 20 * 30 * 40
    assert set(low.array[there]) == {39}
    assert set(high.array[there]) == {42}
    for bound in (low, high):
        assert bound.geometry.agrees_with(done.pet.geometry)
        assert bound.quantity == "SUVBW"


def test_a_model_without_bounds_has_none(tmp_path):
    assert synthesize(a_ct(), a_model(tmp_path, identity_bytes()), execution=CPU).bounds is None


@pytest.mark.parametrize(("below", "above"), [(-1.0, 2.0), (1.0, -2.0), (-1.0, -1.0)])
def test_bounds_on_the_wrong_side_are_not_used(tmp_path, below, above):
    model = a_model(tmp_path, bounded_bytes(below, above), interval=PROMISE, suv_range=(-9.0, 9.0))
    ct = replace(a_ct(), array=np.zeros((20, 30, 40), np.float32))
    with pytest.raises(ModelInvalid, match="outside of its own bounds"):
        synthesize(ct, model, execution=CPU)


def test_a_graph_must_have_the_outputs_of_its_promise(tmp_path):
    with pytest.raises(ModelInvalid, match="must have as output suv, suv_low, suv_high"):
        a_model(tmp_path, identity_bytes(), interval=PROMISE)
    with pytest.raises(ModelInvalid, match="must have one output pet_suvbw"):
        a_model(tmp_path, bounded_bytes())
