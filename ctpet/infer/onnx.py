"""The onnxruntime backend: one model, one window size, one provider, nothing replaced silently."""

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import BackendUnavailable, CtpetError, ModelInvalid
from ctpet.infer.backend import Assignment, BackendInfo, Execution
from ctpet.infer.model import INPUT_NAME, OUTPUT_NAME, Model
from ctpet.infer.providers import (
    CPU,
    CUDA,
    PROVIDER,
    Choice,
    choose,
    cuda_index,
    offered,
    openvino_device,
)
from ctpet.infer.runtime import onnxruntime
from ctpet.infer.session import ORT_ERRORS, open_session, quiet_options, reason
from ctpet.volume.geometry import Shape3

RUN_ERRORS: tuple[type[Exception], ...] = (*ORT_ERRORS, MemoryError)
OPENVINO_PRECISION = {"fp32": "f32", "bf16": "bf16"}


@dataclass(frozen=True, eq=False)
class OnnxBackend:
    """A compiled model; see :class:`ctpet.infer.backend.Backend`."""

    info: BackendInfo
    shape: Shape3
    session: Any

    def run(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """Predict one window.

        Args:
            window: HU, float32, ``(1, 1, K, J, I)`` with the size the model was compiled for.

        Returns:
            SUVbw in g/mL, float32, of the same shape.

        Raises:
            ValueError: if the window has another size or type.
            CtpetError: if the engine fails, for instance for lack of memory.
            ModelInvalid: if the model returns another size or type.
        """
        expected = (1, 1, *self.shape)
        if window.shape != expected or window.dtype != np.float32:
            raise ValueError(
                f"window must be float32 {expected}, not {window.dtype} {window.shape}"
            )
        try:
            (pet,) = self.session.run([OUTPUT_NAME], {INPUT_NAME: window})
        except RUN_ERRORS as error:
            raise CtpetError(
                f"{self.info.provider} failed on a window of {self.shape} voxels: "
                f"{reason(error)}. If memory is short, allow the model less of it."
            ) from error
        if pet.shape != expected or pet.dtype != np.float32:
            raise ModelInvalid(
                f"The model returned {pet.dtype} {pet.shape} for a window of {expected}. "
                "Export it again: its output must have its input's size."
            )
        return np.asarray(pet)


def open_backend(model: Model, shape: Shape3, execution: Execution | None = None) -> OnnxBackend:
    """Compile a model for windows of one size.

    Where the request leaves the choice to ``auto``, the fastest engine that takes the whole graph
    is used and those passed over are named in ``info.passed_over``. What the request names is
    used or refused.

    Args:
        model: the model.
        shape: K, J, I of every window.
        execution: how to run it; None: everything ``auto``.

    Raises:
        BackendUnavailable: if what was asked for is not here or cannot take the whole graph.
    """
    choices, passed_over = choose(execution or Execution(), offered())
    failures: list[str] = []
    for choice in choices:
        try:
            backend = _open(model, shape, choice)
        except BackendUnavailable as error:
            failures.append(str(error))
        else:
            info = replace(backend.info, passed_over=(*passed_over, *failures))
            return replace(backend, info=info)
    raise BackendUnavailable(
        f"Nothing here runs this model: {'; '.join(failures)}. Ask for device cpu and engine auto, "
        "or use another model."
    )


def _open(model: Model, shape: Shape3, choice: Choice) -> OnnxBackend:
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
        session = open_session(model.data, options, _add_provider(options, choice))
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
        version=_version(choice),
        device=choice.device,
        precision=choice.precision,
        threads=choice.threads,
        assignment=assignment,
    )
    return OnnxBackend(info, shape, session)


def _version(choice: Choice) -> str:
    """Version of what computes; the plugin has its own beside onnxruntime's."""
    if choice.engine != "openvino":
        return str(onnxruntime.__version__)
    device, _ = openvino_device()
    return f"{onnxruntime.__version__} with plugin {device.ep_metadata.get('version', 'unknown')}"


def _add_provider(options: Any, choice: Choice) -> list[Any] | None:
    """Set threads and provider; return the built-in providers to name, None for a plugin."""
    if choice.engine == "onnxruntime":
        options.intra_op_num_threads = choice.threads
        return [CPU]
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    if choice.engine == "cuda":
        with contextlib.redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()
        return [(CUDA, cuda_options(choice))]
    options.intra_op_num_threads = 1
    device, _ = openvino_device()
    options.add_provider_for_devices([device], openvino_options(choice))
    return None


def openvino_options(choice: Choice) -> dict[str, str]:
    """Return the plugin's options: precision always said, threads, nothing cached on disk."""
    properties = {
        "INFERENCE_PRECISION_HINT": OPENVINO_PRECISION[choice.precision],
        "INFERENCE_NUM_THREADS": str(choice.threads),
    }
    return {"load_config": json.dumps({"CPU": properties})}


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
