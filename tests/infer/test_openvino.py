"""OpenVINO gives onnxruntime's numbers, of every output, in the precision that was named."""

import os
import subprocess
import sys

import numpy as np
import pytest
from onnx import helper

from ctpet.contract import FamiliarityPromise, IntervalPromise
from ctpet.errors import BackendUnavailable, CtpetError, ModelInvalid
from ctpet.infer import openvino as engine
from ctpet.infer.backend import Execution
from ctpet.infer.engines import open_backend
from ctpet.infer.openvino import OpenVinoBackend, compile_options, open_openvino
from ctpet.infer.openvino_runtime import openvino_core, openvino_version
from ctpet.infer.providers import Choice, offered
from tests.onnx_factory import (
    a_model,
    bounded_bytes,
    convolution_bytes,
    familiar_bytes,
    graph_bytes,
    identity_bytes,
    strided_bytes,
    unet_bytes,
)

SHAPE = (32, 24, 40)
CPU = Execution(device="cpu", engine="onnxruntime")
PROMISE = IntervalPromise(0.9, "Six patients.", 6, (), (1.0,))
USUAL = FamiliarityPromise("Six patients.", 6, 1.0, 2.0)
OPENVINO = Execution(engine="openvino", precision="fp32")
GRAPHS = {
    "identity": identity_bytes,
    "convolution": convolution_bytes,
    "strided": strided_bytes,
    "unet": lambda: unet_bytes((8, 16, 32)),
}


@pytest.fixture(autouse=True)
def _there() -> None:
    if not offered().openvino:
        pytest.skip(offered().openvino_absence)


def noise(shape=SHAPE, seed=5) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 500, (1, 1, *shape)).astype(np.float32)


def relative(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / np.abs(b).max())


def test_it_is_what_auto_means_on_a_processor_that_it_knows(tmp_path):
    info = open_backend(a_model(tmp_path, convolution_bytes()), SHAPE, Execution(device="cpu")).info
    assert (info.engine, info.provider, info.precision) == ("openvino", "OpenVINO", "fp32")
    assert info.version == openvino_version()
    assert info.passed_over == ()
    (part,) = info.assignment
    assert part.provider == "OpenVINO"
    assert "Convolution" in part.operators
    assert part.nodes >= 2


@pytest.mark.parametrize("name", GRAPHS)
def test_in_fp32_it_agrees_with_onnxruntime(name, tmp_path):
    model = a_model(tmp_path, GRAPHS[name]())
    expected = open_backend(model, SHAPE, CPU).run(noise())
    assert relative(open_backend(model, SHAPE, OPENVINO).run(noise()), expected) < 1e-5


def test_all_outputs_come_in_the_contracts_order(tmp_path):
    """Below, above and the PET itself are told apart by name, however the file orders them."""
    model = a_model(tmp_path, bounded_bytes(), interval=PROMISE)
    hu = noise()
    seen = open_backend(model, SHAPE, OPENVINO).run(hu)
    assert seen.shape == (1, 3, *SHAPE)
    for output, by in zip(seen[0], (0.0, -1.0, 2.0), strict=True):
        np.testing.assert_allclose(output, hu[0, 0] + by, atol=1e-3)


def test_how_unlike_its_training_a_ct_is_comes_through_too(tmp_path):
    model = a_model(tmp_path, familiar_bytes(0.01), familiarity=USUAL)
    hu = noise()
    suv, unlike = open_backend(model, SHAPE, OPENVINO).run(hu)[0]
    np.testing.assert_allclose(suv, hu[0, 0], atol=1e-3)
    np.testing.assert_allclose(unlike, 0.01 * np.abs(hu[0, 0]), atol=1e-3)


def test_a_result_outlives_the_next_run(tmp_path):
    backend = open_backend(a_model(tmp_path, identity_bytes()), SHAPE, OPENVINO)
    first = backend.run(noise(seed=1))
    backend.run(noise(seed=2))
    np.testing.assert_array_equal(first, noise(seed=1))


def test_bf16_is_really_bf16_and_never_unasked(tmp_path):
    if "bf16" not in offered().openvino:
        pytest.skip("this processor has no bf16 arithmetic")
    model = a_model(tmp_path, convolution_bytes(channels=16))
    coarse = open_backend(model, SHAPE, Execution(engine="openvino", precision="bf16"))
    assert coarse.info.precision == "bf16"
    expected = open_backend(model, SHAPE, CPU).run(noise())
    assert 1e-4 < relative(coarse.run(noise()), expected) < 5e-2
    assert relative(open_backend(model, SHAPE).run(noise()), expected) < 1e-5


def test_one_that_computes_lower_than_was_chosen_is_refused(tmp_path, monkeypatch):
    if "bf16" not in offered().openvino:
        pytest.skip("this processor has no bf16 arithmetic")
    lowered = {**compile_options(Choice("openvino", "cpu", "bf16", 1))}
    monkeypatch.setattr(engine, "compile_options", lambda _: lowered)
    model = a_model(tmp_path, convolution_bytes(channels=16))
    with pytest.raises(BackendUnavailable, match="it computes in bf16, not in float32"):
        open_openvino(model, SHAPE, Choice("openvino", "cpu", "fp32", 1))


def test_options_say_precision_and_threads_and_pin_none():
    options = compile_options(Choice("openvino", "cpu", "fp32", 3))
    assert options["INFERENCE_PRECISION_HINT"] == "f32"
    assert options["INFERENCE_NUM_THREADS"] == 3
    assert options["ENABLE_CPU_PINNING"] is False
    assert not [name for name in options if "CACHE" in name]


@pytest.mark.parametrize("window", [np.zeros((1, 1, 8, 8, 8), np.float32), np.zeros(SHAPE)])
def test_another_window_is_a_mistake_of_the_caller(window, tmp_path):
    backend = open_backend(a_model(tmp_path, identity_bytes()), SHAPE, OPENVINO)
    with pytest.raises(ValueError, match="window must be float32"):
        backend.run(window)


def test_an_output_of_another_size_is_the_models_fault(tmp_path):
    pool = helper.make_node("MaxPool", ["ct_hu"], ["pet_suvbw"], kernel_shape=[2] * 3)
    model = a_model(tmp_path, graph_bytes([pool]))
    with pytest.raises((ModelInvalid, BackendUnavailable)):
        open_backend(model, SHAPE, OPENVINO).run(noise())


def test_a_failure_is_one_line(tmp_path, capfd):
    backend = open_backend(a_model(tmp_path, identity_bytes()), SHAPE, OPENVINO)

    class Failing:
        def infer(self, *_, **__):
            raise RuntimeError("could not create a memory object\nat a line")

    broken = OpenVinoBackend(backend.info, SHAPE, ("pet_suvbw",), Failing())
    with pytest.raises(CtpetError, match="OpenVINO failed on a window") as caught:
        broken.run(noise())
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_it_writes_nothing_to_disk_and_says_nothing(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    model = a_model(tmp_path, convolution_bytes())
    open_backend(model, SHAPE, OPENVINO).run(noise())
    assert os.listdir(tmp_path) == ["model.onnx"]  # noqa: PTH208 (hidden files too)
    assert capfd.readouterr() == ("", "")


def test_one_core_serves_the_process():
    assert openvino_core() is openvino_core()


def test_without_the_package_it_is_named():
    code = (
        "import sys; sys.modules['openvino._pyopenvino'] = None\n"
        "from ctpet.infer.providers import offered\n"
        "print(offered().openvino_absence)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "the package openvino is not installed" in done.stdout
    assert done.stderr == ""
