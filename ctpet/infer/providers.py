"""Which engines this machine offers, and which of them a request means."""

from dataclasses import dataclass

from ctpet.errors import BackendUnavailable
from ctpet.infer.backend import Engine, Execution, Precision
from ctpet.infer.machine import available_cores, cuda_memory_bytes, logical_cores
from ctpet.infer.openvino_runtime import openvino_core
from ctpet.infer.runtime import onnxruntime

OPENVINO = "OpenVINO"
CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
PROVIDER: dict[Engine, str] = {"onnxruntime": CPU, "openvino": OPENVINO, "cuda": CUDA}


@dataclass(frozen=True, slots=True)
class Offered:
    """What this machine offers.

    Attributes:
        cuda: memory of each CUDA device that can be used, in bytes; empty if there is none.
        cuda_absence: why CUDA cannot be used; empty if it can.
        openvino: the precisions that OpenVINO computes natively here; empty if it is absent.
        openvino_absence: why OpenVINO cannot be used; empty if it can.
        cores: physical cores this process may use.
        logical_cores: hardware threads this process may use.
    """

    cuda: tuple[int, ...]
    cuda_absence: str
    openvino: tuple[Precision, ...]
    openvino_absence: str
    cores: int
    logical_cores: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to run a model, fully determined."""

    engine: Engine
    device: str
    precision: Precision
    threads: int


def offered() -> Offered:
    """Look at what onnxruntime, OpenVINO and the process's limits offer here."""
    core, absence = openvino_core()
    precisions: tuple[Precision, ...] = ()
    if core is not None:
        able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        precisions = ("fp32", "bf16") if "BF16" in able else ("fp32",)
    cuda, cuda_absence = _cuda_devices()
    return Offered(
        cuda=cuda,
        cuda_absence=cuda_absence,
        openvino=precisions,
        openvino_absence=absence,
        cores=available_cores(),
        logical_cores=logical_cores(),
    )


def choose(execution: Execution, machine: Offered) -> tuple[tuple[Choice, ...], tuple[str, ...]]:
    """Return the ways a request may be met, best first, and why better ones are passed over.

    More than one way is returned only for what the request leaves to ``auto``.

    Raises:
        BackendUnavailable: if nothing here does what was asked.
    """
    precision: Precision = "fp32" if execution.precision == "auto" else execution.precision
    threads = execution.threads or machine.cores
    if threads > machine.logical_cores:
        raise BackendUnavailable(
            f"{threads} threads were asked for, and this process may use {machine.logical_cores} "
            "cores. Ask for fewer, or leave the number out."
        )
    choices: list[Choice] = []
    refusals: list[str] = []
    for engine, device in _wanted(execution):
        if refusal := _refusal(engine, device, precision, machine):
            refusals.append(refusal)
        else:
            choices.append(Choice(engine, device, precision, threads))
    if not choices:
        raise BackendUnavailable(
            f"{_asked(execution)}: {'; '.join(refusals)}. {_remedy(execution)}"
        )
    best = _wanted(execution).index((choices[0].engine, choices[0].device))
    return tuple(choices), tuple(refusals[:best])


def _wanted(execution: Execution) -> list[tuple[Engine, str]]:
    """Return what a request allows, fastest first."""
    if execution.device.startswith("cuda"):
        return [("cuda", execution.device)]
    if execution.engine != "auto":
        return [(execution.engine, "cpu")]
    processor: list[tuple[Engine, str]] = [("openvino", "cpu"), ("onnxruntime", "cpu")]
    return processor if execution.device == "cpu" else [("cuda", "cuda:0"), *processor]


def _asked(execution: Execution) -> str:
    """Name what was asked for and is not here."""
    wanted = [] if execution.device == "auto" else [f"device {execution.device}"]
    if execution.engine != "auto":
        wanted.append(f"engine {execution.engine}")
    if execution.precision != "auto":
        wanted.append(f"precision {execution.precision}")
    text = " with ".join(wanted)
    return f"{text[:1].upper()}{text[1:]} is not available"


def _remedy(execution: Execution) -> str:
    """Say what can be asked for instead."""
    if execution.precision == "bf16":
        return "Ask for precision fp32"
    return "Ask for device cpu" if execution.device.startswith("cuda") else "Ask for engine auto"


def _refusal(engine: Engine, device: str, precision: Precision, machine: Offered) -> str:
    """Say what is missing for a way to run; empty if nothing is."""
    if engine == "cuda" and not machine.cuda:
        return machine.cuda_absence
    if engine == "cuda" and cuda_index(device) >= len(machine.cuda):
        return f"CUDA: there are {len(machine.cuda)} devices, counted from 0, and no {device}"
    if engine == "openvino" and not machine.openvino:
        return machine.openvino_absence
    if precision == "bf16" and engine != "openvino":
        return f"{PROVIDER[engine]}: it does not compute in bf16"
    if precision == "bf16" and "bf16" not in machine.openvino:
        return "OpenVINO: this processor has no bf16 arithmetic (AVX-512 BF16 or AMX)"
    return ""


def cuda_index(device: str) -> int:
    """Return N of ``cuda:N``."""
    return int(device.removeprefix("cuda:"))


def _cuda_devices() -> tuple[tuple[int, ...], str]:
    """Return the memory of each CUDA device that onnxruntime could use, or why it cannot."""
    if CUDA not in onnxruntime.get_available_providers():
        return (), (
            "CUDA: this onnxruntime is built without it (install onnxruntime-gpu in place of "
            "onnxruntime)"
        )
    if sizes := cuda_memory_bytes():
        return sizes, ""
    return (), "CUDA: no NVIDIA driver answers, or it lists no device (install the driver)"
