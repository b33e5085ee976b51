"""A network as one ONNX graph: HU in, SUVbw out, every size free."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import onnx
import torch
from torch import Tensor, nn

from ctpet.errors import CtpetError
from ctpet.infer.model import INPUT_NAME
from ctpet.volume.geometry import Shape3

OPSET = 18
"""What torch's exporter is written in; onnxruntime and OpenVINO have all of it."""

FREE_AXES = {0: "N", 2: "K", 3: "J", 4: "I"}
TRACED = (4, 5, 6)
"""Size that is traced, in size multiples; differs along the axes, so that none stands for two."""


class Split(nn.Module):
    """A network whose channels are outputs of their own."""

    def __init__(self, network: nn.Module, outputs: int) -> None:
        """Take a network that returns so many channels."""
        super().__init__()
        self.network, self.outputs = network, outputs
        self.train(network.training)

    def forward(self, ct_hu: Tensor) -> tuple[Tensor, ...]:
        """Return each channel, (N, 1, K, J, I)."""
        channels = self.network(ct_hu)
        return (channels,) if self.outputs == 1 else tuple(channels.split(1, dim=1))


def build_graph(
    network: nn.Module, size_multiple: Shape3, outputs: Sequence[str]
) -> onnx.ModelProto:
    """Return a network as ONNX, with its weights inside and nothing of this machine.

    Args:
        network: in evaluation mode, so that batch normalisation is constant.
        size_multiple: K, J and I must be multiples of these.
        outputs: names of what the network returns, each (N, 1, K, J, I).

    Raises:
        CtpetError: the network cannot be written so, or not with free sizes.
    """
    size = [n * m for n, m in zip(TRACED, size_multiple, strict=True)]
    free = dict.fromkeys(FREE_AXES, torch.export.Dim.DYNAMIC)
    try:
        with _quiet():
            program = torch.onnx.export(
                Split(network, len(outputs)),
                (torch.zeros(2, 1, *size),),
                input_names=[INPUT_NAME],
                output_names=list(outputs),
                dynamic_shapes=(free,),
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise CtpetError(
            f"The network cannot be written as ONNX: {_first_line(error)}. Use layers that "
            "torch.onnx.export knows, and sizes that are not fixed."
        ) from error
    assert program is not None  # noqa: S101  (dynamo=True)
    graph: onnx.ModelProto = program.model_proto
    _free_sizes(graph)
    _forget_machine(graph)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def _free_sizes(graph: onnx.ModelProto) -> None:
    """Name the free sizes N, K, J, I, of input and outputs alike.

    Raises:
        CtpetError: the network has fixed one of them.
    """
    values = (*graph.graph.input, *graph.graph.output)
    sizes = [value.type.tensor_type.shape.dim for value in values]
    free = {axis: all(dim[axis].dim_param for dim in sizes) for axis in FREE_AXES}
    if fixed := [name for axis, name in FREE_AXES.items() if not free[axis]]:
        raise CtpetError(
            f"The network fixes its size along {', '.join(fixed)}, so that it would run on one "
            "size only. Use layers that scale by a factor, not to a size."
        )
    del graph.graph.value_info[:]
    for dim in sizes:
        for axis, name in FREE_AXES.items():
            dim[axis].dim_param = name


def _forget_machine(graph: onnx.ModelProto) -> None:
    """Take out the exporter's notes, in which stack traces name files of this machine."""
    part = graph.graph
    for noted in (graph, part, *part.node, *part.initializer, *part.input, *part.output):
        noted.ClearField("metadata_props")
        noted.ClearField("doc_string")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the user what torch tells its own developers, while it exports."""
    registry = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registry.level
    registry.setLevel(logging.ERROR)  # it warns that torchvision is absent
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r".*LeafSpec", FutureWarning)
            # MONAI's DynUNet keeps its heads in a list, which nothing reads in evaluation.
            warnings.filterwarnings("ignore", r"The tensor attributes? .*heads.* assigned")
            yield
    finally:
        registry.setLevel(level)


def _first_line(error: BaseException) -> str:
    lines = str(error.__cause__ or error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
