"""What was asked for is used or refused by name; only ``auto`` may choose."""

import pytest

from ctpet.errors import BackendUnavailable
from ctpet.infer import providers
from ctpet.infer.backend import Execution
from ctpet.infer.providers import Choice, Offered, choose, offered

NO_OPENVINO = "OpenVINO: not installed"
NO_CUDA = "CUDA: not built in"
BARE = Offered((), NO_CUDA, (), NO_OPENVINO, 4, 8)
INTEL = Offered((), NO_CUDA, ("fp32", "bf16"), "", 4, 8)
OLD_INTEL = Offered((), NO_CUDA, ("fp32",), "", 4, 8)
GPU = Offered((8 * 2**30, 16 * 2**30), "", ("fp32", "bf16"), "", 4, 8)


def ways(execution: Execution, machine: Offered) -> list[tuple[str, str, str]]:
    return [(c.engine, c.device, c.precision) for c in choose(execution, machine)[0]]


@pytest.mark.parametrize(
    ("machine", "first"),
    [
        (BARE, ("onnxruntime", "cpu", "fp32")),
        (INTEL, ("openvino", "cpu", "fp32")),
        (GPU, ("cuda", "cuda:0", "fp32")),
    ],
)
def test_auto_takes_the_fastest_and_never_bf16(machine, first):
    assert ways(Execution(), machine)[0] == first
    assert all(precision == "fp32" for _, _, precision in ways(Execution(), machine))
    assert ways(Execution(), machine)[-1] == ("onnxruntime", "cpu", "fp32")


def test_auto_says_what_it_passed_over():
    _, passed_over = choose(Execution(), BARE)
    assert passed_over == (NO_CUDA, NO_OPENVINO)
    assert choose(Execution(), GPU)[1] == ()
    assert choose(Execution(device="cpu"), GPU)[1] == ()


def test_cpu_never_means_the_gpu():
    assert [device for _, device, _ in ways(Execution(device="cpu"), GPU)] == ["cpu", "cpu"]


@pytest.mark.parametrize(
    ("execution", "machine", "only"),
    [
        (Execution(device="cuda:1"), GPU, ("cuda", "cuda:1", "fp32")),
        (Execution(engine="onnxruntime"), INTEL, ("onnxruntime", "cpu", "fp32")),
        (Execution(engine="openvino"), INTEL, ("openvino", "cpu", "fp32")),
        (Execution(engine="openvino", precision="bf16"), INTEL, ("openvino", "cpu", "bf16")),
        (Execution(precision="bf16"), GPU, ("openvino", "cpu", "bf16")),
    ],
)
def test_what_is_named_leaves_one_way(execution, machine, only):
    assert ways(execution, machine) == [only]


@pytest.mark.parametrize(
    ("execution", "machine", "message"),
    [
        (
            Execution(device="cuda:0"),
            BARE,
            "Device cuda:0 is not available: CUDA: not built in. Ask for device cpu",
        ),
        (
            Execution(device="cuda:2"),
            GPU,
            "Device cuda:2 is not available: CUDA: there are 2 devices, counted from 0, and no "
            "cuda:2. Ask for device cpu",
        ),
        (
            Execution(device="cuda:0", precision="bf16"),
            GPU,
            "Device cuda:0 with precision bf16 is not available: CUDAExecutionProvider: it does "
            "not compute in bf16. Ask for precision fp32",
        ),
        (
            Execution(engine="openvino"),
            BARE,
            "Engine openvino is not available: OpenVINO: not installed. Ask for engine auto",
        ),
        (
            Execution(engine="onnxruntime", precision="bf16"),
            INTEL,
            "Engine onnxruntime with precision bf16 is not available: CPUExecutionProvider: it "
            "does not compute in bf16. Ask for precision fp32",
        ),
        (
            Execution(precision="bf16"),
            BARE,
            "Precision bf16 is not available: CUDA: not built in; OpenVINO: not installed; "
            "CPUExecutionProvider: it does not compute in bf16. Ask for precision fp32",
        ),
        (
            Execution(device="cpu", precision="bf16"),
            OLD_INTEL,
            "Device cpu with precision bf16 is not available: OpenVINO: this processor has no bf16 "
            "arithmetic (AVX-512 BF16 or AMX); CPUExecutionProvider: it does not compute in bf16. "
            "Ask for precision fp32",
        ),
    ],
)
def test_what_is_not_here_is_refused_with_the_remedy(execution, machine, message):
    with pytest.raises(BackendUnavailable) as caught:
        choose(execution, machine)
    assert str(caught.value) == message


def test_threads_are_as_asked_or_the_cores_this_process_has():
    assert choose(Execution(threads=3), BARE)[0] == (Choice("onnxruntime", "cpu", "fp32", 3),)
    assert choose(Execution(), BARE)[0] == (Choice("onnxruntime", "cpu", "fp32", 4),)


@pytest.mark.parametrize(
    "values",
    [
        {"device": "gpu"},
        {"device": "cuda"},
        {"device": "cuda:-1"},
        {"device": "cuda:0 "},
        {"precision": "fp16"},
        {"engine": "tensorrt"},
        {"device": "cuda:0", "engine": "openvino"},
        {"threads": 0},
        {"memory_bytes": 0},
    ],
)
def test_what_cannot_be_meant_cannot_be_asked(values):
    with pytest.raises(ValueError, match=r"must be|runs on"):
        Execution(**values)


def test_this_machine_offers_something_or_says_why_not():
    machine = offered()
    assert bool(machine.cuda) == (machine.cuda_absence == "")
    assert bool(machine.openvino) == (machine.openvino_absence == "")
    assert machine.cores >= 1


@pytest.mark.parametrize("driver", [(), (80 * 2**30,)])
def test_a_gpu_needs_both_the_provider_and_the_driver(driver, monkeypatch):
    listed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(providers.onnxruntime, "get_available_providers", lambda: listed)
    monkeypatch.setattr(providers, "cuda_memory_bytes", lambda: driver)
    machine = offered()
    assert machine.cuda == driver
    if not driver:
        with pytest.raises(BackendUnavailable, match="no NVIDIA driver answers"):
            choose(Execution(device="cuda:0"), machine)
