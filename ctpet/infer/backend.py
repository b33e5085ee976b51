"""What runs a model: how it is asked for, what it can do and how it describes itself."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import ModelInvalid
from ctpet.volume.geometry import Shape3

Precision = Literal["fp32", "bf16"]
Engine = Literal["onnxruntime", "openvino", "cuda"]


@dataclass(frozen=True, slots=True)
class Execution:
    """How a model shall be run. What is named is used or refused, never replaced.

    Attributes:
        device: ``auto`` (a GPU if onnxruntime has one, else the processor), ``cpu`` or ``cuda:N``.
        precision: ``auto`` (always fp32, see docs/decisions/0002-precision.md), ``fp32``, ``bf16``.
        engine: on the processor, ``openvino`` or onnxruntime's own kernels (``onnxruntime``);
            ``auto`` takes the faster one that this machine has.
        threads: processor threads; None: the cores that this process may use.
        memory_bytes: what the model may use; None: most of what is free now.

    Raises:
        ValueError: at construction, if a value cannot be meant.
    """

    device: str = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    engine: Literal["auto", "onnxruntime", "openvino"] = "auto"
    threads: int | None = None
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"auto|cpu|cuda:\d{1,3}", self.device):
            raise ValueError(f"device must be auto, cpu or cuda:N, not {self.device!r}")
        if self.precision not in ("auto", *get_args(Precision)):
            raise ValueError(f"precision must be auto, fp32 or bf16, not {self.precision!r}")
        if self.engine not in ("auto", "onnxruntime", "openvino"):
            raise ValueError(f"engine must be auto, onnxruntime or openvino, not {self.engine!r}")
        if self.device.startswith("cuda") and self.engine != "auto":
            raise ValueError(f"engine {self.engine} runs on the processor, not on {self.device}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be positive, not {self.threads}")
        if self.memory_bytes is not None and self.memory_bytes < 1:
            raise ValueError(f"memory_bytes must be positive, not {self.memory_bytes}")


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which part of the graph a provider executes.

    Attributes:
        provider: name of the execution provider.
        nodes: how many nodes of the graph it was given.
        operators: the kinds of those nodes, sorted.
    """

    provider: str
    nodes: int
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """What really runs the model; goes into the run record.

    Attributes:
        engine: ``onnxruntime``, ``openvino``, ``cuda`` or a trainer's own, such as ``torch``.
        provider: name of the execution provider.
        version: the engine's version.
        device: such as ``cpu`` or ``cuda:0``.
        precision: what the arithmetic is done in.
        threads: processor threads it was given.
        assignment: which provider executes which nodes, as the engine reports it.
        passed_over: faster engines that ``auto`` could not use, with the reason.
    """

    engine: str
    provider: str
    version: str
    device: str
    precision: Precision
    threads: int
    assignment: tuple[Assignment, ...] = ()
    passed_over: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the description as a JSON object."""
        return asdict(self)


class Backend(Protocol):
    """Runs a model on windows of one size."""

    @property
    def info(self) -> BackendInfo:
        """What runs the model."""

    def run(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """Predict one window.

        Args:
            window: HU, float32, ``(1, 1, K, J, I)``, of the size the backend was opened for.

        Returns:
            SUVbw in g/mL, float32, ``(1, outputs, K, J, I)``: the PET, then its bounds if any.
        """


def check_window(window: NDArray[np.float32], shape: Shape3) -> None:
    """Refuse a window that a backend was not opened for.

    Raises:
        ValueError: it has another size or type.
    """
    expected = (1, 1, *shape)
    if window.shape != expected or window.dtype != np.float32:
        raise ValueError(f"window must be float32 {expected}, not {window.dtype} {window.shape}")


def joined(values: Sequence[NDArray[np.float32]], shape: Shape3) -> NDArray[np.float32]:
    """Return a model's outputs as one new array, float32, ``(1, outputs, K, J, I)``.

    Raises:
        ModelInvalid: one has another size or type than the window.
    """
    expected = (1, 1, *shape)
    for value in values:
        if value.shape != expected or value.dtype != np.float32:
            raise ModelInvalid(
                f"The model returned {value.dtype} {value.shape} for a window of {expected}. "
                "Export it again: its output must have its input's size."
            )
    return np.concatenate(values, axis=1)
