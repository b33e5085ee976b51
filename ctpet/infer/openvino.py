"""The OpenVINO backend: Intel's and AMD's processors, its precision always said and looked up."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import BackendUnavailable, CtpetError
from ctpet.infer.backend import Assignment, BackendInfo, Precision, check_window, joined
from ctpet.infer.model import INPUT_NAME, Model
from ctpet.infer.openvino_runtime import openvino_core, openvino_version
from ctpet.infer.providers import PROVIDER, Choice
from ctpet.infer.session import reason
from ctpet.volume.geometry import Shape3

PRECISION: dict[Precision, str] = {"fp32": "f32", "bf16": "bf16"}
RUN_ERRORS = (RuntimeError, MemoryError)
_NO_WORK = ("Input", "Output", "Const")


@dataclass(frozen=True, eq=False)
class OpenVinoBackend:
    """A compiled model; see :class:`ctpet.infer.backend.Backend`."""

    info: BackendInfo
    shape: Shape3
    outputs: tuple[str, ...]
    request: Any

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
            found = self.request.infer({INPUT_NAME: window}, share_inputs=True, share_outputs=True)
        except RUN_ERRORS as error:
            raise CtpetError(
                f"{self.info.provider} failed on a window of {self.shape} voxels: "
                f"{reason(error)}. If memory is short, allow the model less of it."
            ) from error
        return joined([found[name] for name in self.outputs], self.shape)


def open_openvino(model: Model, shape: Shape3, choice: Choice) -> OpenVinoBackend:
    """Compile a model for windows of one size.

    Raises:
        BackendUnavailable: if OpenVINO does not take the model, or not in the precision chosen.
    """
    core, absence = openvino_core()
    if core is None:
        raise BackendUnavailable(absence)
    try:
        graph = core.read_model(model.data)
        graph.reshape({INPUT_NAME: [1, 1, *shape]})
        compiled = core.compile_model(graph, "CPU", compile_options(choice))
        assignment = _assignment(compiled, choice)
        request = compiled.create_infer_request()
    except RUN_ERRORS as error:
        raise BackendUnavailable(
            f"{PROVIDER['openvino']}: it cannot run this model on {choice.device} in "
            f"{choice.precision} ({reason(error)})"
        ) from error
    info = BackendInfo(
        engine="openvino",
        provider=PROVIDER["openvino"],
        version=openvino_version(),
        device=choice.device,
        precision=choice.precision,
        threads=choice.threads,
        assignment=assignment,
    )
    return OpenVinoBackend(info, shape, model.contract.outputs, request)


def compile_options(choice: Choice) -> dict[str, Any]:
    """Return OpenVINO's properties: precision always said, threads, nothing cached on disk.

    Threads are not pinned: several processes would all be pinned to the same first cores.
    """
    return {
        "INFERENCE_PRECISION_HINT": PRECISION[choice.precision],
        "INFERENCE_NUM_THREADS": choice.threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }


def _assignment(compiled: Any, choice: Choice) -> tuple[Assignment, ...]:
    """Sum up what OpenVINO made of the graph, and see in what precision it computes.

    Raises:
        BackendUnavailable: it computes in a precision lower than the one chosen, or not in it.
    """
    nodes = [
        (str(node.rt_info["layerType"].value), str(node.rt_info["runtimePrecision"].value))
        for node in compiled.get_runtime_model().get_ordered_ops()
    ]
    work = [(kind, precision) for kind, precision in nodes if kind not in _NO_WORK]
    lower = {precision for _, precision in work} & {"bf16", "f16"}
    if choice.precision == "fp32" and lower:
        raise BackendUnavailable(
            f"{PROVIDER['openvino']}: it computes in {' and '.join(sorted(lower))}, not in float32"
        )
    kinds = tuple(sorted({kind for kind, _ in work}))
    return (Assignment(PROVIDER["openvino"], len(work), kinds),)
