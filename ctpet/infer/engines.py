"""Open a model on the engine that a request means."""

from dataclasses import replace

from ctpet.errors import BackendUnavailable
from ctpet.infer.backend import Execution
from ctpet.infer.model import Model
from ctpet.infer.onnx import OnnxBackend, open_onnxruntime
from ctpet.infer.openvino import OpenVinoBackend, open_openvino
from ctpet.infer.providers import Choice, choose, offered
from ctpet.volume.geometry import Shape3


def open_backend(
    model: Model, shape: Shape3, execution: Execution | None = None
) -> OnnxBackend | OpenVinoBackend:
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
            backend = open_choice(model, shape, choice)
        except BackendUnavailable as error:
            failures.append(str(error))
        else:
            return replace(
                backend, info=replace(backend.info, passed_over=(*passed_over, *failures))
            )
    raise BackendUnavailable(
        f"Nothing here runs this model: {'; '.join(failures)}. Ask for device cpu and engine auto, "
        "or use another model."
    )


def open_choice(model: Model, shape: Shape3, choice: Choice) -> OnnxBackend | OpenVinoBackend:
    """Compile a model in one way.

    Raises:
        BackendUnavailable: if the engine does not start or does not take the whole graph.
    """
    if choice.engine == "openvino":
        return open_openvino(model, shape, choice)
    return open_onnxruntime(model, shape, choice)
