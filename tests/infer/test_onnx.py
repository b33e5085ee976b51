"""What really runs is what was asked for, and it says so."""

import numpy as np
import psutil
import pytest
from onnx import helper

from ctpet.errors import BackendUnavailable, CtpetError, ModelInvalid
from ctpet.infer import engines
from ctpet.infer import onnx as engine
from ctpet.infer.backend import Execution
from ctpet.infer.engines import open_backend
from ctpet.infer.onnx import cuda_options
from ctpet.infer.providers import Choice, offered
from tests.onnx_factory import (
    a_model,
    convolution_bytes,
    graph_bytes,
    identity_bytes,
    strided_bytes,
    unet_bytes,
)

SHAPE = (32, 24, 40)
CPU = Execution(device="cpu", engine="onnxruntime")


def noise(shape=SHAPE) -> np.ndarray:
    return np.random.default_rng(5).normal(0, 500, (1, 1, *shape)).astype(np.float32)


def test_the_cpu_provider_runs_everything_itself(tmp_path):
    backend = open_backend(a_model(tmp_path, convolution_bytes()), SHAPE, CPU)
    (part,) = backend.info.assignment
    assert (backend.info.engine, backend.info.device) == ("onnxruntime", "cpu")
    assert backend.info.precision == "fp32"
    assert backend.info.provider == part.provider == "CPUExecutionProvider"
    assert part.operators == ("Conv", "Mul", "Relu")
    assert part.nodes == 4
    assert backend.info.to_json()["assignment"][0]["nodes"] == 4


def test_a_convolution_is_computed_as_numpy_does(tmp_path):
    kernel = np.random.default_rng(0).normal(0, 1, (1, 1, 3, 3, 3)).astype(np.float32)
    conv = helper.make_node("Conv", ["ct_hu", "w"], ["pet_suvbw"], pads=[1] * 6)
    model = a_model(tmp_path, graph_bytes([conv], {"w": kernel}))
    hu = noise((6, 7, 8))
    padded = np.pad(hu[0, 0].astype(np.float64), 1)
    expected = sum(
        kernel[0, 0, k, j, i] * padded[k : k + 6, j : j + 7, i : i + 8]
        for k, j, i in np.ndindex(3, 3, 3)
    )
    np.testing.assert_allclose(
        open_backend(model, (6, 7, 8), CPU).run(hu)[0, 0], expected, rtol=1e-4, atol=1e-2
    )


def test_sizes_are_compiled_in(tmp_path):
    backend = open_backend(a_model(tmp_path, strided_bytes()), SHAPE, CPU)
    assert backend.session.get_inputs()[0].shape == [1, 1, *SHAPE]
    assert backend.session.get_outputs()[0].shape == [1, 1, *SHAPE]


@pytest.mark.parametrize(
    "window",
    [
        np.zeros((1, 1, 32, 24, 32), np.float32),
        np.zeros((1, 1, *SHAPE), np.float64),
        np.zeros(SHAPE, np.float32),
    ],
)
def test_another_window_is_a_mistake_of_the_caller(window, tmp_path):
    backend = open_backend(a_model(tmp_path, identity_bytes()), SHAPE, CPU)
    with pytest.raises(ValueError, match="window must be float32"):
        backend.run(window)


def test_an_output_of_another_size_is_the_models_fault(tmp_path):
    pool = helper.make_node("MaxPool", ["ct_hu"], ["pet_suvbw"], kernel_shape=[2] * 3)
    model = a_model(tmp_path, graph_bytes([pool]))
    with pytest.raises((ModelInvalid, BackendUnavailable)):
        open_backend(model, SHAPE, CPU).run(noise())


@pytest.mark.parametrize(
    ("execution", "message"),
    [
        (Execution(device="cpu", engine="onnxruntime", precision="bf16"), "bf16"),
        (Execution(device="cuda:0"), "cuda:0 is not available"),
    ],
)
def test_what_was_asked_for_and_is_not_here_is_refused(execution, message, tmp_path, capfd):
    if offered().cuda:
        pytest.skip("this machine has CUDA")
    with pytest.raises(BackendUnavailable, match=message):
        open_backend(a_model(tmp_path, identity_bytes()), SHAPE, execution)
    assert capfd.readouterr() == ("", "")


def test_openvino_asked_for_and_absent_is_refused(tmp_path):
    if offered().openvino:
        pytest.skip("this machine has OpenVINO")
    with pytest.raises(
        BackendUnavailable,
        match=r"Engine openvino is not available: OpenVINO: .*Ask for engine auto",
    ):
        open_backend(a_model(tmp_path, identity_bytes()), SHAPE, Execution(engine="openvino"))


def test_a_provider_that_fails_is_passed_over_by_auto_only_and_named(tmp_path, monkeypatch):
    """A machine that claims OpenVINO, whose session then does not start."""
    real = engines.open_choice

    def fails(model, shape, choice):
        if choice.engine == "openvino":
            raise BackendUnavailable("OpenVINO stumbled.")
        return real(model, shape, choice)

    machine = offered()
    claims = type(machine)((), "no CUDA", ("fp32",), "", 1, 1)
    monkeypatch.setattr(engines, "offered", lambda: claims)
    monkeypatch.setattr(engines, "open_choice", fails)
    model = a_model(tmp_path, identity_bytes())
    backend = open_backend(model, SHAPE, Execution())
    assert backend.info.provider == "CPUExecutionProvider"
    assert backend.info.passed_over == ("no CUDA", "OpenVINO stumbled.")
    with pytest.raises(
        BackendUnavailable, match=r"Nothing here runs this model: OpenVINO stumbled"
    ):
        open_backend(model, SHAPE, Execution(engine="openvino"))


def test_cuda_that_is_not_built_in_is_refused_at_the_session_too(tmp_path, capfd):
    """Where the look-up is wrong, onnxruntime's own answer decides: no CPU in its place."""
    if offered().cuda:
        pytest.skip("this machine has CUDA")
    choice = Choice("cuda", "cuda:0", "fp32", 1)
    with pytest.raises(BackendUnavailable, match="CUDAExecutionProvider: it cannot run this model"):
        engine.open_onnxruntime(a_model(tmp_path, identity_bytes()), SHAPE, choice)
    assert capfd.readouterr() == ("", "")


class Part:
    def __init__(self, ep_name, operators):
        self.ep_name = ep_name
        self.operators = operators

    def get_nodes(self):
        return [type("Node", (), {"op_type": name})() for name in self.operators]


@pytest.mark.parametrize(
    "parts",
    [[], [Part("CUDAExecutionProvider", ["Conv"]), Part("CPUExecutionProvider", ["Resize"])]],
)
def test_a_session_that_runs_partly_elsewhere_is_refused(parts):
    session = type("Session", (), {"get_provider_graph_assignment_info": lambda _: parts})()
    choice = Choice("cuda", "cuda:0", "fp32", 1)
    with pytest.raises(BackendUnavailable, match="does not execute the whole model"):
        engine._check_assignment(engine._assignment(session), choice)


def test_cuda_computes_in_true_float32():
    cuda = cuda_options(Choice("cuda", "cuda:1", "fp32", 1))
    assert cuda["use_tf32"] == "0"
    assert cuda["device_id"] == "1"


def test_auto_is_fp32_and_says_what_it_passed_over(tmp_path):
    info = open_backend(a_model(tmp_path, identity_bytes()), SHAPE).info
    assert info.precision == "fp32"
    assert {part.provider for part in info.assignment} == {info.provider}
    if info.engine == "onnxruntime":
        assert any(reason.startswith("OpenVINO: ") for reason in info.passed_over)


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_one_thread_uses_one_core(name, tmp_path):
    if name == "openvino" and not offered().openvino:
        pytest.skip(offered().openvino_absence)
    model = a_model(tmp_path, unet_bytes((16, 32)))
    backend = open_backend(model, SHAPE, Execution(engine=name, threads=1))
    assert backend.info.threads == 1
    window = noise()
    process = psutil.Process()
    backend.run(window)
    before, threads = process.cpu_times(), {t.id: t for t in process.threads()}
    for _ in range(10):
        backend.run(window)
    after = process.cpu_times()
    spent = (after.user - before.user) + (after.system - before.system)
    most = max(
        t.user_time + t.system_time - threads[t.id].user_time - threads[t.id].system_time
        for t in process.threads()
        if t.id in threads
    )
    assert most > 0.8 * spent


def test_nothing_is_said_on_the_terminal(tmp_path, capfd):
    model = a_model(tmp_path, unet_bytes((4, 8)))
    open_backend(model, SHAPE).run(noise())
    assert capfd.readouterr() == ("", "")


def test_memory_that_cannot_be_had_is_one_line(tmp_path, capfd):
    backend = open_backend(a_model(tmp_path, identity_bytes()), SHAPE, CPU)

    class Failing:
        def run(self, *_):
            raise MemoryError("cannot allocate")

    broken = engine.OnnxBackend(backend.info, SHAPE, ("pet_suvbw",), Failing())
    with pytest.raises(CtpetError, match="cannot allocate") as caught:
        broken.run(noise())
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
