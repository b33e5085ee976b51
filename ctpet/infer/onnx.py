"""The onnxruntime backend: one model, one window size, one provider, nothing replaced silently."""

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import BackendUnavailable, CtpetError
from ctpet.infer.backend import Assignment, BackendInfo, check_window, joined
from ctpet.infer.model import INPUT_NAME, Model
from ctpet.infer.providers import CPU, CUDA, PROVIDER, Choice, cuda_index
from ctpet.infer.runtime import onnxruntime
from ctpet.infer.session import ORT_ERRORS, open_session, quiet_options, reason
from ctpet.volume.geometry import Shape3

RUN_ERRORS: tuple[type[Exception], ...] = (*ORT_ERRORS, MemoryError)


@dataclass(frozen=True, eq=False)
class OnnxBackend:
    """A compiled model; see :class:`ctpet.infer.backend.Backend`."""

    info: BackendInfo
    shape: Shape3
    outputs: tuple[str, ...]
    session: Any

    def run(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """Predict one window.

        Args:
            window: HU, float32, ``(1, 1, K, J, I)`` with the size the model was compiled for.

        Returns:
            SUVbw in g/mL, float32, ``(1, outputs, K, J, I)``, in the order of the contract.

        Raises:
            ValueError: if the window has another size or type.
            CtpetError: if the engine fails, for instance for lack of memory.
            ModelInvalid: if the model returns another size or type.
        """
        check_window(window, self.shape)
        try:
            values = self.session.run(list(self.outputs), {INPUT_NAME: window})
        except RUN_ERRORS as error:
            raise CtpetError(
                f"{self.info.provider} failed on a window of {self.shape} voxels: "
                f"{reason(error)}. If memory is short, allow the model less of it."
            ) from error
        return joined(values, self.shape)


def open_onnxruntime(model: Model, shape: Shape3, choice: Choice) -> OnnxBackend:
    """Compile a model in one way.

    Raises:
        BackendUnavailable: if the provider does not start or does not take the whole graph.
    """
    options = quiet_options()
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    for name, size in zip(model.free_dimensions, (1, *shape), strict=True):
        if name is not None:
            options.add_free_dimension_override_by_name(name, size)
    try:
        session = open_session(model.data, options, _providers(options, choice))
    except ORT_ERRORS as error:
        raise BackendUnavailable(
            f"{PROVIDER[choice.engine]}: it cannot run this model on {choice.device} in "
            f"{choice.precision} ({reason(error)})"
        ) from error
    assignment = _assignment(session)
    _check_assignment(assignment, choice)
    info = BackendInfo(
        engine=choice.engine,
        provider=PROVIDER[choice.engine],
        version=str(onnxruntime.__version__),
        device=choice.device,
        precision=choice.precision,
        threads=choice.threads,
        assignment=assignment,
    )
    return OnnxBackend(info, shape, model.contract.outputs, session)


def _providers(options: Any, choice: Choice) -> list[Any]:
    """Set threads and return the provider to name."""
    if choice.engine == "onnxruntime":
        options.intra_op_num_threads = choice.threads
        return [CPU]
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    with contextlib.redirect_stdout(io.StringIO()):
        onnxruntime.preload_dlls()
    return [(CUDA, cuda_options(choice))]


def cuda_options(choice: Choice) -> dict[str, str]:
    """Return the CUDA provider's options for true float32.

    ``use_tf32`` is on by default and would round factors to 10 bits; an exhaustive search for
    convolution algorithms would take longer than one study.
    """
    return {
        "device_id": str(cuda_index(choice.device)),
        "use_tf32": "0",
        "cudnn_conv_algo_search": "HEURISTIC",
        "arena_extend_strategy": "kSameAsRequested",
    }


def _assignment(session: Any) -> tuple[Assignment, ...]:
    """Sum up onnxruntime's report of which provider was given which nodes."""
    operators: dict[str, list[str]] = {}
    for part in session.get_provider_graph_assignment_info():
        operators.setdefault(part.ep_name, []).extend(node.op_type for node in part.get_nodes())
    return tuple(
        Assignment(provider, len(kinds), tuple(sorted(set(kinds))))
        for provider, kinds in sorted(operators.items())
    )


def _check_assignment(assignment: tuple[Assignment, ...], choice: Choice) -> None:
    """Refuse a session that runs anything elsewhere than on the chosen provider.

    Raises:
        BackendUnavailable: naming what runs elsewhere.
    """
    wanted = PROVIDER[choice.engine]
    elsewhere: Mapping[str, tuple[str, ...]] = {
        part.provider: part.operators for part in assignment if part.provider != wanted
    }
    if elsewhere or not assignment:
        raise BackendUnavailable(
            f"{wanted}: it does not execute the whole model (elsewhere: {dict(elsewhere) or 'all'})"
        )
