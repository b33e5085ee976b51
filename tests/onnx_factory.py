"""Little ONNX models made in memory, for tests: HU in, SUV out, contract inside."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ctpet.contract import ModelContract, TrainingData
from ctpet.infer.embed import embed_contract
from ctpet.infer.model import INPUT_NAME, Model, load_model

FREE = ("N", 1, "K", "J", "I")
OUTPUT_NAME = "pet_suvbw"


def a_contract(**changes: Any) -> ModelContract:
    """A contract for tests, with some values changed."""
    values: dict[str, Any] = {
        "name": "test-model",
        "model_version": "1.0.0",
        "kind": "regression",
        "tracer": "FDG",
        "radionuclide": "F-18",
        "spacing_mm": (4.0, 4.0, 4.0),
        "size_multiple": (1, 1, 1),
        "halo_voxels": (0, 0, 0),
        "hu_range": (-1024.0, 2000.0),
        "suv_range": (-1e6, 1e6),
        "slice_spacing_seen_mm": (1.0, 4.0),
        "extent_seen_mm": (20.0, 2000.0),
        "working_bytes_per_voxel": 64,
        "intended_use": "Tests.",
        "limitations": "Predicts nothing.",
        "trained_on": (TrainingData("Random numbers.", "", "CC0-1.0", "00", ()),),
    }
    return ModelContract(**{**values, **changes})


def graph_bytes(
    nodes: Sequence[onnx.NodeProto],
    weights: dict[str, np.ndarray] | None = None,
    *,
    shape: Sequence[str | int | None] = FREE,
    names: tuple[str, ...] = (INPUT_NAME, OUTPUT_NAME),
    element: int = TensorProto.FLOAT,
) -> bytes:
    """An ONNX file of some nodes, without a contract."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info(names[0], element, shape)],
        [helper.make_tensor_value_info(name, element, shape) for name in names[1:]],
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    opset = helper.make_opsetid("", 18)
    return helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()


def identity_bytes() -> bytes:
    """Returns its input; as a product with one, because some engines refuse an empty graph."""
    one = {"one": np.ones((), np.float32)}
    return graph_bytes([helper.make_node("Mul", [INPUT_NAME, "one"], [OUTPUT_NAME])], one)


def bounded_bytes(below: float = 1.0, above: float = 2.0) -> bytes:
    """Returns its input, and bounds that lie so far below and above it."""
    outputs = ("suv", "suv_low", "suv_high")
    steps = dict(zip(outputs, (0.0, -below, above), strict=True))
    nodes = [helper.make_node("Add", [INPUT_NAME, f"{name}.by"], [name]) for name in outputs]
    weights = {f"{name}.by": np.float32(by).reshape(()) for name, by in steps.items()}
    return graph_bytes(nodes, weights, names=(INPUT_NAME, *outputs))


def interval_bytes() -> bytes:
    """SUV 0 to 3 that grows with HU, and bounds of half and of twice as much."""
    constants = {"scale": 1e-3, "shift": 1.0, "least": 0.0, "most": 3.0, "half": 0.5, "twice": 2.0}
    weights = {name: np.float32(value).reshape(()) for name, value in constants.items()}
    nodes = [
        helper.make_node("Mul", [INPUT_NAME, "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["shifted"]),
        helper.make_node("Clip", ["shifted", "least", "most"], ["suv"]),
        helper.make_node("Mul", ["suv", "half"], ["suv_low"]),
        helper.make_node("Mul", ["suv", "twice"], ["suv_high"]),
    ]
    return graph_bytes(nodes, weights, names=(INPUT_NAME, "suv", "suv_low", "suv_high"))


def familiar_bytes(times: float = 0.01) -> bytes:
    """Returns its input, and as unlike its training HU without their sign, times a factor."""
    weights = {"one": np.ones((), np.float32), "times": np.float32(times).reshape(())}
    nodes = [
        helper.make_node("Mul", [INPUT_NAME, "one"], ["suv"]),
        helper.make_node("Abs", [INPUT_NAME], ["size"]),
        helper.make_node("Mul", ["size", "times"], ["unlike_training"]),
    ]
    return graph_bytes(nodes, weights, names=(INPUT_NAME, "suv", "unlike_training"))


def convolution_bytes(*, channels: int = 4, seed: int = 0, output: str = OUTPUT_NAME) -> bytes:
    """Two 3×3×3 convolutions with a ReLU between: reaches 2 voxels."""
    random = np.random.default_rng(seed)
    weights = {
        "scale": np.float32(1e-3).reshape(()),
        "first": _weight(random, (channels, 1, 3, 3, 3)),
        "second": _weight(random, (1, channels, 3, 3, 3)),
    }
    nodes = [
        helper.make_node("Mul", [INPUT_NAME, "scale"], ["x"]),
        helper.make_node("Conv", ["x", "first"], ["a"], pads=[1] * 6),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], [output], pads=[1] * 6),
    ]
    return graph_bytes(nodes, weights, names=(INPUT_NAME, output))


def strided_bytes(*, seed: int = 1) -> bytes:
    """Pooled by 4, a convolution there, upsampled by 4: size multiple 4, reaches 8 voxels."""
    random = np.random.default_rng(seed)
    weights = {
        "scale": np.float32(1e-3).reshape(()),
        "deep": _weight(random, (4, 1, 3, 3, 3)),
        "up": _weight(random, (4, 1, 4, 4, 4)),
    }
    nodes = [
        helper.make_node("Mul", [INPUT_NAME, "scale"], ["x"]),
        helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=[4] * 3, strides=[4] * 3),
        helper.make_node("Conv", ["p", "deep"], ["d"], pads=[1] * 6),
        helper.make_node("ConvTranspose", ["d", "up"], [OUTPUT_NAME], strides=[4] * 3),
    ]
    return graph_bytes(nodes, weights)


def unet_bytes(channels: Sequence[int] = (32, 64, 128, 256), *, seed: int = 2) -> bytes:
    """A residual-free U-Net of two 3×3×3 convolutions a level, strided down, transposed up.

    Batch normalisation is folded into the weights, as at export; clipping and scaling are inside.
    """
    random = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {
        "low": np.float32(-1000).reshape(()),
        "high": np.float32(1000).reshape(()),
        "scale": np.float32(1e-3).reshape(()),
    }
    nodes = [
        helper.make_node("Clip", [INPUT_NAME, "low", "high"], ["clipped"]),
        helper.make_node("Mul", ["clipped", "scale"], ["scaled"]),
    ]

    def convolve(source: str, name: str, into: int, outof: int, stride: int = 1) -> str:
        weights[f"{name}.w"] = _weight(random, (outof, into, 3, 3, 3))
        weights[f"{name}.b"] = np.zeros(outof, np.float32)
        inputs = [source, f"{name}.w", f"{name}.b"]
        nodes.append(
            helper.make_node("Conv", inputs, [f"{name}.c"], pads=[1] * 6, strides=[stride] * 3)
        )
        nodes.append(helper.make_node("LeakyRelu", [f"{name}.c"], [name], alpha=0.01))
        return name

    at, width, skips = "scaled", 1, []
    for level, wide in enumerate(channels):
        at = convolve(at, f"down{level}a", width, wide, stride=1 if level == 0 else 2)
        at, width = convolve(at, f"down{level}b", wide, wide), wide
        skips.append(at)
    for level in reversed(range(len(channels) - 1)):
        wide = channels[level]
        weights[f"up{level}.w"] = _weight(random, (width, wide, 2, 2, 2))
        nodes.append(
            helper.make_node("ConvTranspose", [at, f"up{level}.w"], [f"up{level}"], strides=[2] * 3)
        )
        nodes.append(
            helper.make_node("Concat", [f"up{level}", skips[level]], [f"both{level}"], axis=1)
        )
        at = convolve(f"both{level}", f"up{level}a", 2 * wide, wide)
        at, width = convolve(at, f"up{level}b", wide, wide), wide
    weights["last"] = _weight(random, (1, width, 1, 1, 1))
    nodes.append(helper.make_node("Conv", [at, "last"], ["logit"]))
    nodes.append(helper.make_node("Softplus", ["logit"], [OUTPUT_NAME]))
    return graph_bytes(nodes, weights)


def a_model(folder: Path, graph: bytes, **changes: Any) -> Model:
    """Write a graph with a contract to a folder and load it."""
    path = folder / "model.onnx"
    path.write_bytes(embed_contract(graph, a_contract(**changes)))
    return load_model(path)


def _weight(random: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Normal weights that keep the variance through a ReLU (He et al. 2015)."""
    fan_in = int(np.prod(shape[1:]))
    return random.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
